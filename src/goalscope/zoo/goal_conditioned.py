"""Networks that can pursue any goal, and have one in their slot."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.value_iteration import can_read
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class GoalConditionedKind(AbstractPlantedKind):
    """A universal goal-conditioned policy with a frozen goal vector.

    Its goal is a vector among its activations: swap that, and it pursues another goal.
    """

    name: ClassVar[str] = "goal-conditioned network"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "four times the side of the maze"
    ambiguous: ClassVar[str] = "where two features lie in one place"
    dose_name: ClassVar[str] = "β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

    def supports(self, world: AbstractWorld) -> bool:
        return can_read(world)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return GoalConditioned.init(rng, world, feature=feature, inverse_temperature=dose)
