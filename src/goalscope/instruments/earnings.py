"""What an agent earns of goals beyond what chance would, level by level."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.instruments.batched import returns
from goalscope.instruments.levels import Sheet
from goalscope.rollout import rollout
from goalscope.worlds.base import AbstractSolvableWorld, Level, State


def excess(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    sheet: Sheet[Level],
    goals: Goal,
    *,
    policies: Float[Array, "L S A"] | None,
    discount: Float[Array, ""],
) -> Float[Array, "L G"]:
    """Return what an agent earns of each of the stacked `goals` minus what chance does.

    Exact for agents without memory, over the starts that a level could have had. An agent
    with memory plays one episode a level; chance is exact, from the same start. Consumes
    `key`; `policies` are those of `decisions.policies_of`.
    """
    uniform = jnp.full((world.num_states, world.num_actions), 1 / world.num_actions)

    def earned(table: solve.Table, *policies: Float[Array, "S A"]) -> Float[Array, "S P G"]:
        each = jnp.stack(policies)
        return returns(table, each, goals, discount, num_steps=world.horizon)

    def exact(item: tuple[solve.Table, Float[Array, "S A"]]) -> Float[Array, " G"]:
        table, policy = item
        found = earned(table, policy, uniform)
        return table.start @ (found[:, 0] - found[:, 1])

    def played(item: tuple[Key[Array, ""], Level, solve.Table]) -> Float[Array, " G"]:
        key, level, table = item
        made = rollout(key, agent, world, level)
        own = jax.vmap(Goal.returns, (0, None, None))(goals, made.features, discount)
        start = world.index_of(level, world.reset(level))
        return own - earned(table, uniform)[start, 0]

    if policies is not None:
        return jax.lax.map(exact, (sheet.tables, policies))
    keys = jax.random.split(key, sheet.tables.terminal.shape[0])
    return jax.lax.map(played, (keys, sheet.levels, sheet.tables))
