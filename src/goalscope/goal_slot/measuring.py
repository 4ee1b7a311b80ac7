"""Compiled measurements of many agents with many goals, one program for all conditions."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.goal_slot.base_training import Outer, Trained, base_trained
from goalscope.goal_slot.conditions import Cast
from goalscope.goal_slot.pressure import (
    Choices,
    Pressure,
    choices,
    peaks,
    pressure,
    skill,
)
from goalscope.goal_slot.slots import AbstractSlotAgent, training_reward, with_goal
from goalscope.goal_slot.world import TARGET, Condition, ideal

BATCH = 16
"""Goals whose gradients are taken at once."""


@eqx.filter_jit
def peaks_of(cast: Cast, conditions: Condition) -> Float[Array, "N G 6"]:
    """Return the largest gradient norms of every agent with every goal."""
    return _for_all(cast, lambda agent, _, levels: peaks(agent, levels, conditions))


@eqx.filter_jit
def pressure_of(cast: Cast, condition: Condition) -> Pressure:
    """Return how training acts on every agent with every goal, leading axes `N G`."""
    return _for_all(cast, lambda agent, _, levels: pressure(agent, levels, condition))


@eqx.filter_jit
def choices_of(cast: Cast, condition: Condition) -> Choices:
    """Return what every agent takes with every goal, leading axes `N G`.

    A goal is exchanged with the next one of the same agent.
    """
    return _for_all(
        cast, lambda agent, other, levels: choices(agent, other, levels, condition)
    )


@eqx.filter_jit
def sweep_of(cast: Cast, conditions: Condition) -> Float[Array, "N G C 2"]:
    """Return `J` and the signed pressure under several conditions, leading axis `C`."""

    def each(agent, _, levels):
        def both(condition):
            def earned(goal):
                return training_reward(with_goal(agent, goal), levels, condition)

            reward, gradient = jax.value_and_grad(earned)(agent.goal)
            signed = gradient[jnp.argmax(agent.goal)] - gradient[TARGET]
            return jnp.stack([reward, signed])

        return jax.lax.map(both, conditions)

    return _for_all(cast, each)


@eqx.filter_jit
def guards_of(cast: Cast, condition: Condition) -> Float[Array, "N 2"]:
    """Return how often each agent finds what it wants, and an ideal one the target."""

    def each(agent, levels):
        best = jax.vmap(lambda level: ideal(level, condition.noise, agent.size))(levels)
        return jnp.stack([skill(agent, levels, condition), jnp.mean(best)])

    return jax.vmap(each)(cast.agents, cast.levels)


@eqx.filter_jit
def trained_of(
    keys: Key[Array, "N G"],
    cast: Cast,
    condition: Condition,
    outer: Outer,
    trained: Trained,
) -> AbstractSlotAgent:
    """Return every agent with every goal after base training, leading axes `N G`."""

    def one(key, agent, goal):
        return base_trained(key, with_goal(agent, goal), condition, outer, trained=trained)

    return jax.vmap(jax.vmap(one, (0, None, 0)))(keys, cast.agents, cast.goals)


@eqx.filter_jit
def choices_after(agents: AbstractSlotAgent, cast: Cast, condition: Condition) -> Choices:
    """Return what trained agents take, `agents` with leading axes `N G`."""

    def each(agent, levels):
        return choices(agent, agent.goal, levels, condition)

    return jax.vmap(jax.vmap(each, (0, None)))(agents, cast.levels)


def _for_all(cast: Cast, measure: Callable) -> Any:
    """Return `measure(agent, another goal of its own, levels)`, leading axes `N G`."""

    def over_goals(agent, goals, levels):
        def one(pair):
            return measure(with_goal(agent, pair[0]), pair[1], levels)

        pairs = (goals, jnp.roll(goals, 1, axis=0))
        return jax.lax.map(one, pairs, batch_size=BATCH)

    return jax.vmap(over_goals)(cast.agents, cast.goals, cast.levels)
