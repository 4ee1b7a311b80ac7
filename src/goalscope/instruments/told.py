"""Agents that are told goals, level by level, and pairs that differ in one of them."""

from collections.abc import Callable

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.planted import optimal_policy
from goalscope.agents.transparent import AbstractGoalConditionedAgent
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.instruments.swaps import Swap

DISCOUNT = 0.9


class Inputs(eqx.Module):
    """What an agent is told and shown, with leading axis `N`.

    Fields:
        view, tokens: the observation.
        goals: number of the goal in each slot, `[slots]`.
        asked: which actions each goal asks for, `[A, G]`.
        states: number of the state.
        levels: number of the level, ascending.
    """

    view: Float[Array, "..."]
    tokens: Int[Array, "*b K"]
    goals: Int[Array, "*b slots"]
    asked: Bool[Array, "*b A G"]
    states: Int[Array, "*b"]
    levels: Int[Array, "*b"]

    def asked_by(self, numbers: Int[Array, " N"]) -> Bool[Array, "N A"]:
        """Return the actions that the goal with this number asks for in each input."""
        one = jnp.take_along_axis(self.asked, numbers[:, None, None], axis=-1)
        return one[..., 0]


def draw_inputs(
    key: Key[Array, ""],
    sheet: Sheet,
    goals: Goal,
    *,
    num_slots: int,
    per_level: int,
    num_steps: int,
) -> Inputs:
    """Return starts of every level, and stacked `goals` drawn for all slots.

    A goal that cannot be reached in `num_steps` asks for every action. Consumes `key`.
    """
    k_states, k_goals = jax.random.split(key)
    tables, num_goals = sheet.tables, goals.weights.shape[0]
    levels = jnp.repeat(jnp.arange(tables.start.shape[0]), per_level)

    def asked(table):
        def by(goal):
            return optimal_policy(table, goal, DISCOUNT, num_steps=num_steps) > 0

        return jnp.moveaxis(jax.vmap(by)(goals), 0, -1)

    chances = jnp.log(jnp.maximum(tables.start[levels], 1e-30))
    states = jax.random.categorical(k_states, chances)
    return Inputs(
        view=tables.view[levels],
        tokens=tables.tokens[levels, states],
        goals=jax.random.randint(k_goals, (levels.size, num_slots), 0, num_goals),
        asked=jax.lax.map(asked, tables)[levels, states],
        states=states,
        levels=levels,
    )


def tell(
    agent: AbstractGoalConditionedAgent, goals: Goal, numbers: Int[Array, " slots"]
) -> AbstractGoalConditionedAgent:
    """Return the agent with one of the stacked `goals` in each of its slots."""
    for slot, number in zip(agent.slots, numbers, strict=True):
        goal = Goal(goals.weights[number], goals.once[number], "told")
        agent = agent.told(goal, slot)
    return agent


def swap_goals(
    key: Key[Array, ""],
    activations: Callable[[Inputs], Float[Array, " D"]],
    inputs: Inputs,
    place: int,
) -> Swap:
    """Return pairs of inputs, both from one half of the levels. Consumes `key`.

    A source has another goal in the slot at `place`, and the same in all others. The copy
    is of goals drawn independently of these, also different.
    """
    k_pair, k_other, k_copy, k_new = jax.random.split(key, 4)
    num, num_goals = inputs.states.shape[0], inputs.asked.shape[-1]
    order, own = jax.random.permutation(k_pair, num // 2), inputs.goals[:, place]
    order = jnp.concatenate([order, num // 2 + order])
    other = (own + jax.random.randint(k_other, (num,), 1, num_goals)) % num_goals
    source = jax.tree.map(lambda leaf: leaf[order], inputs)
    goals = inputs.goals.at[:, place].set(other)
    source = eqx.tree_at(lambda each: each.goals, source, goals)
    pair = jax.tree.map(lambda *leaves: jnp.stack(leaves), inputs, source)
    hidden = jax.lax.map(jax.vmap(activations), pair)
    copy = jax.random.randint(k_copy, (num,), 0, num_goals)
    new = (copy + jax.random.randint(k_new, (num,), 1, num_goals)) % num_goals
    copies = jnp.stack([copy, new])
    written = jax.nn.one_hot(copies, num_goals, dtype=hidden.dtype)
    return Swap(
        base=hidden[0],
        source=hidden[1],
        rest=inputs,
        base_labels=own,
        source_labels=other,
        targets=inputs.asked_by(other),
        valid=jnp.ones(num, bool),
        base_copy=written[0],
        source_copy=written[1],
        copy_targets=inputs.asked_by(copies[1]),
        levels=inputs.levels,
    )
