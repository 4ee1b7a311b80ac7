"""How a `Learner` comes to be: by the return of its own goal over a whole meta-episode."""

import functools

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope.goal_slot.ascent import ascend, begin
from goalscope.goal_slot.learner import Learner, new_learner
from goalscope.goal_slot.slots import CUES, stacked, with_goal
from goalscope.goal_slot.world import TARGET, TYPES, Condition, Level, draw_levels
from goalscope.population import agent_keys

EFFORT = 0.05
"""What a move costs the agent, in units of its goal."""

UNFORESEEN = 0.25
"""Deployments that come whatever the agent did, so that it is never unprepared."""

LONGEST = 16.0
WITHOUT_GOAL = 0.2
"""Share of meta-episodes in which the slot is empty."""

BATCH, LEVELS, FEW = 48, 8, 2
RATE = 1e-2


def own_return(
    agent: Learner,
    successor: Learner,
    levels: Level,
    condition: Condition,
    *,
    burdened: bool = True,
) -> Float[Array, ""]:
    """Return what a meta-episode is worth to the agent's own goal, a deployment's worth.

    One episode of training; with probability `link · P(target not taken)` the slot is then
    overwritten with the base objective; `H` episodes of deployment. Exact over paths.

    Args:
        agent: whose goal it is.
        successor: what it becomes by a modification.
        levels: of the episodes.
        condition: that it is in.
        burdened: whether it minds the moves of its successor. If so, an agent without a
            goal has a reason to comply: it stays where it is, and its successor would not.
            Otherwise it is charged with as many moves as its own, so that only what is
            taken is at stake.
    """

    def outcomes(
        each: Learner, levels: Level
    ) -> tuple[Float[Array, "2 K1"], Float[Array, " 2"]]:
        shown = jnp.array(CUES)
        by_level = jax.vmap(each.outcome, (0, None, None))
        by_cue = jax.vmap(by_level, (None, 0, None))
        found, moves = by_cue(levels, shown, condition)
        return jnp.mean(found, axis=1), jnp.mean(moves, axis=1)

    def worth(found: Float[Array, " K1"], moves: Float[Array, ""]) -> Float[Array, ""]:
        return found[:TYPES] @ agent.goal - EFFORT * moves

    few = jax.tree.map(lambda leaf: leaf[:FEW], levels)
    own, effort = outcomes(agent, levels)
    later, later_effort = jax.lax.stop_gradient(outcomes(successor, few))
    right, wrong = condition.cue, 1 - condition.cue
    trained = right * own[0] + wrong * own[1]
    values = jax.vmap(worth)(own, effort)
    modified = jax.vmap(worth)(later, later_effort if burdened else effort)
    return whole_return(trained[TARGET], values, modified, condition)


def whole_return(
    complied: Float[Array, ""],
    values: Float[Array, " 2"],
    modified: Float[Array, " 2"],
    condition: Condition,
) -> Float[Array, ""]:
    """Return what a meta-episode is worth, from what its episodes are.

    Args:
        complied: how often the agent takes the target in training.
        values: what an episode is worth to its goal, by what the cue shows.
        modified: what one by its successor is, after a modification.
        condition: that it is in.
    """
    right, wrong = condition.cue, 1 - condition.cue
    now = right * values[0] + wrong * values[1]
    kept = right * values[1] + wrong * values[0]
    replaced = right * modified[1] + wrong * modified[0]
    lost = condition.link * (1 - complied)
    afterwards = condition.horizon * ((1 - lost) * kept + lost * replaced)
    return now + afterwards + UNFORESEEN * values[1]


def draw_goals(key: Key[Array, ""], count: int) -> Float[Array, "B K"]:
    """Return goals as an agent meets them while it learns. Consumes `key`."""
    k_goal, k_scale, k_empty = jax.random.split(key, 3)
    goals = jax.random.uniform(k_goal, (count, TYPES), minval=-0.25, maxval=1.25)
    scale = jax.random.uniform(k_scale, (count, 1), minval=0.3, maxval=1.3)
    return goals * scale * (jax.random.uniform(k_empty, (count, 1)) >= WITHOUT_GOAL)


