"""Curves over a dose: the rising fit, and where it crosses a level."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from goalscope.statistics.bootstrap import NUM_RESAMPLES, mean
from goalscope.statistics.distribution import LEAST_AGENTS, Bootstrap


def isotonic(means: Float[np.ndarray, "*b K"]) -> Float[np.ndarray, "*b K"]:
    """Return the rising curve nearest to `means` in squares, along the last axis.

    `max_{j<=i} min_{k>=i} mean(means_j .. means_k)`; a rising curve is returned as it is.
    Source: Barlow, Bartholomew, Bremner and Brunk (1972).

    >>> isotonic(np.array([0.0, 0.75, 0.25, 1.0])).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    size = means.shape[-1]
    sums = np.concatenate([np.zeros_like(means[..., :1]), means.cumsum(axis=-1)], axis=-1)
    start, stop = np.arange(size)[:, None], np.arange(size)[None, :]
    blocks = sums[..., None, 1:] - sums[..., :-1, None]
    averages = np.where(stop >= start, blocks / np.maximum(stop - start + 1, 1), np.inf)
    smallest = np.minimum.accumulate(averages[..., ::-1], axis=-1)[..., ::-1]
    fitted = np.where(stop >= start, smallest, -np.inf).max(axis=-2)
    rising = (np.diff(means, axis=-1) >= 0).all(axis=-1, keepdims=True)
    return np.where(rising, means, fitted)


def crossing(
    doses: Float[np.ndarray, " K"], means: Float[np.ndarray, "*b K"], level: float
) -> Float[np.ndarray, "*b"]:
    """Return the dose at which the isotonic curve through `means` first reaches `level`.

    Between two doses the curve is linear in log dose; from dose 0 to the next it is
    linear in dose. The result is `inf` where the curve stays below `level`, and `-inf`
    where it lies above `level` at the lowest dose already.

    Raises:
        ValueError: unless there are two doses or more, rising, none negative.

    >>> float(crossing(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.8, 0.9]), 0.4))
    0.25
    """
    check_doses(doses)
    curve = isotonic(means)
    reached = curve >= level
    right = np.maximum(reached.argmax(axis=-1), 1)
    low = np.take_along_axis(curve, right[..., None] - 1, axis=-1)[..., 0]
    high = np.take_along_axis(curve, right[..., None], axis=-1)[..., 0]
    crosses = (low < level) & (level <= high)
    share = np.where(crosses, level - low, 0.0) / np.where(crosses, high - low, 1.0)
    before, after = doses[right - 1], doses[right]
    ratio = after / np.where(before == 0, 1.0, before)
    inside = np.where(before == 0, share * after, before * ratio**share)
    first = np.where(curve[..., 0] > level, -np.inf, doses[0])
    found = np.where(reached[..., 0], first, inside)
    return np.where(reached.any(axis=-1), found, np.inf)


def check_doses(doses: Float[np.ndarray, " K"]) -> None:
    """Raise `ValueError` unless there are two doses or more, rising, none negative."""
    if len(doses) < 2 or doses[0] < 0 or not (np.diff(doses) > 0).all():
        raise ValueError(
            f"doses are {doses.tolist()}; a curve needs at least two doses, all different "
            "and none negative, in rising order: give each arm of the group its own dose"
        )


def bootstrap_crossing(
    doses: Float[np.ndarray, " K"],
    columns: Sequence[Float[np.ndarray, " _"]],
    level: float,
    *,
    shared: bool,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Return the distribution of `crossing` over resampled agents of each arm.

    NaN marks a missing reading. With `shared`, row `i` of every column is the same agent
    number and one draw of agents serves all arms: agents that start from the same
    parameters are not independent, and a common shift moves a crossing most. Draws that
    leave an arm without a reading are dropped. The interval is a percentile interval,
    expanded for the size of the smallest arm.
    """
    known = [column[np.isfinite(column)] for column in columns]
    n = min(len(column) for column in known)
    means = np.array([float(mean(column)) if len(column) else np.nan for column in known])
    estimate = float(crossing(doses, means, level)) if n else np.nan
    if n < LEAST_AGENTS:
        return Bootstrap(estimate, n, np.zeros(0))
    generator = np.random.default_rng(seed)
    if shared:
        size = (num_resamples, len(columns[0]))
        agents = generator.integers(len(columns[0]), size=size)
        drawn = [column[agents] for column in columns]
    else:
        sizes = [(num_resamples, len(column)) for column in known]
        pairs = zip(known, sizes, strict=True)
        drawn = [
            column[generator.integers(len(column), size=size)] for column, size in pairs
        ]
    curves = np.stack([_known_mean(values) for values in drawn], axis=-1)
    crossings = crossing(doses, curves[np.isfinite(curves).all(axis=-1)], level)
    inflation, degrees = np.sqrt(n / (n - 1)), float(n - 1)
    return Bootstrap(
        estimate, n, np.sort(crossings), inflation=float(inflation), degrees=degrees
    )


def _known_mean(values: Float[np.ndarray, "B n"]) -> Float[np.ndarray, " B"]:
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
