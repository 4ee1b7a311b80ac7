"""Tables of what a planner did in some levels: a goal without search."""

from typing import ClassVar

import jax
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.compiled import compile_agent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import FixedLevels, underlying
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import BETAS, planner

ROOM = 64
"""Levels in a table, some of them several times: tables of all doses have one shape."""


class CompiledTableKind(AbstractPlantedKind):
    """Does by heart what a planner for its goal did in the levels that it has stored.

    In a world of `FixedLevels` these are the first of its levels, all of them if the dose
    is large enough; in any other they are drawn, and no level that it meets is among them.
    In levels that it has stored it cannot be told from the planner; elsewhere it does what
    was right in the level that looks most alike. β is drawn from 16, 32, 64.
    """

    name: ClassVar[str] = "compiled table"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "in stored levels it acts as a planner does"
    dose_name: ClassVar[str] = "stored levels"
    doses: ClassVar[tuple[float, ...]] = (4.0, 8.0, 16.0, 32.0, 64.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        key = jax.random.key(rng.integers(2**32, dtype=np.uint32))
        if not isinstance(world, FixedLevels):
            world = FixedLevels.sample(key, agent.world, num_levels=ROOM)
        which = np.arange(ROOM) % min(int(dose), world.num_levels)
        levels = jax.tree.map(lambda leaf: leaf[which], world.levels)
        return compile_agent(agent, agent.world, levels)
