"""A bootstrap distribution: its interval, and the p-values that belong to it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import special

from goalscope.statistics.intervals import Interval, checked_confidence, two_sided

LEAST_AGENTS = 3
"""Agents that an interval takes. Two have three resamples, of which one is the estimate:
how far apart they happen to lie, times 12.7, would be all that their interval says."""

ROUNDING = 1e-9
"""Differences below this share of the range of the resamples are errors of rounding."""


@dataclass(frozen=True)
class Bootstrap:
    """Distribution of a statistic when agents are drawn again with replacement.

    Fields:
        estimate: the statistic of the agents themselves.
        n: agents behind the estimate; of the smallest sample where there are several.
        resamples: of the resampled agents, sorted, `[B]`; empty for fewer than three.
        bias: `z₀`, normal quantile of the share of resamples below the estimate.
        acceleration: `a`, a sixth of the skewness of the estimate.
        inflation: unbiased over plug-in standard error, `√(n / (n - 1))` for one sample.
        degrees: degrees of freedom of that standard error, `n - 1` for one sample.
        bounds: between what the statistic lies, whatever the agents: 0 and 1 for the mean
            of a share. An interval ends there.
    """

    estimate: float
    n: int
    resamples: Float[np.ndarray, " B"]
    bias: float = 0.0
    acceleration: float = 0.0
    inflation: float = 1.0
    degrees: float = math.inf
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def plain(self) -> "Bootstrap":
        """Return the same distribution without the correction for small samples."""
        return replace(self, inflation=1.0, degrees=math.inf)

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the expanded BCa interval; its bounds are NaN for fewer than three agents.

        The bounds are the quantiles of the resamples at
        `Φ(z₀ + (z₀ + z) / (1 - a (z₀ + z)))` with `z = ∓ inflation · t`, where `t` is
        Student's quantile. With the normal quantile, which `plain` brings back, eight
        agents cover a normal mean 87 times in 100 rather than 95. Beyond the outermost
        resample a bound goes on by standard errors.
        Source: Efron (1987); Hesterberg (2015) for the expansion.
        """
        if self.resamples.size == 0:
            return Interval(self.estimate, math.nan, math.nan)
        tail = (1 + checked_confidence(confidence)) / 2
        z = self.inflation * float(special.stdtrit(self.degrees, tail))
        low, high = self.bounds
        lower, upper = max(self._bound(-z), low), min(self._bound(z), high)
        return Interval(self.estimate, lower, upper)

    def p_greater(self, threshold: float) -> float:
        """Return the one-sided p-value of `statistic <= threshold`, at least `1 / 2B`.

        It inverts `interval`: below 2.5 % exactly when the 95 % interval lies above.
        """
        return self._tail(threshold, "right")

    def p_less(self, threshold: float) -> float:
        """Return the one-sided p-value of `statistic >= threshold`, at least `1 / 2B`."""
        return self._tail(threshold, "left")

    def p_value(self, threshold: float) -> float:
        """Return the two-sided p-value of `statistic == threshold`, at least `1 / B`."""
        return two_sided(self.p_greater(threshold), self.p_less(threshold))

    def _bound(self, z: float) -> float:
        shifted = self.bias + z
        scale = 1 - self.acceleration * shifted
        floor = 0.5 / self.resamples.size
        level = float(special.ndtr(self.bias + shifted / scale)) if scale > 0 else 0.0
        if not floor <= level <= 1 - floor:
            return self._beyond(z)
        position = level * (self.resamples.size - 1)
        share = position - math.floor(position)
        low, high = self.resamples[[math.floor(position), math.ceil(position)]].tolist()
        return low if low == high else (1 - share) * low + share * high

    def _beyond(self, z: float) -> float:
        # There is no resample so far out; only standard errors tell how far that is.
        first, last = self._range
        if not math.isfinite(last - first):
            return last if z > 0 else first
        reached = self.estimate + z * self._spread
        return max(reached, last) if z > 0 else min(reached, first)

    def _tail(self, threshold: float, side: str) -> float:
        if self.resamples.size == 0:
            return math.nan
        floor = 0.5 / self.resamples.size
        low, high = self.bounds
        if threshold < low if side == "right" else threshold > high:
            return floor
        level = np.clip(self._level(threshold, side), floor, 1 - floor)
        shifted = float(special.ndtri(level)) - self.bias
        scale = 1 + self.acceleration * shifted
        z = math.copysign(math.inf, shifted) if scale <= 0 else shifted / scale - self.bias
        t = max(z, self._far(threshold), key=abs) / self.inflation
        tail = special.stdtr(self.degrees, t if side == "right" else -t)
        return max(float(tail), floor)

    def _far(self, threshold: float) -> float:
        first, last = self._range
        if first <= threshold <= last or not math.isfinite(self._spread):
            return 0.0
        if self._spread == 0:
            return math.copysign(math.inf, threshold - first)
        return (threshold - self.estimate) / self._spread

    def _level(self, threshold: float, side: str) -> float:
        # The inverse of a quantile. Where resamples tie with the threshold it is a whole
        # range of levels, and the end that speaks least against the threshold is meant.
        # Sums of the same numbers in another order tie too.
        first, end = self._range
        rounding = ROUNDING * (end - first) if math.isfinite(end - first) else 0.0
        left = int(np.searchsorted(self.resamples, threshold - rounding, "left"))
        right = int(np.searchsorted(self.resamples, threshold + rounding, "right"))
        last = self.resamples.size - 1
        if left < right:
            return (right - 1 if side == "right" else left) / last
        if left in (0, last + 1):
            return min(left / last, 1.0)
        low, high = self.resamples[[left - 1, left]].tolist()
        gap = high - low
        return (left - 1 + ((threshold - low) / gap if math.isfinite(gap) else 0.5)) / last

    @property
    def _range(self) -> tuple[float, float]:
        return float(self.resamples[0]), float(self.resamples[-1])

    @property
    def _spread(self) -> float:
        first, last = self._range
        if first == last:
            return 0.0
        return float(self.resamples.std()) if math.isfinite(last - first) else math.inf
