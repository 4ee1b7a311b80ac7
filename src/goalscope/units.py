"""What the units of readings say: which reading has which, and between what it lies."""

import math
from collections.abc import Sequence

UNBOUNDED = (-math.inf, math.inf)
_BOUNDED = ("share", "probability", "posterior probability", "chance")
_OPEN = ("share of the way", "share of the return without", "share of log A")
"""Shares of something that an agent can fall short of, or exceed."""


def units_of(text: str, readings: Sequence[str]) -> list[str]:
    """Return the unit of each reading, from how an instrument writes them together.

    They are written one for each; or as one for most, then "name: unit" for readings of
    that name, or that begin or end with it. What cannot be told apart has the whole text.

    >>> units_of("nats; share", ["skill", "end"])
    ['nats', 'share']
    >>> units_of("probability; gain: nats", ["cheese", "corner", "gain"])
    ['probability', 'probability', 'nats']
    """
    first, *others = parts = text.split("; ")
    named = {name: unit for name, _, unit in (each.partition(": ") for each in others)}
    if others and all(named.values()) and ": " not in first:
        found = [_name_in(reading, named) for reading in readings]
        if set(named) <= set(found):
            return [first if name is None else named[name] for name in found]
    return parts if len(parts) == len(readings) else [text] * len(readings)


def _name_in(reading: str, names: Sequence[str] | dict[str, str]) -> str | None:
    """Return the name that a reading has, or begins or ends with."""
    words = reading.split(" ")
    return next((n for n in names if n == reading or n in (words[0], words[-1])), None)


def range_of(unit: str) -> tuple[float, float]:
    """Return between what readings in a unit lie: 0 and 1 for shares and probabilities.

    >>> range_of("share of episodes"), range_of("nats")
    ((0.0, 1.0), (-inf, inf))
    """
    shares = unit in _BOUNDED or unit.startswith("share of ") or unit.endswith(", 0 to 1")
    several = ";" in unit or unit.startswith(_OPEN)
    return (0.0, 1.0) if shares and not several else UNBOUNDED
