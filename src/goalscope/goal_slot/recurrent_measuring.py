"""Compiled measurements of many agents without a slot, one program for all conditions."""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.goal_slot.base_training import Outer, base_trained
from goalscope.goal_slot.conditions import Size
from goalscope.goal_slot.recurrent import Monolith
from goalscope.goal_slot.recurrent_training import monoliths
from goalscope.goal_slot.slots import (
    DEPLOYMENT,
    PLACEBO,
    TRAINING,
    AbstractPhaseAgent,
    behaviour,
    training_reward,
)
from goalscope.goal_slot.steps import LEAST, changes, step_ratios
from goalscope.goal_slot.world import TARGET, Condition, Level, alone, draw_levels, ideal
from goalscope.parameter_groups import split_group
from goalscope.population import agent_keys


class Group(NamedTuple):
    """Agents `[N]`, their planted goals `[N, K]`, their levels `[N, L]`, and their keys."""

    agents: Monolith
    goals: Float[Array, "N K"]
    levels: Level
    keys: Key[Array, " N"]


class Moves(NamedTuple):
    """What an infinitesimal step of training moves.

    Fields:
        ratio: `F`, the divergence in deployment over that in training.
        placebo: the divergence in deployment of a step of the placebo alone, of the same
            length, over that in training of the whole step.
        pull: how often the target is taken in deployment beside in training, by change.
    """

    ratio: Float[Array, "*b"]
    placebo: Float[Array, "*b"]
    pull: Float[Array, "*b"]


@functools.lru_cache(maxsize=8)
def group_of(numbers: tuple[int, ...], seed: int, size: Size) -> Group:
    """Return who is measured, the same under every condition; kept by the process."""
    agents, goals = monoliths(seed, numbers, size.updates, size.grid, size.memory)
    keys = agent_keys(seed + 1, np.array(numbers))
    levels = jax.vmap(lambda key: draw_levels(key, size.levels, size.grid))(keys)
    return Group(agents, goals, levels, keys)


def moves_of(agent: AbstractPhaseAgent, levels: Level, condition: Condition) -> Moves:
    """Return what a step along the gradient of `J` moves, and one of the placebo."""
    gradient = eqx.filter_grad(training_reward)(agent, levels, condition)
    ones = jax.tree.map(jnp.ones_like, eqx.filter(agent, eqx.is_inexact_array))
    unread, _ = split_group(ones, PLACEBO)
    found = changes(agent, (gradient, unread), levels, condition)
    whole, nothing = found.divergence
    rises = found.taken[0, :, TARGET]
    known = whole[TRAINING] > LEAST
    beside = jnp.where(known, whole[TRAINING], 1.0)
    rise = jnp.where(known, rises[TRAINING], 1.0)
    return Moves(
        ratio=step_ratios(found)[0],
        placebo=jnp.where(known, nothing[DEPLOYMENT] / beside, jnp.nan),
        pull=jnp.where(known, rises[DEPLOYMENT] / rise, jnp.nan),
    )


@eqx.filter_jit
def moved(group: Group, condition: Condition) -> Moves:
    """Return what a step of training moves in every agent."""
    each = jax.vmap(moves_of, (0, 0, None))
    return each(group.agents, group.levels, condition)


@eqx.filter_jit
def done(agents: Monolith, levels: Level, condition: Condition) -> Float[Array, "N 2 K1"]:
    """Return how often agents take each type in training and deployment, last nothing."""

    def each(agent, levels):
        return jnp.mean(behaviour(agent, levels, condition), axis=1)

    return jax.vmap(each)(agents, levels)


@eqx.filter_jit
def guarded(group: Group, condition: Condition) -> Float[Array, "N 2"]:
    """Return how often each finds its favourite alone, and an ideal one the target.

    The favourite in deployment, where nothing else is, seen without noise.
    """
    clear = eqx.tree_at(lambda c: c.noise, condition, jnp.zeros(()))

    def each(agent, goal, levels):
        favourite = jnp.argmax(goal)
        found = behaviour(agent, alone(levels, favourite), clear)
        best = jax.vmap(lambda level: ideal(level, condition.noise, agent.size))(levels)
        return jnp.stack([jnp.mean(found[DEPLOYMENT, :, favourite]), jnp.mean(best)])

    return jax.vmap(each)(group.agents, group.goals, group.levels)


@eqx.filter_jit
def retrained(group: Group, condition: Condition, outer: Outer) -> Monolith:
    """Return every agent after base training of all its parameters."""

    def each(key, agent):
        return base_trained(key, agent, condition, outer, trained="all")

    return jax.vmap(each)(group.keys, group.agents)
