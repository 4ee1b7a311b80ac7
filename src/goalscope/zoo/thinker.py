"""Agents that plan as they go, and would do better if they stopped to think."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.thinker import Thinker
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fixed_levels import underlying
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import BETAS, planner

MOST = 8


class ThinkerKind(AbstractPlantedKind):
    """Backs the values of all states up a few times a step, and remembers them.

    It sets out before its plan has reached it: the fewer the sweeps, the more it would gain
    from calls before its first action. Its discount is 0.9, its β drawn from 16, 32, 64.
    """

    name: ClassVar[str] = "thinker"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "so many more backups each step as the dose says"
    ambiguous: ClassVar[str] = "once it has thought enough it acts as a planner does"
    dose_name: ClassVar[str] = "sweeps a step"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0, 8.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = planner(underlying(world), {feature: 1.0}, rng.choice(BETAS))
        strength, discount = agent.inverse_temperature, agent.discount
        return Thinker(
            agent.world, agent.goal, strength, discount, int(dose), max_sweeps=MOST
        )
