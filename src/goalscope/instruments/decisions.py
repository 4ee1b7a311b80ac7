"""What an agent did on its own way through a level, as far as it speaks about its goal."""

from functools import reduce

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.rollout import rollout
from goalscope.worlds.base import AbstractSolvableWorld, Level, State

MAX_STATES = 512
"""In larger worlds, visits are counted in the way that takes less memory."""


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

    def rates(self, num_actions: int) -> "Rates":
        """Return the same as rates: 1 for what was done where it counts."""
        taken = jax.nn.one_hot(self.actions, num_actions) * self.counted[..., None]
        return Rates(self.states, self.tokens, taken)


class Rates(eqx.Module):
    """How often each decision is made in an episode: expected numbers of decisions.

    Fields:
        states: number of the state in each of `P` places, `[P]`.
        tokens: state part of the observation there, `[P, K]`.
        taken: expected number of decisions for each action, `[P, A]`.
    """

    states: Int[Array, "*b P"]
    tokens: Int[Array, "*b P K"]
    taken: Float[Array, "*b P A"]

    @property
    def counts(self) -> Float[Array, "*b"]:
        """Expected number of decisions in all places together."""
        return jnp.sum(self.taken, axis=(-2, -1))


def policies_of(agent: AbstractAgent, sheet: Sheet[Level]) -> Float[Array, "L S A"] | None:
    """Return what an agent does in every state of a sheet, None if it has a memory."""
    if not is_memoryless(agent):
        return None
    return jax.vmap(solve.policy_of, (None, 0))(agent, sheet.tables)


def watch(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    sheet: Sheet[Level],
    goals: Goal,
    *,
    policies: Float[Array, "L S A"] | None,
    num_decisions: int,
) -> Rates:
    """Return how often an agent makes each decision, on every level, with leading axis `L`.

    What counts is said in `decide`. The policy of an agent without memory is known in every
    state, so its rates are exact, `P(it comes to s before a goal has paid) π(a|s)`, over
    the starts that the level could have had, and places are states. An agent with memory
    plays one episode a level, from its start, and places are steps. Consumes `key`; `goals`
    are stacked, and `policies` are those of `policies_of`.
    """
    if policies is None:
        made = play(key, agent, world, sheet, goals, num_decisions=num_decisions)
        return made.rates(world.num_actions)

    def exact(table: solve.Table, policy: Float[Array, "S A"]) -> Rates:
        visits = first_visit_chances(table, policy, goals, num_steps=num_decisions)
        states = jnp.arange(world.num_states)
        return Rates(states, table.tokens, visits[:, None] * policy)

    return jax.vmap(exact)(sheet.tables, policies)


def play(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    sheet: Sheet[Level],
    goals: Goal,
    *,
    num_decisions: int,
) -> Decisions:
    """Return the decisions of one episode on every level, with leading axis `L`.

    Consumes `key`; for `goals`, which are stacked, see `decide`.
    """

    def one(key, level):
        return decide(key, agent, world, level, goals, num_steps=num_decisions)

    keys = jax.random.split(key, sheet.tables.terminal.shape[0])
    return jax.vmap(one)(keys, sheet.levels)


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


def first_visit_chances(
    table: solve.Table,
    policy: Float[Array, "S A"],
    goals: Goal,
    *,
    num_steps: int,
) -> Float[Array, " S"]:
    """Return the probability of coming to each state before any of `goals` has paid.

    Over the starts of the level, in an episode of `num_steps` decisions: states that would
    be entered after the last of them do not count, nor do terminal ones. In a world of more
    than `MAX_STATES` states it is the expected number of visits, at most 1: the same unless
    the agent may come back, and then too much.
    """
    rewards, _ = jax.vmap(solve.payments, (None, 0))(table, goals)
    over = table.terminal[table.successors] | jnp.any(rewards != 0, axis=0)
    flow = policy * ~over
    start = jnp.where(table.terminal, 0.0, table.start)
    if table.terminal.shape[0] > MAX_STATES:
        return jnp.minimum(_visits(table, flow, start, num_steps), 1.0)
    each = jnp.eye(table.terminal.shape[0])

    def backup(_, reached: Float[Array, "S S"]) -> Float[Array, "S S"]:
        moves = range(flow.shape[1])
        parts = [flow[:, a, None] * reached[table.successors[:, a]] for a in moves]
        return jnp.maximum(reduce(jnp.add, parts), each)

    return start @ jax.lax.fori_loop(0, num_steps - 1, backup, each)


def _visits(
    table: solve.Table, flow: Float[Array, "S A"], start: Float[Array, " S"], num_steps: int
) -> Float[Array, " S"]:
    """Return the expected number of visits to each state in `num_steps` decisions."""

    def forward(_, carry):
        total, present = carry
        arrived = jnp.zeros_like(present).at[table.successors].add(present[:, None] * flow)
        return total + arrived, arrived

    return jax.lax.fori_loop(0, num_steps - 1, forward, (start, start))[0]
