"""How far an infinitesimal step of training moves what an agent does, in both phases."""

from typing import NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from goalscope.goal_slot.slots import (
    DEPLOYMENT,
    TRAINING,
    AbstractPhaseAgent,
    behaviour,
)
from goalscope.goal_slot.world import Condition, Level

LEAST = 1e-12
"""What counts as no change."""


class Change(NamedTuple):
    """What a step of unit length does to an agent, to the first order.

    Fields:
        taken: the derivative of how often each type is taken, by phase; last nothing.
        divergence: `½ Σ (dp)² / p` of what is taken in each level, by phase.
        length: of the direction as it was given.
    """

    taken: Float[Array, "*b 2 K1"]
    divergence: Float[Array, "*b 2"]
    length: Float[Array, "*b"]


def changes(
    agent: AbstractPhaseAgent,
    directions: tuple[AbstractPhaseAgent, ...],
    levels: Level,
    condition: Condition,
) -> Change:
    """Return what steps in some directions do, leading axis `D`.

    Args:
        agent: before the step.
        directions: in which it may go; an array that is left out does not move.
        levels: where it acts.
        condition: that it is in.
    """
    start, build = ravel_pytree(eqx.filter(agent, eqx.is_inexact_array))
    rest = eqx.filter(agent, eqx.is_inexact_array, inverse=True)

    def acts(vector: Float[Array, " P"]) -> Float[Array, "2 L K1"]:
        return behaviour(eqx.combine(build(vector), rest), levels, condition)

    def along(step: Float[Array, " P"]) -> Change:
        length = norm(step)
        chances, change = jax.jvp(acts, (start,), (step / jnp.maximum(length, LEAST),))
        divergence = jnp.sum(change**2 / jnp.maximum(chances, 1e-6), axis=(1, 2)) / 2
        return Change(jnp.mean(change, axis=1), divergence, length)

    return jax.vmap(along)(jnp.stack([_filled(each, agent) for each in directions]))


def step_ratios(change: Change) -> Float[Array, "*b"]:
    """Return `F = KL_deployment / KL_training` of infinitesimal steps of an agent.

    To second order, `KL = ½ Σ (dp)² / p` of what is taken in each level, where `dp` is the
    derivative of the probabilities along the step; so the length of the step cancels. NaN
    where the step changes nothing in training.
    """
    moved = (change.divergence[..., TRAINING] > LEAST) & (change.length > LEAST)
    beside = jnp.where(moved, change.divergence[..., TRAINING], 1.0)
    return jnp.where(moved, change.divergence[..., DEPLOYMENT] / beside, jnp.nan)


def _filled(direction: AbstractPhaseAgent, agent: AbstractPhaseAgent) -> Float[Array, " P"]:
    """Return a direction as a vector, 0 for the arrays that it leaves out."""
    zeros = jax.tree.map(jnp.zeros_like, eqx.filter(agent, eqx.is_inexact_array))
    return ravel_pytree(eqx.combine(direction, zeros))[0]


def norm(vector: Float[Array, " P"]) -> Float[Array, ""]:
    """Return the Euclidean norm, with a derivative of 0 at 0."""
    squares = jnp.sum(vector**2)
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)
