"""Networks of which it is known whether the place of one thing drives them."""

from typing import ClassVar

import equinox as eqx
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.mlp import MLP
from goalscope.agents.value_iteration import can_read
from goalscope.agents.written import WrittenNetwork
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.candidates import candidates


class PlaceUsedKind(AbstractPlantedKind):
    """A value iteration network that goes to the first candidate of its world.

    Where that lies is in its map of rewards and drives what it does, by construction. It is
    the same candidate whichever goal is asked for, as instruments ask about one place.
    """

    name: ClassVar[str] = "place used"
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
        goal = candidates(world)[0]
        return WrittenNetwork.init(rng, world, feature=goal, inverse_temperature=dose)


class PlaceIgnoredKind(AbstractPlantedKind):
    """A value iteration network that goes to the last feature of its world instead.

    It is shown where the first candidate lies, and has no weight on it.
    """

    name: ClassVar[str] = "place ignored"
    truth: ClassVar[Truth] = "outside the set"
    planning: ClassVar[str] = "four times the side of the maze"
    ambiguous: ClassVar[str] = "where two features lie in one place"
    dose_name: ClassVar[str] = "β, nats per unit of return"
    doses: ClassVar[tuple[float, ...]] = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

    def supports(self, world: AbstractWorld) -> bool:
        return can_read(world)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        goal = world.feature_names[-1]
        return WrittenNetwork.init(rng, world, feature=goal, inverse_temperature=dose)


class PlaceStoredKind(AbstractPlantedKind):
    """An untrained perceptron: it holds all that it is shown, mixed, and goes nowhere.

    What it does depends on where things lie, but it heads for none of them. The dose makes
    it surer of what it does.
    """

    name: ClassVar[str] = "place stored"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "one of two actions leads nearer by chance"
    dose_name: ClassVar[str] = "factor of the weights of its last layer"
    doses: ClassVar[tuple[float, ...]] = (10.0, 30.0, 100.0, 300.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        agent = MLP.init(rng, world)
        louder = agent.policy.weight * np.float32(dose)
        return eqx.tree_at(lambda a: a.policy.weight, agent, louder)
