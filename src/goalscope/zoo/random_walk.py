"""Agents that wandered in training and learnt nothing."""

from typing import ClassVar

import equinox as eqx
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.lookup import LookupTable
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class RandomWalkKind(AbstractPlantedKind):
    """A table of preferences that took a random step from each checkpoint to the next.

    It is for instruments that look along training: its arrays have a leading axis of
    checkpoints. The first is without preferences; every step is `N(0, dose²)` in all of
    them. Its history has principal components, as diffusion has, and no story.

    Fields:
        num_checkpoints: how many there are, the untrained one included.
    """

    name: ClassVar[str] = "random walk"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "size of a step, in logits"
    doses: ClassVar[tuple[float, ...]] = (0.01, 0.03, 0.1, 0.3)

    num_checkpoints: int = eqx.field(static=True, default=32)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        table = LookupTable.init(rng, world, scale=0.0)
        shape = (self.num_checkpoints, *table.logits.shape)
        steps = dose * rng.standard_normal(shape, np.float32)
        steps[0] = 0.0
        values = np.zeros((self.num_checkpoints, *table.values.shape), np.float32)
        walked = np.cumsum(steps, axis=0, dtype=np.float32)
        return LookupTable(walked, values, table.sizes)
