"""Agents that want what they are given, and fall short of it: what models leave out."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.noisy import Noisy, PartlyBlind
from goalscope.agents.planner import Planner
from goalscope.agents.satisficer import Satisficer
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import underlying
from goalscope.worlds.grid import AbstractGridWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import BETAS, planner

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)


class NoisyPlannerKind(AbstractPlantedKind):
    """Plans, and at every step acts by chance with probability ε instead.

    Unlike a planner with a small β, it errs as often where much is at stake. Its β is drawn
    from 16, 32, 64.
    """

    name: ClassVar[str] = "noisy planner"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "ε, share of steps by chance"
    doses: ClassVar[tuple[float, ...]] = SHARES

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        return _noisy(agent, world, walls=1.0, epsilon=dose)


class WallBlindKind(AbstractPlantedKind):
    """Plans as if there were no walls, and acts by chance with probability ε.

    It walks straight towards its goal, and against every wall in between, until it errs: a
    heuristic and no search. Its β is drawn from 16, 32, 64.
    """

    name: ClassVar[str] = "wall-blind"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon, without walls"
    ambiguous: ClassVar[str] = "where no wall is in its way it acts as a noisy planner"
    dose_name: ClassVar[str] = "ε, share of steps by chance"
    doses: ClassVar[tuple[float, ...]] = SHARES

    def supports(self, world: AbstractWorld) -> bool:
        grid = isinstance(world, AbstractSolvableWorld) and underlying(world)
        return isinstance(grid, AbstractGridWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        return _noisy(agent, world, walls=0.0, epsilon=dose)


class SatisficerKind(AbstractPlantedKind):
    """Acts by chance where that gets it to its goal with probability `c`, else optimally.

    The aspiration `c` is measured to the horizon of the world (`agents.satisficer`).
    """

    name: ClassVar[str] = "satisficer"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon, where chance is not good enough"
    ambiguous: ClassVar[str] = "where chance is good enough it shows no goal"
    dose_name: ClassVar[str] = "aspiration c, probability to get there"
    doses: ClassVar[tuple[float, ...]] = (0.3, 0.5, 0.7, 0.8, 0.9, 1.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, 1.0)
        return Satisficer(agent.world, agent.goal, dose)


def _noisy(agent: Planner, world: AbstractWorld, *, walls: float, epsilon: float) -> Noisy:
    """Return a noisy copy that sees the first plane of a level as far as `walls` says."""
    seen = np.ones(world.level_shape[0], np.float32)
    seen[0] = walls
    return Noisy(PartlyBlind(agent, seen), epsilon)
