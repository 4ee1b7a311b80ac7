"""Numbers as words: shares, intervals, counts. No JAX."""

import math

from goalscope.statistics.intervals import Interval

NOTHING = "–"
_MINUS = "\u2212"


def number(value: float) -> str:
    """Return `value` with two or three significant digits, a dash where there is none.

    >>> number(0.876), number(0.0183), number(-2.0), number(1234.5), number(float("nan"))
    ('0.88', '0.018', '−2.00', '1,234', '–')
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else _MINUS + "∞"
    sign = _MINUS if value < 0 else ""
    return sign + _magnitude(abs(value))


def percent(share: float) -> str:
    """Return a share in per cent, without decimals.

    >>> percent(0.876), percent(float("nan"))
    ('88%', '–')
    """
    return NOTHING if math.isnan(share) else f"{_whole(share)}%"


def percent_interval(interval: Interval) -> str:
    """Return the bounds of an interval of a share.

    >>> percent_interval(Interval(0.8, 0.49, 0.943))
    '49 to 94%'
    """
    if math.isnan(interval.lower):
        return NOTHING
    return f"{_whole(interval.lower)} to {_whole(interval.upper)}%"


def bounds(interval: Interval) -> str:
    """Return the bounds of an interval in brackets, a dash where there are none.

    >>> bounds(Interval(0.8, 0.49, 0.943))
    '[0.49, 0.94]'
    """
    if math.isnan(interval.lower) or math.isnan(interval.upper):
        return NOTHING
    return f"[{number(interval.lower)}, {number(interval.upper)}]"


def p_value(value: float) -> str:
    """Return a p-value as it is usually written.

    >>> p_value(0.0002), p_value(0.0312), p_value(float("nan"))
    ('< 0.001', '0.031', '–')
    """
    if math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def counted(count: int, noun: str) -> str:
    """Return a count and its noun.

    >>> counted(1, "agent"), counted(1200, "agent")
    ('1 agent', '1,200 agents')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it.

    >>> duration(8.2), duration(150.0), duration(9000.0)
    ('8 s', '2.5 min', '2.5 h')
    """
    if not math.isfinite(seconds):
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def listed(items: list[str]) -> str:
    """Return items as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(items[:-1]), items[-1]] if items[1:] else items)


def some(items: list[str], most: int = 8) -> list[str]:
    """Return the first items, and how many more there are.

    >>> some(["a", "b", "c"], 3), some(["a", "b", "c"], 1)
    (['a', 'b', 'c'], ['a', '2 more'])
    """
    more = len(items) - most
    return [*items[:most], f"{more:,} more"] if more > 0 else items


def _magnitude(size: float) -> str:
    if size < 1e-4:
        return "0.0000" if size else "0"
    if size >= 1e9:
        return f"{size:.1e}"
    exponent = math.floor(math.log10(size))
    decimals = 2 - exponent if exponent >= 0 else max(2, 1 - exponent)
    return f"{size:,.{max(decimals, 0)}f}"


def _whole(share: float) -> str:
    return f"{math.floor(100 * share + 0.5):d}"
