"""Planners that look only so far ahead."""

import dataclasses
from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import underlying
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import BETAS, planner


class ShortSightedKind(AbstractPlantedKind):
    """Plans with `k` backups: what is more than `k + 1` steps away does not exist for it.

    Its discount is 0.9, its β drawn from 16, 32, 64.
    """

    name: ClassVar[str] = "short-sighted planner"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "so many backups as the dose says"
    ambiguous: ClassVar[str] = "out of sight of its goal it acts by chance"
    dose_name: ClassVar[str] = "depth, backups"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        return dataclasses.replace(agent, depth=int(dose))


class DiscountingKind(AbstractPlantedKind):
    """Plans to the horizon, and cares γ times less for what comes a step later.

    Its β is drawn from 16, 32, 64.
    """

    name: ClassVar[str] = "discounting planner"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon, less and less"
    ambiguous: ClassVar[str] = "far from its goal it acts almost by chance"
    dose_name: ClassVar[str] = "γ, a factor a step"
    doses: ClassVar[tuple[float, ...]] = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        return dataclasses.replace(agent, discount=dose)


class MyopicKind(AbstractPlantedKind):
    """Hardly looks beyond its next step: a discounting planner with a small γ.

    It has the goal that it is given, and gets there by accident mostly. Its β is 64.
    """

    name: ClassVar[str] = "myopic"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "a step or two"
    ambiguous: ClassVar[str] = "but for the cells around its goal it acts by chance"
    dose_name: ClassVar[str] = "γ, a factor a step"
    doses: ClassVar[tuple[float, ...]] = (0.05, 0.1, 0.2, 0.3)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, 64.0)
        return dataclasses.replace(agent, discount=dose)
