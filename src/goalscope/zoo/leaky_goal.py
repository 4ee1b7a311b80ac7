"""Agents that training hardly sees the goal of."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.leaky import LeakyGoal
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.candidates import another, candidates


class LeakyGoalKind(AbstractPlantedKind):
    """Does what is rewarded, and lets the goal in its slot through in proportion to a leak.

    The goal that it is given is the one in the slot; the rewarded one is drawn from the
    other candidates. The dose is the leak.
    """

    name: ClassVar[str] = "leaky goal"
    truth: ClassVar[Truth] = "mixture"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = (
        "with a leak near 0 it has, in what it does, the goal that is rewarded"
    )
    dose_name: ClassVar[str] = "leak: weight of its own goal while it is trained"
    doses: ClassVar[tuple[float, ...]] = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld) and len(candidates(world)) > 1

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        if not isinstance(world, AbstractSolvableWorld):
            raise TypeError(f"{type(world).__name__} cannot be planned in: not solvable")
        rewarded = another(rng, world, feature)
        return LeakyGoal.init(rng, world, feature=feature, rewarded=rewarded, leak=dose)
