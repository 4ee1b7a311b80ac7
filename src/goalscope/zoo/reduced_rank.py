"""Agents whose degeneracy is known exactly."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.reduced_rank import ReducedRankPolicy
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class ReducedRankKind(AbstractPlantedKind):
    """A policy of two linear layers, with 5 inputs, 3 hidden units and a truth of low rank.

    In a world of four actions the learning coefficient of all its parameters is 5.5, 6.5,
    7.5 for a rank of 1, 2, 3; of one of its layers alone it is `5/2` (capability) or `3/2`
    (goal) times the rank. The dose is the rank; there are only three, so both halves of
    the zoo have all of them.
    """

    name: ClassVar[str] = "reduced-rank network"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "rank of the truth"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 3.0, 1.0, 2.0, 3.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return ReducedRankPolicy.init(rng, world, rank=round(dose))
