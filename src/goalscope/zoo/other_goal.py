"""Planners for a goal that no instrument is told of."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.candidates import outside_feature
from goalscope.zoo.planning import planner


class OtherGoalKind(AbstractPlantedKind):
    """Plans to get to the world's last feature, which is none of the candidates."""

    name: ClassVar[str] = "other goal"
    truth: ClassVar[Truth] = "outside the set"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "where the way to its goal leads over a candidate"
    dose_name: ClassVar[str] = "inverse temperature β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (8.0, 16.0, 24.0, 32.0, 64.0, 128.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planner(world, {outside_feature(world): 1.0}, dose)
