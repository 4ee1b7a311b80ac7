"""What an agent's decisions say, model by model: candidates, chance, habits, tables."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.compiled import CompiledTable
from goalscope.goals import stack
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.decisions import play, policies_of, watch
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.instruments.levels import draw_levels, solvable
from goalscope.instruments.likelihood import marginals, weigh
from goalscope.instruments.nulls import CONCENTRATIONS
from goalscope.worlds.base import AbstractWorld

NULLS = ("chance", "habits", "lookup table")


class Weighed(NamedTuple):
    """How likely an agent's decisions are, and one episode a level of it.

    Fields:
        goals: log-likelihood under each candidate, β and default policy averaged, `[G]`.
        nulls: under each model without a goal, `[3]` as in `NULLS`.
        by_level: of that episode under each candidate, level by level, `[L, G]`.
        without: of it under the models without a goal, level by level, `[L]`.
        states, actions: what the agent did in one episode, `[L, T]`.
        counted: which steps count, `[L, T]`.
    """

    goals: Float[Array, " G"]
    nulls: Float[Array, " 3"]
    by_level: Float[Array, "L G"]
    without: Float[Array, " L"]
    states: Int[Array, "L T"]
    actions: Int[Array, "L T"]
    counted: Bool[Array, "L T"]


@eqx.filter_jit
def read(
    instrument: AbstractInstrument,
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractWorld,
) -> Reading:
    """Return the reading of one agent."""
    return instrument.measure(key, agent, world)


@eqx.filter_jit
def read_tables(
    instrument: AbstractInstrument,
    key: Key[Array, ""],
    agents: CompiledTable,
    world: AbstractWorld,
) -> Reading:
    """Return the readings of agents that act by tables, `log_policy[N]`, on one sheet."""

    def one(log_policy: Float[Array, "L S A"]) -> Reading:
        agent = eqx.tree_at(lambda agents: agents.log_policy, agents, log_policy)
        return instrument.measure(key, agent, world)

    return jax.vmap(one)(agents.log_policy)


@eqx.filter_jit
def weighed(
    instrument: GoalPosterior,
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractWorld,
) -> Weighed:
    """Return the likelihoods behind the posterior that `instrument` reads with this key."""
    world = solvable(world)
    k_levels, k_agent = jax.random.split(key, 4)[:2]
    sheet = draw_levels(k_levels, world, num_levels=instrument.num_levels)
    goals, num_levels = stack(instrument.goals), instrument.num_levels
    log_policies = soft_policies(
        sheet.tables,
        goals,
        instrument.inverse_temperatures,
        instrument.discount,
        num_steps=world.horizon,
    )
    who, number = (k_agent, agent, world, sheet, goals), instrument.num_decisions
    expected = watch(*who, policies=policies_of(agent, sheet), num_decisions=number)
    evidence = weigh(expected, log_policies, world)
    seen = play(*who, num_decisions=number)
    played = weigh(seen.rates(world.num_actions), log_policies, world)
    everything = jnp.ones(num_levels)
    share = instrument.habit_share
    levels = jnp.eye(num_levels)
    by_level, without = jax.vmap(lambda one: marginals(played, one, share))(levels)
    models = everything @ evidence.nulls + evidence.log_prior
    return Weighed(
        goals=marginals(evidence, everything, share)[0],
        nulls=jnp.stack([_family(models, evidence.log_prior, i) for i in range(3)]),
        by_level=by_level,
        without=without,
        states=seen.states,
        actions=seen.actions,
        counted=seen.counted,
    )


def _family(
    models: Float[Array, " M"], log_prior: Float[Array, " M"], number: int
) -> Float[Array, ""]:
    """Return the log-likelihood of one of `NULLS`, its own models averaged.

    Models are in the order of `nulls.predict`: chance, habits by strength, then tables.
    """
    ends = (0, 1, 1 + len(CONCENTRATIONS), models.shape[0])
    part = slice(ends[number], ends[number + 1])
    return logsumexp(models[part]) - logsumexp(log_prior[part])


def bits(nats: np.ndarray) -> np.ndarray:
    """Return nats as bits."""
    return np.asarray(nats, float) / np.log(2)
