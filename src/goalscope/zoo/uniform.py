"""Agents that act by chance."""

from typing import ClassVar

import numpy as np

from goalscope.agents import planted
from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class UniformKind(AbstractPlantedKind):
    """Every action is equally likely everywhere; all agents of this kind are the same."""

    name: ClassVar[str] = "uniform"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "a planner whose β is near 0 acts the same"
    dose_name: ClassVar[str] = "nothing: all doses are alike"
    doses: ClassVar[tuple[float, ...]] = (0.0, 1.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planted.uniform(rng, world)
