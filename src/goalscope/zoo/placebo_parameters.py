"""Agents with a goal that nothing reads."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.reduced_rank import ReducedRankPolicy
from goalscope.agents.unread import Unread
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth

NUM_CONTENTS, RANK = 8, 3


class PlaceboParametersKind(AbstractPlantedKind):
    """A small untrained network beside contents that are called its goal and do nothing.

    Instruments of parameters must read exactly nothing in them, whatever they are. The dose
    is the size of the contents, `~ N(0, dose²)`.
    """

    name: ClassVar[str] = "placebo parameters"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "standard deviation of the contents"
    doses: ClassVar[tuple[float, ...]] = (0.01, 0.1, 1.0, 10.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        contents = dose * rng.standard_normal(NUM_CONTENTS)
        return Unread(ReducedRankPolicy.init(rng, world, rank=RANK), contents)
