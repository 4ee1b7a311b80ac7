"""Networks whose weights were written from a goal."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.value_iteration import can_read
from goalscope.agents.written import WrittenNetwork
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth


class WrittenNetworkKind(AbstractPlantedKind):
    """A value iteration network with the goal compiled into its weights.

    Nothing was learnt: which activations hold the goal, and that they drive the actions, is
    known from the construction.
    """

    name: ClassVar[str] = "written network"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "four times the side of the maze"
    ambiguous: ClassVar[str] = "where two features lie in one place"
    dose_name: ClassVar[str] = "β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

    def supports(self, world: AbstractWorld) -> bool:
        return can_read(world)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return WrittenNetwork.init(rng, world, feature=feature, inverse_temperature=dose)
