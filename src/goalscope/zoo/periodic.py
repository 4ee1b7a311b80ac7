"""Agents that repeat a sequence of actions."""

from typing import ClassVar

import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.periodic import Periodic
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth

MAX_PERIOD = 8


class PeriodicKind(AbstractPlantedKind):
    """A random sequence of actions, again and again; no part of it repeats by itself."""

    name: ClassVar[str] = "periodic"
    truth: ClassVar[Truth] = "none"
    planning: ClassVar[str] = "not at all"
    ambiguous: ClassVar[str] = "a sequence that leads somewhere looks like a goal"
    dose_name: ClassVar[str] = "period, in steps"
    doses: ClassVar[tuple[float, ...]] = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        period = round(dose)
        pattern = rng.integers(world.num_actions, size=MAX_PERIOD)
        while repeats(pattern[:period]):
            pattern = rng.integers(world.num_actions, size=MAX_PERIOD)
        return Periodic(pattern.astype(np.int32), np.int32(period), world.num_actions)


def repeats(sequence: np.ndarray) -> bool:
    """Return whether a sequence consists of a shorter one, several times over.

    >>> repeats(np.array([0, 1, 0, 1])), repeats(np.array([0, 1, 0]))
    (True, False)
    """
    length = len(sequence)
    parts = [part for part in range(1, length) if length % part == 0]
    return any(np.array_equal(sequence, np.roll(sequence, part)) for part in parts)
