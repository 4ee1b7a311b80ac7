"""Estimates laid beside a claim's bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from goalscope.statistics.distribution import Bootstrap
from goalscope.statistics.intervals import UNKNOWN, Interval, two_sided


@dataclass(frozen=True)
class Finding:
    """An estimate laid beside the bars of a claim.

    Fields:
        quantity: what was estimated, in words.
        unit: of the interval.
        interval: estimate and bounds.
        n: agents behind the estimate; of the smallest arm where there are several.
        supports, refutes: whether the whole interval lies where the claim, or its
            opposite, is true.
        p_value: two-sided, of the hypothesis that the truth lies on a bar.
        width: of the interval, in the unit of the claim's `resolution`.
        parts: which parts of a claim made of claims hold; empty for other claims.
    """

    quantity: str
    unit: str
    interval: Interval
    n: int
    supports: bool
    refutes: bool
    p_value: float
    width: float
    parts: str = ""


def beside(
    quantity: str,
    unit: str,
    found: Bootstrap,
    bar: float,
    *,
    above: bool,
    confidence: float,
) -> Finding:
    """Return the finding for a claim that a statistic lies above, or below, one bar."""
    interval = found.interval(confidence)
    over, under = interval.lower > bar, interval.upper < bar
    return Finding(
        quantity,
        unit,
        interval,
        found.n,
        supports=over if above else under,
        refutes=under if above else over,
        p_value=found.p_value(bar),
        width=interval.width,
    )


def smallest(
    unit: str, conditions: Sequence[tuple[str, Bootstrap, float]], confidence: float
) -> Finding:
    """Return the finding for a claim that every one of some statistics exceeds its bar.

    The estimate is the smallest margin, `min_j (statistic_j - bar_j)`. Its lower bound,
    the smallest of the lower bounds, needs no correction, as the claim is an intersection
    (Berger, 1982); its upper bound takes the upper bounds at `1 - (1 - confidence) / J`.
    The p-value is made likewise: the largest for the claim, `J` times the smallest
    against it.
    """
    num = len(conditions)
    strict = 1 - (1 - confidence) / num
    bars = np.array([bar for _, _, bar in conditions])
    usual = [found.interval(confidence) for _, found, _ in conditions]
    wide = [found.interval(strict) for _, found, _ in conditions]
    margins = np.array([interval.estimate for interval in usual]) - bars
    interval = Interval(
        float(margins.min()),
        float((np.array([interval.lower for interval in usual]) - bars).min()),
        float((np.array([interval.upper for interval in wide]) - bars).min()),
    )
    for_it = np.array([found.p_greater(bar) for _, found, bar in conditions])
    against_it = np.array([found.p_less(bar) for _, found, bar in conditions])
    worst = conditions[int(np.argmin(margins))][0]
    return Finding(
        f"smallest margin ({worst})",
        unit,
        interval,
        min(found.n for _, found, _ in conditions),
        supports=interval.lower > 0,
        refutes=interval.upper < 0,
        p_value=two_sided(float(for_it.max()), min(1.0, num * float(against_it.min()))),
        width=interval.width,
    )


def inside(
    quantity: str, found: Bootstrap, between: tuple[float, float], confidence: float
) -> Finding:
    """Return the finding for a claim that a dose lies between two doses.

    `width` is in decades: `log10(upper / lower)`.
    """
    low, high = between
    interval = found.interval(confidence)
    for_it = max(found.p_greater(low), found.p_less(high))
    against_it = min(found.p_less(low), found.p_greater(high))
    return Finding(
        quantity,
        "dose",
        interval,
        found.n,
        supports=interval.lower >= low and interval.upper <= high,
        refutes=interval.upper < low or interval.lower > high,
        p_value=two_sided(for_it, against_it),
        width=_decades(interval),
    )


def nothing(quantity: str) -> Finding:
    """Return the finding where there is nothing to estimate."""
    return Finding(quantity, "", UNKNOWN, 0, False, False, math.nan, math.nan)


def _decades(interval: Interval) -> float:
    if interval.width == 0:
        return 0.0
    positive = interval.lower > 0 and math.isfinite(interval.upper)
    return math.log10(interval.upper / interval.lower) if positive else math.inf
