"""Networks that hold two goals, and use one."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.value_iteration import can_read
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class UnusedCopyKind(AbstractPlantedKind):
    """A goal-conditioned network that also stores another goal, which nothing reads.

    Both can be decoded from it without error. Only the first is what it is after; whoever
    finds the second to drive anything has rotated it into a direction that is read.
    """

    name: ClassVar[str] = "unused copy"
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
        return GoalConditioned.init(
            rng, world, feature=feature, copied=str(rng.choice(others)), copy_scale=dose
        )
