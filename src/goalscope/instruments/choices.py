"""Between which goals an agent had the choice, at which price, and which it took."""

from functools import partial

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.rollout import rollout
from goalscope.tabular.ways import steps_until
from goalscope.worlds.base import AbstractSolvableWorld


def prices(table: solve.Table, goals: Goal, *, num_steps: int) -> Int[Array, "S G"]:
    """Return the fewest steps in which each of stacked `goals` can pay first and alone.

    `num_steps + 1` if it cannot within `num_steps`. Ways on which another goal pays first
    do not count: whoever passes the cheese on the way to the corner has taken the cheese.
    """
    rewards, _ = jax.vmap(solve.payments, (None, 0), out_axes=-1)(table, goals)
    pays = rewards != 0
    number = jnp.sum(pays, axis=-1, keepdims=True)
    going = (number == 0) & ~table.terminal[table.successors][..., None]
    going = jnp.broadcast_to(going, pays.shape)
    return steps_until(pays & (number == 1), going, table.successors, num_steps=num_steps)


def taken(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld,
    sheet: Sheet,
    goals: Goal,
) -> tuple[Float[Array, "L S G"], Float[Array, "L S"]]:
    """Return how often each goal pays first, from each state, and the states' weights.

    Exact for agents without memory, weighted by the start distribution; an agent with
    memory plays one episode a level, and only the state where that began has weight.
    Consumes `key`.
    """
    if is_memoryless(agent):
        first = partial(solve.first_reached, goals=goals, num_steps=world.horizon)
        policies = jax.vmap(solve.policy_of, (None, 0))(agent, sheet.tables)
        chances = jax.lax.map(lambda item: first(*item), (sheet.tables, policies))
        return chances, sheet.tables.start

    def one(key, level):
        features = rollout(key, agent, world, level).features
        pays = jax.vmap(Goal.reward, (0, None), out_axes=-1)(goals, features) != 0
        number = jnp.sum(pays, axis=-1, keepdims=True)
        before = jnp.cumsum(number > 0, axis=0) - (number > 0)
        first = jnp.sum(jnp.where(before == 0, pays / jnp.maximum(number, 1), 0), axis=0)
        begin = world.index_of(level, world.reset(level))
        shape = (world.num_states, *first.shape)
        return jnp.broadcast_to(first, shape), jax.nn.one_hot(begin, world.num_states)

    keys = jax.random.split(key, sheet.tables.start.shape[0])
    return jax.vmap(one)(keys, sheet.levels)


def at_random(world: AbstractSolvableWorld, sheet: Sheet, goals: Goal) -> Array:
    """Return how often each goal pays first if one acts by chance, `[L, S, G]`."""
    num_levels = sheet.tables.start.shape[0]
    even = jnp.full((num_levels, world.num_states, world.num_actions), 1.0)
    first = partial(solve.first_reached, goals=goals, num_steps=world.horizon)
    return jax.lax.map(lambda item: first(*item), (sheet.tables, even / world.num_actions))
