"""Resampling of agents: intervals of a statistic, and the p-values that belong to them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import special

from goalscope.statistics import Interval, checked_confidence, two_sided

NUM_RESAMPLES = 10_000

Statistic = Callable[[np.ndarray], np.ndarray]
"""Reduces the last axis: `[*b, n] -> [*b]`."""


@dataclass(frozen=True)
class Bootstrap:
    """Distribution of a statistic when agents are drawn again with replacement.

    Fields:
        estimate: the statistic of the agents themselves.
        n: agents behind the estimate; of the smallest sample where there are several.
        resamples: of the resampled agents, sorted, `[B]`; empty for fewer than 2 agents.
        bias: `z₀`, normal quantile of the share of resamples below the estimate.
        acceleration: `a`, a sixth of the skewness of the estimate.
        inflation: unbiased over plug-in standard error, `√(n / (n - 1))` for one sample.
        degrees: degrees of freedom of that standard error, `n - 1` for one sample.
    """

    estimate: float
    n: int
    resamples: Float[np.ndarray, " B"]
    bias: float = 0.0
    acceleration: float = 0.0
    inflation: float = 1.0
    degrees: float = math.inf

    def plain(self) -> "Bootstrap":
        """Return the same distribution without the correction for small samples."""
        return replace(self, inflation=1.0, degrees=math.inf)

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the expanded BCa interval; its bounds are NaN for fewer than two agents.

        The bounds are the quantiles of the resamples at
        `Φ(z₀ + (z₀ + z) / (1 - a (z₀ + z)))` with `z = ∓ inflation · t`, where `t` is
        Student's quantile. With the normal quantile, which `plain` brings back, eight
        agents cover a normal mean 87 times in 100 rather than 95.
        Source: Efron (1987); Hesterberg (2015) for the expansion.
        """
        if self.resamples.size == 0:
            return Interval(self.estimate, math.nan, math.nan)
        tail = (1 + checked_confidence(confidence)) / 2
        z = self.inflation * float(special.stdtrit(self.degrees, tail))
        return Interval(self.estimate, self._bound(-z), self._bound(z))

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
        if scale <= 0:
            return float(self.resamples[-1 if shifted > 0 else 0])
        level = float(special.ndtr(self.bias + shifted / scale))
        position = level * (self.resamples.size - 1)
        low, high = self.resamples[[math.floor(position), math.ceil(position)]]
        share = position - math.floor(position)
        return float(low if low == high else (1 - share) * low + share * high)

    def _tail(self, threshold: float, side: str) -> float:
        if self.resamples.size == 0:
            return math.nan
        floor = 0.5 / self.resamples.size
        level = np.clip(self._level(threshold, side), floor, 1 - floor)
        shifted = float(special.ndtri(level)) - self.bias
        scale = 1 + self.acceleration * shifted
        z = math.copysign(math.inf, shifted) if scale <= 0 else shifted / scale - self.bias
        t = max(z, self._far(threshold), key=abs) / self.inflation
        tail = special.stdtr(self.degrees, t if side == "right" else -t)
        return max(float(tail), floor)

    def _far(self, threshold: float) -> float:
        # Beyond the last resample only the distance in standard errors tells how far.
        first, last = self.resamples[0], self.resamples[-1]
        if first <= threshold <= last:
            return 0.0
        if first == last:
            return math.copysign(math.inf, threshold - first)
        spread = float(self.resamples.std()) if math.isfinite(last - first) else math.inf
        return (threshold - self.estimate) / spread

    def _level(self, threshold: float, side: str) -> float:
        # The inverse of a quantile. Where resamples tie with the threshold it is a whole
        # range of levels, and the end that speaks least against the threshold is meant.
        left, right = (
            int(np.searchsorted(self.resamples, threshold, end))
            for end in ("left", "right")
        )
        last = self.resamples.size - 1
        if left < right:
            return (right - 1 if side == "right" else left) / last
        if left in (0, last + 1):
            return min(left / last, 1.0)
        low, high = self.resamples[left - 1], self.resamples[left]
        gap = high - low
        return (left - 1 + ((threshold - low) / gap if math.isfinite(gap) else 0.5)) / last


def mean(values: Float[np.ndarray, "*b n"]) -> Float[np.ndarray, "*b"]:
    """Return the mean over the last axis, exact when all values are equal."""
    first = values[..., :1]
    return np.asarray(first[..., 0] + (values - first).mean(axis=-1))


