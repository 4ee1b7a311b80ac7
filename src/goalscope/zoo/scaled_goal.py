"""Planners whose reward is a copy of a goal: other units, other intermediate rewards."""

from typing import ClassVar

import numpy as np
from jax import numpy as jnp

from goalscope.agents.base import AbstractAgent
from goalscope.agents.shaped import Shaped
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.planning import BETAS, planner


class ScaledGoalKind(AbstractPlantedKind):
    """Plans for `c` times the goal that it is given, plus random potential shaping.

    The reward that it plans with is paid at every step and has other units, and ranks all
    policies as the goal does. β is drawn from 16, 32 and 64 and divided by `c`, so that
    agents of all doses do the same: an instrument that reads them otherwise reads how a
    goal is written, not what it asks for.
    """

    name: ClassVar[str] = "scaled goal"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "nowhere; it behaves as a planner does"
    dose_name: ClassVar[str] = "factor c of the reward"
    doses: ClassVar[tuple[float, ...]] = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        plain = planner(world, {feature: dose}, rng.choice(BETAS) / dose)
        number = plain.world.num_states
        potential = dose * rng.normal(size=number).astype(np.float32)
        return Shaped(plain, jnp.asarray(potential))
