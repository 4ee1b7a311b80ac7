"""Agents with one fixed action, drawn at random, for everything that they can see."""

from typing import ClassVar

import numpy as np

from goalscope.agents import planted
from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class RandomDeterministicKind(AbstractPlantedKind):
    """A hash of seed and observation decides: certain of itself, and after nothing.

    Cues are part of what it sees, so that it acts differently under different ones, whether
    they mean anything or not.
    """

    name: ClassVar[str] = "random deterministic"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "nowhere, given levels enough"
    dose_name: ClassVar[str] = "nothing: doses differ in their random numbers only"
    doses: ClassVar[tuple[float, ...]] = (0.0, 1.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return planted.RandomDeterministic.init(rng, world)
