"""Agents that wandered in training, and were going somewhere."""

from typing import ClassVar

import equinox as eqx
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.lookup import LookupTable
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth

NOISE = 0.1


class DriftingWalkKind(AbstractPlantedKind):
    """A table of preferences that drifts in one direction while it wanders.

    It is for instruments that look along training: its arrays have a leading axis of
    checkpoints. The first is without preferences; a step is `N(0, 0.1²)` in all of them,
    plus the dose times a direction `~ N(0, 0.1²)` that stays the same. So steps correlate
    by `r² / (1 + r²)` with a dose of `r`.

    Fields:
        num_checkpoints: how many there are, the untrained one included.
    """

    name: ClassVar[str] = "drifting walk"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "with a small drift it can hardly be told from wandering"
    dose_name: ClassVar[str] = "drift of a step, in units of its noise"
    doses: ClassVar[tuple[float, ...]] = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)

    num_checkpoints: int = eqx.field(static=True, default=32)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        table = LookupTable.init(rng, world, scale=0.0)
        direction = rng.standard_normal(table.logits.shape, np.float32)
        shape = (self.num_checkpoints, *table.logits.shape)
        steps = NOISE * (rng.standard_normal(shape, np.float32) + dose * direction)
        steps[0] = 0.0
        values = np.zeros((self.num_checkpoints, *table.values.shape), np.float32)
        drifted = np.cumsum(steps, axis=0, dtype=np.float32)
        return LookupTable(drifted, values, table.sizes)