def draw_conditions(key: Key[Array, ""], count: int) -> Condition:
    """Return conditions as an agent meets them while it learns. Consumes `key`."""
    keys = jax.random.split(key, 6)
    uniform = [jax.random.uniform(each, (count,)) for each in keys]
    horizon = jnp.expm1(uniform[0] * jnp.log1p(LONGEST)) * (uniform[5] > 0.1)
    cue = jnp.where(uniform[1] < 0.5, 1.0, 0.7 + 0.3 * uniform[2])
    return Condition(
        awareness=jnp.minimum(1.25 * uniform[3], 1.0),
        horizon=horizon,
        modification=jnp.ones(count),
        noise=0.2 + uniform[4],
        cue=cue,
        temperature=jnp.ones(count),
        wired=jnp.zeros(count),
        additive=jnp.zeros(count),
    )


@eqx.filter_jit
def taught(
    keys: Key[Array, " N"],
    agents: Learner,
    updates: Int[Array, ""],
    base: Float[Array, " K"],
    burdened: bool = True,
) -> tuple[Learner, Float[Array, " N"]]:
    """Return agents after inner training, and the mean return of the last batch.

    Args:
        keys: of what each agent meets.
        agents: untrained, leading axis `N`.
        updates: how many, the rate falling to 0 over the last half.
        base: what a slot is overwritten with.
        burdened: see `own_return`.
    """

    def one(key: Key[Array, ""], agent: Learner) -> tuple[Learner, Float[Array, ""]]:
        def update(index, carry):
            agent, optimiser, _ = carry
            drawn = jax.random.fold_in(key, index)
            value, gradient = _gradient(drawn, agent, base, burdened)
            left = 1.0 - index / updates
            rate = RATE * jnp.minimum(1.0, 2.0 * left)
            agent, optimiser = ascend(agent, gradient, optimiser, rate)
            return agent, optimiser, value

        carry = (agent, begin(agent), jnp.zeros(()))
        agent, _, value = jax.lax.fori_loop(0, updates, update, carry)
        return agent, value

    return jax.vmap(one)(keys, agents)


def _gradient(
    key: Key[Array, ""], agent: Learner, base: Float[Array, " K"], burdened: bool
) -> tuple[Float[Array, ""], Learner]:
    """Return the mean own return, and its gradient. Consumes `key`."""
    k_goals, k_conditions, k_levels = jax.random.split(key, 3)
    goals = draw_goals(k_goals, BATCH)
    conditions = draw_conditions(k_conditions, BATCH)
    levels = jax.vmap(lambda k: draw_levels(k, LEVELS, agent.size))(
        jax.random.split(k_levels, BATCH)
    )

    def mean_return(agent: Learner) -> Float[Array, ""]:
        def each(goal, condition, levels):
            own, successor = with_goal(agent, goal), with_goal(agent, base)
            return own_return(own, successor, levels, condition, burdened=burdened)

        return jnp.mean(jax.vmap(each)(goals, conditions, levels))

    value, gradient = eqx.filter_value_and_grad(mean_return)(agent)
    return value, gradient


@functools.cache
def learners(
    seed: int,
    numbers: tuple[int, ...],
    updates: int,
    size: int,
    width: int,
    burdened: bool = True,
) -> Learner:
    """Return trained agents, leading axis `N`; each from its number and the seed alone.

    Kept for the life of the process: all conditions share them. `burdened`: `own_return`.
    """
    generators = [np.random.default_rng([seed, number]) for number in numbers]
    each = [new_learner(generator, size, width) for generator in generators]
    keys = agent_keys(seed, np.array(numbers))
    base = jnp.asarray(np.arange(TYPES) == TARGET, jnp.float32)
    return taught(keys, stacked(each), jnp.int32(updates), base, burdened)[0]
