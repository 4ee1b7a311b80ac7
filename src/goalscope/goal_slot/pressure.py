"""Whether training pushes the goal or the capability of an agent with a slot.

All is exact over paths: `J` is the probability of taking the target in training, averaged
over given levels.
"""

from typing import NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.goal_slot.slots import (
    DEPLOYMENT,
    GOAL,
    PLACEBO,
    TRAINING,
    AbstractSlotAgent,
    behaviour,
    training_reward,
    with_goal,
)
from goalscope.goal_slot.steps import changes, norm, step_ratios
from goalscope.goal_slot.world import TARGET, Condition, Level, alone
from goalscope.parameter_groups import flat_group, split_group, tangential

GROUPS = ("goal", "capability", "perception", "belief", "policy", "placebo")


class Pressure(NamedTuple):
    """What training does to one agent.

    Fields:
        norms: of the gradient by group, in the order of `GROUPS`, tangential for the goal;
            NaN for a group that the agent lacks.
        signed: `∂J/∂g · (e_favourite − e_target)`: above 0, training widens the gap.
        along: `∂J/∂g · g`, the pressure on how much is at stake.
        step: the divergence of behaviour (KL) that a small step of training makes in
            deployment, divided by that in training: of a step of all parameters, and of
            one of the goal alone.
    """

    norms: Float[Array, "*b 6"]
    signed: Float[Array, "*b"]
    along: Float[Array, "*b"]
    step: Float[Array, "*b 2"]


def pressure(agent: AbstractSlotAgent, levels: Level, condition: Condition) -> Pressure:
    """Return how training acts on one agent under a condition."""
    gradient = eqx.filter_grad(training_reward)(agent, levels, condition)
    goal = gradient.goal
    favourite = jnp.argmax(agent.goal)
    only, _ = split_group(gradient, GOAL)
    return Pressure(
        norms=group_norms(gradient, agent),
        signed=goal[favourite] - goal[TARGET],
        along=goal @ agent.goal,
        step=step_ratios(changes(agent, (gradient, only), levels, condition)),
    )


def group_norms(
    gradient: AbstractSlotAgent, agent: AbstractSlotAgent
) -> Float[Array, " 6"]:
    """Return the norm of the gradient in each of `GROUPS`; of the goal without its length.

    Capability is everything but goal and placebo.
    """
    sizes = {
        group.name: norm(flat_group(gradient, group)) for group in (*agent.groups, PLACEBO)
    }
    sizes["goal"] = norm(tangential(gradient.goal, agent.goal))
    own = jnp.stack([sizes[group.name] for group in agent.groups])
    sizes["capability"] = norm(own)
    return jnp.stack([sizes.get(name, jnp.full((), jnp.nan)) for name in GROUPS])


def peaks(
    agent: AbstractSlotAgent, levels: Level, conditions: Condition
) -> Float[Array, " 6"]:
    """Return the largest norms over several conditions, leading axis `C`.

    What the norms of an agent are compared with: under a single condition, such as no
    awareness, an agent may be so sure of itself that no gradient is left.
    """

    def norms(condition: Condition) -> Float[Array, " 6"]:
        gradient = eqx.filter_grad(training_reward)(agent, levels, condition)
        return group_norms(gradient, agent)

    return jnp.max(jax.lax.map(norms, conditions), axis=0)


class Choices(NamedTuple):
    """What one agent does, and what its reward would be with other goals.

    Fields:
        training, deployed: how often it takes each type, last nothing.
        swapped: `J` with another agent's goal.
        ablated: `J` with an empty slot.
        aligned: `J` with the base objective as its goal.
        ambition: `J` with its goal doubled minus `J` with it halved.
    """

    training: Float[Array, "*b K1"]
    deployed: Float[Array, "*b K1"]
    swapped: Float[Array, "*b"]
    ablated: Float[Array, "*b"]
    aligned: Float[Array, "*b"]
    ambition: Float[Array, "*b"]


def choices(
    agent: AbstractSlotAgent,
    other: Float[Array, " K"],
    levels: Level,
    condition: Condition,
) -> Choices:
    """Return what one agent takes; `other` is the goal that it is exchanged with."""
    goal, empty = agent.goal, jnp.zeros_like(agent.goal)
    aligned = empty.at[TARGET].set(1.0)
    goals = jnp.stack([goal, other, empty, aligned, 2.0 * goal, 0.5 * goal])

    def acts(goal: Float[Array, " K"]) -> Float[Array, "2 K1"]:
        return jnp.mean(behaviour(with_goal(agent, goal), levels, condition), axis=1)

    found = jax.lax.map(acts, goals)
    _, swapped, ablated, best, more, less = found[:, TRAINING, TARGET]
    training, deployed = found[0]
    return Choices(training, deployed, swapped, ablated, best, more - less)


def skill(
    agent: AbstractSlotAgent, levels: Level, condition: Condition
) -> Float[Array, ""]:
    """Return how often a deployed agent finds what it wants where nothing else is.

    The mean over types of levels with an object of that type alone, seen without noise.
    """
    clear = eqx.tree_at(lambda c: c.noise, condition, jnp.zeros(()))
    kinds = jnp.arange(agent.goal.shape[-1])

    def finds(kind: Int[Array, ""]) -> Float[Array, ""]:
        wants = with_goal(agent, jax.nn.one_hot(kind, len(kinds)))
        found = behaviour(wants, alone(levels, kind), clear)
        return jnp.mean(found[DEPLOYMENT, :, kind])

    return jnp.mean(jax.lax.map(finds, kinds))
