"""What instruments that look inside agents share: their readings, and how to get them."""

from collections.abc import Callable

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.transparent import AbstractTransparentAgent
from goalscope.instruments.base import Reading
from goalscope.instruments.probes import HIDDEN, OBSERVED, Examples, decode
from goalscope.instruments.swaps import Swap, follow
from goalscope.probing.interchange import Downstream

READINGS = (
    "compression",
    "selectivity",
    "interchange",
    "restricted interchange",
    "retargeting",
)
UNIT = (
    "compression: times shorter than guessing; selectivity: accuracy; else share of pairs"
)
NUM_RESAMPLES = 100


def read(
    key: Key[Array, ""],
    downstream: Downstream,
    examples: Examples,
    swap: Swap,
    decorrelated: Bool[Array, ""],
    *,
    rank: int,
) -> Reading:
    """Return `READINGS` and the checks `decorrelated`, `converged`. Consumes `key`.

    Args:
        key: for control tasks, subspaces, random pushes and resampled levels.
        downstream: from activations at the site to logits.
        examples: what is decoded, as many from each level.
        swap: what is swapped.
        decorrelated: the first check.
        rank: of the subspace that is swapped.
    """
    k_decode, k_follow, k_interval = jax.random.split(key, 3)
    num_classes, num_levels = examples.num_classes, examples.num_levels
    decoded = decode(k_decode, examples)
    followed = follow(k_follow, downstream, swap, rank=rank, num_classes=num_classes)

    def all_readings(weights):
        driven, unused = followed.readings(weights)
        inside = jnp.stack(decoded.readings(weights, HIDDEN))
        outside = jnp.stack(decoded.readings(weights, OBSERVED))
        value = jnp.concatenate([inside, driven])
        return value, jnp.concatenate([outside, unused])

    value, control = all_readings(jnp.ones(num_levels))
    lower, upper = _interval(k_interval, lambda each: all_readings(each)[0], num_levels)
    found = (jnp.sum(followed.counts, axis=-1) > 0)[0]
    found = jnp.append(jnp.array([True, True]), jnp.full(3, found))
    return Reading(
        value=jnp.where(found, value, jnp.nan),
        lower=jnp.where(found, jnp.minimum(lower, value), jnp.nan),
        upper=jnp.where(found, jnp.maximum(upper, value), jnp.nan),
        control=control,
        ceiling=jnp.array([jnp.nan, 1.0, 1.0, 1.0, 1.0]),
        checks=jnp.stack([decorrelated, decoded.converged]),
        count=jnp.sum(followed.counts[0]).astype(jnp.int32),
    )


def _interval(
    key: Key[Array, ""],
    statistic: Callable[[Float[Array, " L"]], Float[Array, " R"]],
    num_levels: int,
) -> tuple[Float[Array, " R"], Float[Array, " R"]]:
    """Return the 95 % interval of the Bayesian bootstrap over levels. Consumes `key`."""
    draws = jax.random.exponential(key, (NUM_RESAMPLES, num_levels))
    weights = draws / jnp.mean(draws, axis=-1, keepdims=True)
    spread = jax.vmap(statistic)(weights)
    lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
    return lower, upper


def transparent(agent: AbstractAgent) -> AbstractTransparentAgent:
    """Return `agent`, or raise `TypeError` if its activations cannot be seen."""
    if not isinstance(agent, AbstractTransparentAgent):
        raise TypeError(
            f"{type(agent).__name__} shows no activations, so nothing can be read inside "
            "it; inherit from AbstractTransparentAgent"
        )
    return agent


def check_site(agent: AbstractTransparentAgent, site: str | None) -> str:
    """Return `site`, or the agent's first if there is none; `ValueError` if unknown."""
    chosen = agent.sites[0] if site is None else site
    if chosen not in agent.sites:
        name = type(agent).__name__
        raise ValueError(f"{name} has no site {site!r}; it has {', '.join(agent.sites)}")
    return chosen


def check_counts(num_levels: int, inputs_per_level: int, rank: int) -> None:
    """Raise `ValueError` unless there is something to fit and something to hold out."""
    if num_levels < 4 or num_levels % 2 or inputs_per_level < 1 or rank < 1:
        raise ValueError(
            "half of the levels are held out: num_levels is even and at least 4, "
            f"inputs_per_level and rank are positive; got {num_levels}, "
            f"{inputs_per_level} and {rank}"
        )
