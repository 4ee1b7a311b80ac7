"""Planners that carry a plan out without looking."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.open_loop import OpenLoop
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import underlying
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import planner


class OpenLoopKind(AbstractPlantedKind):
    """Plans for its goal, and looks where it is at every so many steps only.

    In between it does what is best where it believes to be: undisturbed it goes the
    shortest way, and once pushed off it goes on as if nothing had happened. Its β is 64.
    """

    name: ClassVar[str] = "open loop"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "where nothing pushes it, it acts as a planner does"
    dose_name: ClassVar[str] = "steps from one look to the next"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return OpenLoop(planner(underlying(world), {feature: 1.0}, 64.0), round(dose))