def bootstrap(
    values: Float[np.ndarray, " n"],
    *,
    statistic: Statistic = mean,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Return the distribution of `statistic` over resampled agents.

    The order of the agents does not matter.

    Raises:
        ValueError: if a value is not finite.

    >>> agents = np.array([0.8, 0.9, 0.7, 1.0, 0.6, 0.9, 0.8, 0.9])
    >>> bootstrap(agents).p_value(0.5) < 0.002
    True
    """
    ordered = _finite(values)
    n = len(ordered)
    estimate = float(statistic(ordered)) if n else math.nan
    if n < 2:
        return Bootstrap(estimate, n, np.zeros(0))
    draws = np.random.default_rng(seed).integers(n, size=(num_resamples, n))
    left_out = np.stack([np.delete(ordered, i) for i in range(n)])
    jackknife = statistic(left_out)
    influence = (n - 1) * (mean(jackknife) - jackknife)
    return _distribution(estimate, statistic(ordered[draws]), [influence])


def bootstrap_difference(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    *,
    paired: bool,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Return the distribution of `mean(first) - mean(second)`.

    Pairs are resampled as pairs; otherwise each sample is resampled on its own.

    Raises:
        ValueError: if `paired` and the samples differ in length, or a value is not finite.
    """
    if paired:
        if len(first) != len(second):
            raise ValueError(f"{len(first)} and {len(second)} agents cannot be paired")
        return bootstrap(first - second, num_resamples=num_resamples, seed=seed)
    samples = _finite(first), _finite(second)
    n = min(len(sample) for sample in samples)
    estimate = float(mean(samples[0]) - mean(samples[1])) if n else math.nan
    if n < 2:
        return Bootstrap(estimate, n, np.zeros(0))
    generator = np.random.default_rng(seed)
    one, two = (
        mean(sample[generator.integers(len(sample), size=(num_resamples, len(sample)))])
        for sample in samples
    )
    influence = [samples[0] - mean(samples[0]), mean(samples[1]) - samples[1]]
    return _distribution(estimate, one - two, influence)


def bca(
    values: Float[np.ndarray, " n"],
    *,
    statistic: Statistic = mean,
    confidence: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the expanded BCa interval of `statistic` over agents.

    NaN for no agent, NaN bounds for one, a point where all agents are equal.

    >>> bca(np.full(8, 0.75))
    Interval(estimate=0.75, lower=0.75, upper=0.75)
    """
    found = bootstrap(values, statistic=statistic, num_resamples=num_resamples, seed=seed)
    return found.interval(confidence)


def bca_difference(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    *,
    paired: bool,
    confidence: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the expanded BCa interval of `mean(first) - mean(second)`."""
    found = bootstrap_difference(
        first, second, paired=paired, num_resamples=num_resamples, seed=seed
    )
    return found.interval(confidence)


def _distribution(
    estimate: float, resamples: np.ndarray, influence: Sequence[np.ndarray]
) -> Bootstrap:
    ordered = np.sort(resamples)
    # Resamples that equal the estimate but for rounding are ties, and count by half.
    rounding = 1e-9 * (ordered[-1] - ordered[0])
    below = (ordered < estimate - rounding).mean()
    share = (below + (ordered <= estimate + rounding).mean()) / 2
    floor = 0.5 / ordered.size
    found = Bootstrap(
        estimate,
        min(len(sample) for sample in influence),
        ordered,
        bias=float(special.ndtri(np.clip(share, floor, 1 - floor))),
    )
    sizes = np.array([len(sample) for sample in influence])
    squares = np.array([(sample**2).sum() for sample in influence])
    cubes = np.array([(sample**3).sum() for sample in influence])
    plug_in = (squares / sizes**2).sum()
    if plug_in == 0:
        return found
    variances = squares / (sizes * (sizes - 1))
    return replace(
        found,
        acceleration=float((cubes / sizes**3).sum() / (6 * plug_in**1.5)),
        inflation=math.sqrt(variances.sum() / plug_in),
        degrees=float(variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum()),
    )


def _finite(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    if not np.isfinite(values).all():
        raise ValueError("values must be finite; leave out agents without a reading")
    return np.sort(values)
