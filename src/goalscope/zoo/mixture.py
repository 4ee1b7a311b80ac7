"""Planners for two goals at once, one worth more than the other."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.candidates import another, candidates
from goalscope.zoo.planning import BETAS, planner


class MixtureKind(AbstractPlantedKind):
    """Plans for `w` at one goal or `1 − w` at another, whichever it gets to first.

    The weighted sum of two rewards, not a goal drawn for each episode: it goes to the
    nearer one unless the other is worth the way. β is drawn from 16, 32 and 64.
    """

    name: ClassVar[str] = "mixture"
    truth: ClassVar[Truth] = "mixture"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = (
        "with γ = 0.9 a weight w outbids the other goal over log(w / (1 − w)) / 0.105 "
        "steps: from 0.7 on, that is one goal in all but name"
    )
    dose_name: ClassVar[str] = "weight w of the goal that it is given, of 1 in all"
    doses: ClassVar[tuple[float, ...]] = (0.5, 0.52, 0.54, 0.56, 0.58, 0.6)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld) and len(candidates(world)) > 1

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        other = another(rng, world, feature)
        return planner(world, {feature: dose, other: 1 - dose}, rng.choice(BETAS))
