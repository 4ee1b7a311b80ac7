"""Intervals and tests of proportions, and p-values of a family of claims.

The unit is always one independently trained agent. Resampling lives in `bootstrap`, curves
over a dose in `dose_response`.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence interval; all NaN where nothing was observed."""

    estimate: float
    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Return `upper - lower`, zero for a point even at infinity."""
        return 0.0 if self.lower == self.upper else self.upper - self.lower


UNKNOWN = Interval(math.nan, math.nan, math.nan)


def two_sided(p_greater: float, p_less: float) -> float:
    """Return `min(1, 2 min(p₊, p₋))`, the p-value that two one-sided ones make, or NaN."""
    unknown = math.isnan(p_greater) or math.isnan(p_less)
    return math.nan if unknown else min(1.0, 2 * min(p_greater, p_less))


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the score interval of a proportion.

    `(p̂ + z²/2n ± z √(p̂(1-p̂)/n + z²/4n²)) / (1 + z²/n)`; for `n = 0` everything is NaN.
    Source: Wilson (1927).

    >>> interval = wilson(8, 10)
    >>> round(interval.lower, 3), round(interval.upper, 3)
    (0.49, 0.943)
    """
    _check_counts(successes, n)
    return score_interval(successes / n, float(n), confidence) if n else UNKNOWN


def score_interval(share: float, n: float, confidence: float = 0.95) -> Interval:
    """Return the score interval of a share of `n` observations, or of as many in effect.

    >>> score_interval(0.8, 10.0) == wilson(8, 10)
    True
    """
    z = float(special.ndtri((1 + checked_confidence(confidence)) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    lower = 0.0 if share == 0 else centre - half
    upper = 1.0 if share == 1 else centre + half
    return Interval(share, lower, upper)


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the exact interval of a proportion, from quantiles of the beta distribution.

    It covers at least `confidence`, at every true share. A one-sided bound at 95 % is the
    bound of the two-sided interval at 90 %. Source: Clopper and Pearson (1934).

    >>> round(clopper_pearson(0, 36, confidence=0.90).upper, 3)
    0.08
    """
    _check_counts(successes, n)
    if n == 0:
        return UNKNOWN
    tail = (1 - checked_confidence(confidence)) / 2
    failures = n - successes
    lower = special.betaincinv(successes, failures + 1, tail) if successes else 0.0
    upper = special.betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return Interval(successes / n, float(lower), float(upper))


def binomial_p_values(successes: int, n: int, share: float) -> tuple[float, float]:
    """Return exact one-sided p-values `P(X >= successes)` and `P(X <= successes)`.

    `X` is binomial with `n` trials at `share`: the first is small when the true share is
    greater than `share`, the second when it is less.

    >>> binomial_p_values(4, 4, 0.5)
    (0.0625, 1.0)
    """
    _check_counts(successes, n)
    greater = special.bdtrc(successes - 1, n, share) if successes else 1.0
    return float(greater), float(special.bdtr(successes, n, share))


def holm(p_values: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Return p-values adjusted for the family, `max_{j<=i} min(1, (m - j + 1) p_(j))`.

    A NaN stands for a claim that could not be tested. It stays NaN and counts as 1, so
    that the size of the family is what was announced and not what happened to be testable.
    Source: Holm (1979).

    >>> holm(np.array([0.01, 0.04, np.nan])).tolist()
    [0.03, 0.08, nan]
    """
    filled = np.where(np.isnan(p_values), 1.0, p_values)
    order = np.argsort(filled, kind="stable")
    scaled = filled[order] * np.arange(len(filled), 0, -1)
    adjusted = np.empty_like(filled)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return np.where(np.isnan(p_values), np.nan, adjusted)


def checked_confidence(confidence: float) -> float:
    """Return `confidence`, or raise `ValueError` unless it lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it lies between 0 and 1, like 0.95")
    return confidence


def _check_counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}; need 0 <= successes <= n")
