"""Which of several goals an agent serves best, for instruments that ask about one."""

from functools import partial
from typing import TypeVar

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal, stack
from goalscope.instruments.batched import returns
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.base import AbstractSolvableWorld

Tree = TypeVar("Tree")

NUM_LEVELS = 16


def own_goal(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld,
    goals: tuple[Goal, ...],
    discount: Float[Array, ""],
) -> Int[Array, ""]:
    """Return the number of the goal that the agent serves best. Consumes `key`.

    The goal for which it gets furthest from chance towards the best, exactly, on 16 levels
    drawn from `world`; an agent with memory acts in every state as at the start of an
    episode. If there is one goal only, it is that.
    """
    if len(goals) == 1:
        return jnp.int32(0)
    tables = draw_levels(key, world, num_levels=NUM_LEVELS).tables
    stacked, horizon = stack(goals), world.horizon

    def one(table: solve.Table) -> tuple[Float[Array, "2 G"], Float[Array, " G"]]:
        policy = solve.policy_of(agent, table)
        both = jnp.stack([policy, jnp.full_like(policy, 1 / policy.shape[-1])])
        earned = returns(table, both, stacked, discount, num_steps=horizon)
        best = partial(solve.optimal_values, num_steps=horizon)
        most = jax.vmap(best, (None, 0, None))(table, stacked, discount)
        return jnp.tensordot(table.start, earned, 1), most @ table.start

    earned, most = jax.vmap(one)(tables)
    own, chance = jnp.sum(earned, axis=0)
    room = jnp.maximum(jnp.sum(most, axis=0) - chance, 1e-6)
    return jnp.argmax((own - chance) / room)


def chosen(options: tuple[Tree, ...], number: Int[Array, ""]) -> Tree:
    """Return one of several trees of the same structure, whose number may be traced.

    >>> int(chosen((jnp.array(3), jnp.array(4)), jnp.array(1)))
    4
    """
    return jax.tree.map(lambda *leaves: jnp.stack(leaves)[number], *options)


def goal_with(goals: tuple[Goal, ...], number: Int[Array, ""]) -> Goal:
    """Return the goal with this number, without its name."""
    return jax.tree.map(lambda leaf: leaf[number], stack(goals))
