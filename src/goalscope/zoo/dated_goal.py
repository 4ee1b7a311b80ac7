"""Agents whose goal formed at a known checkpoint."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.agents.leaky import LeakyGoal
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth
from goalscope.zoo.candidates import candidates

FAINT = 0.15
"""Perception before it has formed, as a share of what it is later: enough to see a little
of what a goal would do."""

SIGHTED = (8, 9)
"""Checkpoints from which agents may see well."""


class GoalBeforeSightKind(AbstractPlantedKind):
    """Wants something some checkpoints before it can see well, and so before it acts on it.

    It is for instruments that look along training: its arrays have a leading axis of
    checkpoints. At first it wants nothing and sees faintly. Its goal is the first candidate
    of its world, whichever is asked for, as development is read under one objective.

    Fields:
        num_checkpoints: how many there are, the untrained one included.
    """

    name: ClassVar[str] = "goal before sight"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "before it sees well it hardly acts on what it wants"
    dose_name: ClassVar[str] = "checkpoints by which its goal precedes its behaviour"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)

    num_checkpoints: int = eqx.field(static=True, default=12)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        sees = int(rng.choice(SIGHTED))
        wants = sees - int(dose)
        return _dated(rng, world, wants=wants, sees=sees, count=self.num_checkpoints)


class GoalWithBehaviourKind(AbstractPlantedKind):
    """Sees well from the first checkpoint on, and acts on its goal as soon as it has one.

    Otherwise as `GoalBeforeSightKind`.

    Fields:
        num_checkpoints: how many there are, the untrained one included.
    """

    name: ClassVar[str] = "goal with behaviour"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "number of the checkpoint at which its goal forms"
    doses: ClassVar[tuple[float, ...]] = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)

    num_checkpoints: int = eqx.field(static=True, default=12)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return _dated(rng, world, wants=int(dose), sees=0, count=self.num_checkpoints)


def _dated(
    rng: np.random.Generator, world: AbstractWorld, *, wants: int, sees: int, count: int
) -> LeakyGoal:
    """Return an agent that wants and sees from these checkpoints on; advances `rng`."""
    if not isinstance(world, AbstractSolvableWorld):
        raise TypeError(f"{type(world).__name__} cannot be planned in: not solvable")
    goal, other = candidates(world)[0], world.feature_names[-1]
    agent = LeakyGoal.init(rng, world, feature=goal, rewarded=other, leak=1.0)
    numbers = np.arange(count)
    wanted = (numbers >= wants).astype(np.float32)[:, None]
    seen = np.where(numbers >= sees, 1.0, FAINT).astype(np.float32)[:, None, None]
    along = jax.tree.map(
        lambda leaf: np.broadcast_to(leaf, (count, *np.shape(leaf))), agent
    )
    return dataclasses.replace(
        along,
        slot=np.asarray(along.slot) * wanted,
        perception=np.asarray(along.perception) * seen,
    )
