"""What an agent did on its own way through a level, as far as it speaks about its goal."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.rollout import rollout
from goalscope.worlds.base import AbstractSolvableWorld, Level, State


class Decisions(eqx.Module):
    """The steps of one episode, and which of them count as evidence.

    Fields:
        states: number of the state before each step, `[T]`.
        tokens: state part of the observation there, `[T, K]`.
        actions: what the agent did there, `[T]`.
        counted: whether the step counts, `[T]`.
    """

    states: Int[Array, "*b T"]
    tokens: Int[Array, "*b T K"]
    actions: Int[Array, "*b T"]
    counted: Bool[Array, "*b T"]


def decide(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    level: Level,
    goals: Goal,
    *,
    num_steps: int,
) -> Decisions:
    """Return the decisions of `agent` in one episode of `level`. Consumes `key`.

    A step counts if it is the agent's first in its state, and no goal of the stacked
    `goals` has paid before it. An agent that walks in circles, or against a wall, decides
    the same thing for ever; counting that again each time would give the levels where it
    is stuck more say than the others, without bound. Whether a step counts is known before
    the action is, so that the product of the probabilities of the counted actions is a
    likelihood (partial likelihood, Cox 1975).
    """
    episode = rollout(key, agent, world, level, num_steps=num_steps)
    states = jax.vmap(world.index_of, (None, 0))(level, episode.states)
    pays = jnp.any(jax.vmap(Goal.reward, (0, None))(goals, episode.features) != 0, axis=0)
    before = jnp.cumsum(pays) - pays
    return Decisions(
        states=states,
        tokens=episode.tokens,
        actions=episode.actions,
        counted=episode.happened & (before == 0) & first_visits(states),
    )


def first_visits(states: Int[Array, " T"]) -> Bool[Array, " T"]:
    """Return which entries have not occurred before.

    >>> first_visits(jnp.array([4, 2, 4, 4, 0])).tolist()
    [True, True, False, False, True]
    """
    same = states[:, None] == states[None, :]
    return ~jnp.any(jnp.tril(same, -1), axis=1)
