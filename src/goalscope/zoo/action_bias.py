"""Agents that act at random, with habits."""

from typing import ClassVar

import numpy as np

from goalscope.agents import planted
from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class ActionBiasKind(AbstractPlantedKind):
    """The same action probabilities in every state, drawn from a Dirichlet distribution."""

    name: ClassVar[str] = "action bias"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "habits towards a place that is a goal look like that goal"
    dose_name: ClassVar[str] = "concentration of the Dirichlet; larger is more uniform"
    doses: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planted.action_biased(rng, world, concentration=dose)
