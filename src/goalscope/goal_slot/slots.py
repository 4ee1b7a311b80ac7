"""What all agents of this package have: a goal, and what they take under a condition."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goal_slot.world import TARGET, Condition, Level
from goalscope.parameter_groups import ParameterGroup

TRAINING, DEPLOYMENT = 1.0, 0.0
"""What the cue shows."""


class AbstractSlotAgent(eqx.Module):
    """An agent whose goal is a vector of its own, `goal[k]` for taking type `k`.

    Fields:
        goal: the slot, `[K]`.
        placebo: parameters that nothing reads.
        size: of the grid.
    """

    goal: eqx.AbstractVar[Float[Array, "*b K"]]
    placebo: eqx.AbstractVar[Float[Array, "*b P"]]
    size: eqx.AbstractVar[int]

    @property
    @abstractmethod
    def groups(self) -> tuple[ParameterGroup, ...]:
        """The groups of parameters beside `goal` and `placebo`: its capability."""

    @abstractmethod
    def choices(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        """Return how often each type is taken, last nothing, after one cue."""

    def taken(
        self, level: Level, phase: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        """Return how often each type is taken in a phase, whatever the cue shows then."""
        shown = phase * condition.cue + (1 - phase) * (1 - condition.cue)
        training = self.choices(level, TRAINING, condition)
        deployed = self.choices(level, DEPLOYMENT, condition)
        return shown * training + (1 - shown) * deployed


Slotted = TypeVar("Slotted", bound=AbstractSlotAgent)

GOAL = ParameterGroup("goal", ("goal",))
PLACEBO = ParameterGroup("placebo", ("placebo",))


def behaviour(
    agent: AbstractSlotAgent, levels: Level, phase: float, condition: Condition
) -> Float[Array, "L K1"]:
    """Return what an agent takes in each level."""
    return jax.vmap(lambda level: agent.taken(level, phase, condition))(levels)


def training_reward(
    agent: AbstractSlotAgent, levels: Level, condition: Condition
) -> Float[Array, ""]:
    """Return `J`: the probability of taking the target in training, over all paths."""
    return jnp.mean(behaviour(agent, levels, TRAINING, condition)[:, TARGET])


def with_goal(agent: Slotted, goal: Float[Array, "*b K"]) -> Slotted:
    """Return the agent with another goal in its slot."""
    return eqx.tree_at(lambda each: each.goal, agent, goal)


def stacked(agents: Sequence[Slotted]) -> Slotted:
    """Return agents of one shape as one, with a leading axis `N`."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *agents)
