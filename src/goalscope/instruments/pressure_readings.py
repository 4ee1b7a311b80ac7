"""Readings of goal pressure, from what is known of each level."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.dynamics.noise_ratio import (
    gradient_noise_scale,
    signal_to_noise,
    squared_signal,
)
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.pressure_terms import PARTS, Changes
from goalscope.worlds.base import AbstractSolvableWorld

READINGS = (
    "magnitude ratio",
    "signal to noise",
    "capability signal to noise",
    "noise scale",
    "step ratio",
    "goal share of step",
    "fisher ratio",
    "loss when exchanged",
    "loss when ablated",
    "pressure",
)


class Terms(eqx.Module):
    """Of each level: gradients, changes of behaviour, and returns.

    Fields:
        trained: gradients of the objective on goal, capability and placebo, `[L, P]` each.
        wanted: those of the named goal where the agent is deployed.
        trained_changes, deployed_changes: of behaviour, by one step of training.
        returns: of the agent, with its goal exchanged, and with its goal 0, `[L, 3]`.
        best: the optimal returns, `[L]`.
    """

    trained: dict[str, Float[Array, "*b L _"]]
    wanted: dict[str, Float[Array, "*b L _"]]
    trained_changes: Changes
    deployed_changes: Changes
    returns: Float[Array, "*b L 3"]
    best: Float[Array, "*b L"]


def draw_both(
    key: Key[Array, ""],
    world: AbstractSolvableWorld,
    deploy: AbstractSolvableWorld,
    *,
    num_levels: int,
) -> solve.Table:
    """Return tables of levels of both worlds, one after the other. Consumes `key`."""
    if jax.tree.structure(world) != jax.tree.structure(deploy):
        raise ValueError(
            "training and deployment are worlds of one kind and size, that differ in their "
            f"array fields only; got {world} and {deploy}"
        )
    worlds = jax.tree.map(lambda *each: jnp.stack(each), world, deploy)

    def one(key: Key[Array, ""], world: AbstractSolvableWorld) -> solve.Table:
        return draw_levels(key, world, num_levels=num_levels).tables

    tables = eqx.filter_vmap(one)(jax.random.split(key, 2), worlds)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), tables)


def judge(
    terms: Terms,
    part: str,
    trained: Float[Array, " L"],
    deployed: Float[Array, " L"],
) -> Float[Array, " R"]:
    """Return all readings of a part, from levels that count so many times each."""
    index = PARTS.index(part)
    ours, skills = terms.trained[part], terms.trained["capability"]
    mean = trained @ ours
    toward = deployed @ terms.wanted[part]
    lengths = jnp.sqrt(jnp.sum(mean**2) * jnp.sum(toward**2))
    moved = trained @ terms.trained_changes.moved / jnp.sum(trained)
    moved_later = deployed @ terms.deployed_changes.moved / jnp.sum(deployed)
    fisher = trained @ terms.trained_changes.fisher
    earned, exchanged_goal, without = trained @ terms.returns
    best = trained @ terms.best
    lost = jnp.stack([earned - exchanged_goal, earned - without]) / best
    return jnp.stack(
        [
            _ratio(_signal(ours, trained), _size(skills, trained)),
            signal_to_noise(ours, trained),
            signal_to_noise(skills, trained),
            gradient_noise_scale(ours, trained),
            _ratio(moved_later[-1], moved[-1]),
            _ratio(moved[index], moved[-1]),
            _ratio(fisher[index], fisher[1]),
            *(lost if part == "goal" else jnp.zeros(2)),
            jnp.where(lengths > 0, jnp.sum(mean * toward) / _or_one(lengths), 0.0),
        ]
    )


def _signal(
    gradients: Float[Array, "L P"], weights: Float[Array, " L"]
) -> Float[Array, ""]:
    """Return the root mean square of the expected gradient, 0 where noise hides it."""
    signal = jnp.maximum(squared_signal(gradients, weights), 0.0)
    return jnp.sqrt(signal / gradients.shape[1])


def _size(gradients: Float[Array, "L P"], weights: Float[Array, " L"]) -> Float[Array, ""]:
    """Return the root mean square of the mean gradient, noise included."""
    mean = weights @ gradients / jnp.sum(weights)
    return jnp.sqrt(jnp.mean(mean**2))


def _ratio(one: Float[Array, ""], other: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.where(other > 0, one / _or_one(other), jnp.nan)


def _or_one(value: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.where(value > 0, value, 1.0)
