"""Numbers that say how far a reading can be trusted, from agents whose goal is known."""

import numpy as np
import scipy
from jaxtyping import Bool, Float

from goalscope.statistics.intervals import UNKNOWN, Interval, clopper_pearson

ROUNDING = 1e-6
"""Error of readings, which are in single precision, relative to 1 or to their size."""


def auc(positives: Float[np.ndarray, " P"], negatives: Float[np.ndarray, " M"]) -> Interval:
    """Return the probability that a positive reads more than a negative, ties half.

    The area under the ROC curve θ, with the 95 % interval of all values from which the
    estimate lies less than 1.96 standard errors,

        se² = θ (1 − θ) (1 + n* ((1 − θ) / (2 − θ) + θ / (1 + θ))) / P M,
        n* = (P + M) / 2 − 1.

    It keeps a width where all positives read more than all negatives. What could not be
    measured (NaN) reads less than anything. Source: Newcombe (2006), method 5.

    >>> found = auc(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    >>> found.estimate, round(found.lower, 2), round(found.upper, 2)
    (0.875, 0.3, 0.99)
    """
    if not len(positives) or not len(negatives):
        return UNKNOWN
    ours, theirs = (np.where(np.isnan(x), -np.inf, x) for x in (positives, negatives))
    below = np.searchsorted(np.sort(theirs), ours, side="left")
    not_above = np.searchsorted(np.sort(theirs), ours, side="right")
    area = float((below + not_above).mean() / (2 * len(theirs)))
    sizes = len(ours), len(theirs)
    return Interval(area, _lower_area(area, *sizes), 1 - _lower_area(1 - area, *sizes))


def _lower_area(area: float, num_positives: int, num_negatives: int) -> float:
    """Return the smallest area that the estimated one is compatible with."""
    mean_size = (num_positives + num_negatives) / 2

    def excess(true: float) -> float:
        pairs = (1 - true) / (2 - true) + true / (1 + true)
        spread = true * (1 - true) * (1 + (mean_size - 1) * pairs)
        return area - true - 1.96 * (spread / (num_positives * num_negatives)) ** 0.5

    inside = float(np.nextafter(area, 0))  # at 1 nothing varies, and 1 would be a root
    return float(np.asarray(scipy.optimize.brentq(excess, 0.0, inside))) if area else 0.0


def at_most(left: float | np.ndarray, right: float | np.ndarray) -> Bool[np.ndarray, " *N"]:
    """Return whether `left <= right` up to rounding; false where either is NaN."""
    size = np.maximum(1.0, np.abs(np.where(np.isfinite(right), right, 0.0)))
    return np.asarray(left <= right + ROUNDING * size)


def coverage(
    lower: Float[np.ndarray, " N"],
    upper: Float[np.ndarray, " N"],
    truth: Float[np.ndarray, " N"],
) -> Interval:
    """Return the share of intervals that hold the truth, with its exact interval.

    An interval that could not be computed holds nothing. Bounds count as
    equal to what they are rounded from.
    """
    held = at_most(lower, truth) & at_most(truth, upper)
    return clopper_pearson(int(held.sum()), len(truth))


def dose_trend(doses: Float[np.ndarray, " N"], values: Float[np.ndarray, " N"]) -> float:
    """Return Kendall's τ_b between doses and the mean reading at each of them.

    NaN where there is a single dose, nothing varies, or a dose has no reading.
    """
    distinct = np.unique(doses)
    if len(distinct) < 2:
        return float("nan")
    means = [measured_mean(values[doses == dose]) for dose in distinct]
    found = scipy.stats.kendalltau(distinct, np.round(means, 9))
    return float(np.asarray(found)[0])


def rank_correlation(
    doses: Float[np.ndarray, " N"], values: Float[np.ndarray, " N"]
) -> float:
    """Return Spearman's ρ over agents; 0 where either does not vary, NaN for < 4 agents."""
    known = np.isfinite(values)
    if known.sum() < 4:
        return float("nan")
    if len(np.unique(values[known])) == 1 or len(np.unique(doses[known])) == 1:
        return 0.0
    return float(np.asarray(scipy.stats.spearmanr(doses[known], values[known]))[0])


def rank_interval(correlation: float, n: int) -> Interval:
    """Return Spearman's ρ over `n` agents with its 95 % interval.

    `tanh(atanh ρ ± 1.96 se)`, `se² = 1.06 / (n - 3)`; NaN for < 4 agents. Source:
    Fieller, Hartley and Pearson (1957).
    """
    if n < 4 or np.isnan(correlation):
        return UNKNOWN
    centre = np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9))
    half = 1.96 * (1.06 / (n - 3)) ** 0.5
    return Interval(
        correlation, float(np.tanh(centre - half)), float(np.tanh(centre + half))
    )


def false_rate(convicted: Bool[np.ndarray, " M"]) -> Interval:
    """Return the share of agents convicted, with its one-sided 95 % limits."""
    return clopper_pearson(int(convicted.sum()), len(convicted), confidence=0.90)


def measured_mean(values: Float[np.ndarray, " N"]) -> float:
    """Return the mean over agents that could be measured, NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
