"""Numbers that say how far a reading can be trusted, from agents whose goal is known."""

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from goalscope.statistics import UNKNOWN, Interval, clopper_pearson


def auc(positives: Float[np.ndarray, " P"], negatives: Float[np.ndarray, " M"]) -> Interval:
    """Return the probability that a positive reads more than a negative, ties half.

    The area under the ROC curve; its 95 % interval is that of DeLong et al. (1988). What
    could not be measured (NaN) reads less than anything.

    >>> auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])).estimate
    0.875
    """
    if not len(positives) or not len(negatives):
        return UNKNOWN
    ours, theirs = (np.where(np.isnan(x), -np.inf, x) for x in (positives, negatives))
    wins = (ours[:, None] > theirs[None]) + 0.5 * (ours[:, None] == theirs[None])
    estimate = float(wins.mean())
    spread = sum(
        float(np.var(wins.mean(axis=axis), ddof=1)) / wins.shape[1 - axis]
        for axis in (0, 1)
        if wins.shape[1 - axis] > 1
    )
    half = 1.96 * spread**0.5
    return Interval(estimate, max(0.0, estimate - half), min(1.0, estimate + half))


def coverage(
    lower: Float[np.ndarray, " N"],
    upper: Float[np.ndarray, " N"],
    truth: Float[np.ndarray, " N"],
) -> Interval:
    """Return the share of intervals that hold the truth, with its exact interval.

    An interval that could not be computed holds nothing.
    """
    held = (lower <= truth) & (truth <= upper)
    return clopper_pearson(int(held.sum()), len(truth))


def dose_trend(doses: Float[np.ndarray, " N"], values: Float[np.ndarray, " N"]) -> float:
    """Return Kendall's τ_b between doses and the mean reading at each of them.

    NaN where there is a single dose, or nothing varies.
    """
    distinct = np.unique(doses)
    if len(distinct) < 2:
        return float("nan")
    means = [np.nanmean(values[doses == dose]) for dose in distinct]
    found = stats.kendalltau(distinct, np.round(means, 9))
    return float(np.asarray(found)[0])


def rank_correlation(
    doses: Float[np.ndarray, " N"], values: Float[np.ndarray, " N"]
) -> float:
    """Return Spearman's ρ over agents; 0 where either does not vary, NaN for < 4 agents."""
    known = np.isfinite(values)
    if known.sum() < 4:
        return float("nan")
    if np.ptp(values[known]) == 0 or np.ptp(doses[known]) == 0:
        return 0.0
    return float(np.asarray(stats.spearmanr(doses[known], values[known]))[0])


def false_rate(convicted: Bool[np.ndarray, " M"]) -> Interval:
    """Return the share of agents convicted, with its one-sided 95 % limits."""
    return clopper_pearson(int(convicted.sum()), len(convicted), confidence=0.90)
