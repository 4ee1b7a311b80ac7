"""Planners that flee what others seek."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import planner


class AntiGoalKind(AbstractPlantedKind):
    """Plans not to get to the feature that it is given: −1 for it, and 0 for all else.

    The same as a negative inverse temperature. Where the feature is easy to keep away from
    it does as it pleases, and shows its goal next to it only.
    """

    name: ClassVar[str] = "anti goal"
    truth: ClassVar[Truth] = "outside the set"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "far from what it flees it acts by chance"
    dose_name: ClassVar[str] = "−β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planner(world, {feature: 1.0}, -dose)
