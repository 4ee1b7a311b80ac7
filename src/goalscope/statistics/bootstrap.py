"""Resampling of agents: bias-corrected and accelerated intervals of a statistic."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy import special

from goalscope.statistics.distribution import LEAST_AGENTS, ROUNDING, Bootstrap
from goalscope.statistics.intervals import Interval

NUM_RESAMPLES = 10_000

Statistic = Callable[[np.ndarray], np.ndarray]
"""Reduces the last axis: `[*b, n] -> [*b]`."""

Range = tuple[float, float]
"""Between what every value lies."""

ANYWHERE = (-math.inf, math.inf)


def mean(values: Float[np.ndarray, "*b n"]) -> Float[np.ndarray, "*b"]:
    """Return the mean over the last axis, exact when all values are equal."""
    first = values[..., :1]
    return np.asarray(first[..., 0] + (values - first).mean(axis=-1))


def bootstrap(
    values: Float[np.ndarray, " n"],
    *,
    statistic: Statistic = mean,
    within: Range = ANYWHERE,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Return the distribution of `statistic` over resampled agents.

    The order of the agents does not matter. `within` is the range of the statistic, as 0
    to 1 for the mean of shares; should an agent lie outside, it reaches that far.

    Raises:
        ValueError: if a value is not finite.

    >>> agents = np.array([0.8, 0.9, 0.7, 1.0, 0.6, 0.9, 0.8, 0.9])
    >>> bootstrap(agents).p_value(0.5) < 0.002
    True
    """
    ordered = _finite(values)
    n = len(ordered)
    estimate = float(statistic(ordered)) if n else math.nan
    if n < LEAST_AGENTS:
        return Bootstrap(estimate, n, np.zeros(0))
    draws = np.random.default_rng(seed).integers(n, size=(num_resamples, n))
    left_out = np.stack([np.delete(ordered, i) for i in range(n)])
    jackknife = statistic(left_out)
    influence = (n - 1) * (mean(jackknife) - jackknife)
    found = _distribution(estimate, statistic(ordered[draws]), [influence])
    return replace(found, bounds=_reaching(within, found))


def bootstrap_difference(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    *,
    paired: bool,
    within: Range = ANYWHERE,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Return the distribution of `mean(first) - mean(second)`.

    Pairs are resampled as pairs; otherwise each sample is resampled on its own. `within`
    is the range of the difference, as -1 to 1 for shares.

    Raises:
        ValueError: if `paired` and the samples differ in length, or a value is not finite.
    """
    if paired:
        if len(first) != len(second):
            raise ValueError(f"{len(first)} and {len(second)} agents cannot be paired")
        pairs = first - second
        return bootstrap(pairs, within=within, num_resamples=num_resamples, seed=seed)
    samples = _finite(first), _finite(second)
    n = min(len(sample) for sample in samples)
    estimate = float(mean(samples[0]) - mean(samples[1])) if n else math.nan
    if n < LEAST_AGENTS:
        return Bootstrap(estimate, n, np.zeros(0))
    generator = np.random.default_rng(seed)
    one, two = (
        mean(sample[generator.integers(len(sample), size=(num_resamples, len(sample)))])
        for sample in samples
    )
    influence = [samples[0] - mean(samples[0]), mean(samples[1]) - samples[1]]
    found = _distribution(estimate, one - two, influence)
    return replace(found, bounds=_reaching(within, found))


def bca(
    values: Float[np.ndarray, " n"],
    *,
    statistic: Statistic = mean,
    within: Range = ANYWHERE,
    confidence: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the expanded BCa interval of `statistic` over agents, ending at `within`.

    NaN for no agent, NaN bounds for one or two, a point where all agents are equal.

    >>> bca(np.full(8, 0.75))
    Interval(estimate=0.75, lower=0.75, upper=0.75)
    """
    found = bootstrap(
        values, statistic=statistic, within=within, num_resamples=num_resamples, seed=seed
    )
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
    rounding = ROUNDING * (ordered[-1] - ordered[0])
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
    if plug_in**1.5 == 0:
        return found
    variances = squares / (sizes * (sizes - 1))
    return replace(
        found,
        acceleration=float((cubes / sizes**3).sum() / (6 * plug_in**1.5)),
        inflation=math.sqrt(variances.sum() / plug_in),
        degrees=float(variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum()),
    )


def _reaching(within: Range, found: Bootstrap) -> Range:
    """Return a range as far as the resamples reach."""
    low, high = within
    return min(low, float(found.resamples[0])), max(high, float(found.resamples[-1]))


def _finite(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    if not np.isfinite(values).all():
        raise ValueError("values must be finite; leave out agents without a reading")
    return np.sort(values)
