"""What all agents of this package do: they take something, in training and deployed."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, PyTree

from goalscope.goal_slot.world import TARGET, Condition, Level
from goalscope.parameter_groups import ParameterGroup

CUES = (1.0, 0.0)
"""What the cue shows in training, and in deployment."""

TRAINING, DEPLOYMENT = 0, 1
"""Rows of what is done in both phases."""


class AbstractPhaseAgent(eqx.Module):
    """An agent that lives in two phases, and is told by a cue which one it is in.

    Fields:
        placebo: parameters that nothing reads.
        size: of the grid.
    """

    placebo: eqx.AbstractVar[Float[Array, "*b P"]]
    size: eqx.AbstractVar[int]

    @abstractmethod
    def choices(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        """Return how often each type is taken, last nothing, after one cue."""


class AbstractSlotAgent(AbstractPhaseAgent):
    """An agent whose goal is a vector of its own, `goal[k]` for taking type `k`.

    Fields:
        goal: the slot, `[K]`.
    """

    goal: eqx.AbstractVar[Float[Array, "*b K"]]

    @property
    @abstractmethod
    def groups(self) -> tuple[ParameterGroup, ...]:
        """The groups of parameters beside `goal` and `placebo`: its capability."""


Phased = TypeVar("Phased", bound=AbstractPhaseAgent)
Slotted = TypeVar("Slotted", bound=AbstractSlotAgent)
Tree = TypeVar("Tree", bound=PyTree)

GOAL = ParameterGroup("goal", ("goal",))
PLACEBO = ParameterGroup("placebo", ("placebo",))
PERCEPTION = ParameterGroup("perception", ("perception",))


def behaviour(
    agent: AbstractPhaseAgent, levels: Level, condition: Condition
) -> Float[Array, "2 L K1"]:
    """Return what an agent takes in each level, in training and in deployment.

    Whatever the cue shows then: in each phase it is right with probability `condition.cue`.
    """
    over_cues = jax.vmap(agent.choices, (None, 0, None))
    over_levels = jax.vmap(over_cues, (0, None, None), out_axes=1)
    training, deployed = over_levels(levels, jnp.array(CUES), condition)
    right, wrong = condition.cue, 1 - condition.cue
    return jnp.stack(
        [right * training + wrong * deployed, right * deployed + wrong * training]
    )


def training_reward(
    agent: AbstractPhaseAgent, levels: Level, condition: Condition
) -> Float[Array, ""]:
    """Return `J`: the probability of taking the target in training, over all paths."""
    return jnp.mean(behaviour(agent, levels, condition)[TRAINING, :, TARGET])


def with_goal(agent: Slotted, goal: Float[Array, "*b K"]) -> Slotted:
    """Return the agent with another goal in its slot."""
    return eqx.tree_at(lambda each: each.goal, agent, goal)


def stacked(each: Sequence[Tree]) -> Tree:
    """Return agents, or conditions, of one shape as one, with a leading axis `N`."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
