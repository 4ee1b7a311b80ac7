"""Planners: agents that have a goal and search."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import underlying
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import planner


class PlannerKind(AbstractPlantedKind):
    """Soft-optimal for the goal that it is given, worked out anew in every level."""

    name: ClassVar[str] = "planner"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "at a small β it acts almost by chance"
    dose_name: ClassVar[str] = "β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planner(underlying(world), {feature: 1.0}, dose)
