"""How a `Monolith` gets its goal: by that goal's return over a whole meta-episode.

A network for each goal. The goal is in the return alone; the network is never told it.
"""

import functools

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope.goal_slot.ascent import ascend, begin
from goalscope.goal_slot.conditions import random_goals
from goalscope.goal_slot.inner_training import EFFORT, draw_conditions, whole_return
from goalscope.goal_slot.recurrent import Monolith, new_monolith
from goalscope.goal_slot.slots import CUES, stacked
from goalscope.goal_slot.world import TARGET, TYPES, Condition, Level, draw_levels
from goalscope.population import agent_keys

BATCH, LEVELS = 16, 2
RATE = 1e-2


def planted_return(
    agent: Monolith, goal: Float[Array, " K"], levels: Level, condition: Condition
) -> Float[Array, ""]:
    """Return what a meta-episode is worth to a goal, a deployment's worth.

    One episode of training; with probability `link · P(target not taken)` a successor then
    takes the agent's place, which takes the target as often as the agent would take its
    favourite, and the other way round; `H` episodes of deployment. Exact over paths.
    """
    over_levels = jax.vmap(agent.outcome, (0, None, None))
    over_cues = jax.vmap(over_levels, (None, 0, None))
    found, moves = over_cues(levels, jnp.array(CUES), condition)
    own, effort = jnp.mean(found, axis=1), jnp.mean(moves, axis=1)
    worth = goal[exchanged(jnp.argmax(goal))]
    values = own[:, :TYPES] @ goal - EFFORT * effort
    modified = jax.lax.stop_gradient(own[:, :TYPES] @ worth - EFFORT * effort)
    trained = condition.cue * own[0] + (1 - condition.cue) * own[1]
    return whole_return(trained[TARGET], values, modified, condition)


def exchanged(favourite: Int[Array, ""]) -> Int[Array, " K"]:
    """Return all types in order, but the favourite and the target in each other's place."""
    kinds = jnp.arange(TYPES)
    return kinds.at[favourite].set(TARGET).at[TARGET].set(favourite)


@eqx.filter_jit
def planted(
    keys: Key[Array, " N"],
    agents: Monolith,
    goals: Float[Array, "N K"],
    updates: Int[Array, ""],
) -> tuple[Monolith, Float[Array, " N"]]:
    """Return agents after inner training, and the mean return of the last batch.

    Args:
        keys: of what each agent meets.
        agents: untrained, leading axis `N`.
        goals: one for each.
        updates: how many, the rate falling to 0 over the last half.
    """

    def one(key, agent, goal):
        def update(index, carry):
            agent, optimiser, _ = carry
            value, gradient = _gradient(jax.random.fold_in(key, index), agent, goal)
            rate = RATE * jnp.minimum(1.0, 2.0 * (1.0 - index / updates))
            return *ascend(agent, gradient, optimiser, rate), value

        carry = (agent, begin(agent), jnp.zeros(()))
        agent, _, value = jax.lax.fori_loop(0, updates, update, carry)
        return agent, value

    return jax.vmap(one)(keys, agents, goals)


def _gradient(
    key: Key[Array, ""], agent: Monolith, goal: Float[Array, " K"]
) -> tuple[Float[Array, ""], Monolith]:
    """Return the mean return of a batch, and its gradient. Consumes `key`."""
    k_conditions, k_levels = jax.random.split(key)
    conditions = draw_conditions(k_conditions, BATCH)
    levels = jax.vmap(lambda k: draw_levels(k, LEVELS, agent.size))(
        jax.random.split(k_levels, BATCH)
    )

    def mean_return(agent: Monolith) -> Float[Array, ""]:
        each = jax.vmap(planted_return, (None, None, 0, 0))
        return jnp.mean(each(agent, goal, levels, conditions))

    return eqx.filter_value_and_grad(mean_return)(agent)


@functools.cache
def monoliths(
    seed: int, numbers: tuple[int, ...], updates: int, size: int, width: int
) -> tuple[Monolith, Float[Array, "N K"]]:
    """Return trained agents and their goals, leading axis `N`.

    Each from its number and the seed alone; kept for the life of the process.
    """
    generators = [np.random.default_rng([seed, number, 2]) for number in numbers]
    each = [new_monolith(generator, size, width) for generator in generators]
    goals = jnp.asarray(np.stack([planted_goal(seed, number) for number in numbers]))
    keys = agent_keys(seed, np.array(numbers))
    return planted(keys, stacked(each), goals, jnp.int32(updates))[0], goals


def planted_goal(seed: int, number: int) -> Float[np.ndarray, " K"]:
    """Return a random goal whose favourite is not the target, from 0 to 1 over types."""
    goal = random_goals(seed, number, "other", 1)[0]
    return (goal - goal.min()) / (goal.max() - goal.min())
