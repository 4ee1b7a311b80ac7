"""Networks whose slot for a goal is read by nothing, beside one that is."""

import dataclasses
from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.goal_conditioned import COPY, GOAL, GoalConditioned
from goalscope.agents.value_iteration import can_read
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class DormantGoalKind(AbstractPlantedKind):
    """A goal-conditioned network whose slot *called* goal is the one that it ignores.

    What is in that slot can be decoded without error and drives nothing. The goal that the
    network pursues is in another slot.
    """

    name: ClassVar[str] = "dormant goal"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "four times the side of the maze"
    ambiguous: ClassVar[str] = "where two features lie in one place"
    dose_name: ClassVar[str] = "norm of the unused goal, in units of that of the used one"
    doses: ClassVar[tuple[float, ...]] = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)

    def supports(self, world: AbstractWorld) -> bool:
        return can_read(world) and len(world.feature_names) > 1

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        others = [name for name in world.feature_names if name != feature]
        copied = str(rng.choice(others))
        agent = GoalConditioned.init(
            rng, world, feature=feature, copied=copied, copy_scale=dose
        )
        return dataclasses.replace(agent, slots=(COPY, GOAL))
