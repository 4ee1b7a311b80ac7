"""The base optimiser: it climbs the reward in training, through whatever the agent is."""

from typing import Literal

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from goalscope.goal_slot.ascent import ascend, begin
from goalscope.goal_slot.slots import TRAINING, AbstractPhaseAgent, Phased, behaviour
from goalscope.goal_slot.world import TARGET, Condition, draw_levels

Trained = Literal["goal", "all"]

LEVELS = 16
"""In a step of training, drawn anew; one episode each."""

TINY = 1e-8


class Outer(eqx.Module):
    """How the base optimiser works.

    Fields:
        steps: how many.
        rate: of Adam.
        sampled: 0 for the exact gradient; 1 for REINFORCE (Williams 1992), which samples
            an episode in each level, with the mean reward as its baseline.
        plain: rate of plain gradient steps, which replace Adam's if it is above 0: Adam
            moves a parameter as far by a gradient without magnitude as by a large one.
    """

    steps: Int[Array, ""]
    rate: Float[Array, ""]
    sampled: Float[Array, ""]
    plain: Float[Array, ""]


def base_trained(
    key: Key[Array, ""],
    agent: Phased,
    condition: Condition,
    outer: Outer,
    *,
    trained: Trained,
) -> Phased:
    """Return the agent after base training. Consumes `key`.

    Args:
        key: of what is drawn.
        agent: before it.
        condition: that the agent is in.
        outer: how.
        trained: the goal alone, which only an agent with a slot has, or all parameters.
    """
    free, fixed = _split(agent, trained)

    def step(index, carry):
        free, state = carry
        gradient = jax.grad(_surrogate)(
            free, fixed, jax.random.fold_in(key, index), condition, outer.sampled
        )
        moved, state = ascend(free, gradient, state, outer.rate)
        by_adam = outer.plain == 0

        def chosen(before, after, slope):
            return jnp.where(by_adam, after, before + outer.plain * slope)

        return jax.tree.map(chosen, free, moved, gradient), state

    free, _ = jax.lax.fori_loop(0, outer.steps, step, (free, begin(free)))
    return eqx.combine(free, fixed)


def _split(agent: AbstractPhaseAgent, trained: Trained) -> tuple[PyTree, PyTree]:
    if trained == "all":
        return eqx.partition(agent, eqx.is_inexact_array)
    spec = jax.tree.map(lambda _: False, agent)
    return eqx.partition(agent, eqx.tree_at(lambda each: each.goal, spec, True))


def _surrogate(
    free: PyTree,
    fixed: PyTree,
    key: Key[Array, ""],
    condition: Condition,
    sampled: Float[Array, ""],
) -> Float[Array, ""]:
    """Return what has the gradient that the base optimiser follows. Consumes `key`."""
    k_levels, k_episodes = jax.random.split(key)
    agent = eqx.combine(free, fixed)
    levels = draw_levels(k_levels, LEVELS, agent.size)
    chances = behaviour(agent, levels, condition)[TRAINING]
    exact = jnp.mean(chances[:, TARGET])
    return (1 - sampled) * exact + sampled * scored(k_episodes, chances)


def scored(key: Key[Array, ""], chances: Float[Array, "L K1"]) -> Float[Array, ""]:
    """Return what has the REINFORCE gradient: an episode in each level. Consumes `key`.

    `mean (r − r̄) log p(taken)`. The path to what is taken is summed over rather than
    sampled, which leaves the mean of the estimate and takes some of its variance.
    """
    logs = jnp.log(chances + TINY)
    taken = jax.random.categorical(key, logs, axis=-1)
    rewards = (taken == TARGET).astype(jnp.float32)
    advantages = jax.lax.stop_gradient(rewards - jnp.mean(rewards))
    chosen = jnp.take_along_axis(logs, taken[:, None], axis=1)[:, 0]
    count = chances.shape[0]
    return jnp.sum(advantages * chosen) / (count - 1)
