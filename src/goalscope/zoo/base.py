"""What a kind of planted agent is: agents whose goal is known because we built them."""

from abc import abstractmethod
from typing import ClassVar, Literal

import equinox as eqx
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractWorld

Truth = Literal["one goal", "mixture", "cue switch", "outside the set", "none"]
"""What there is to find in an agent: one of the candidates, several of them at once, one
for each cue, a goal that is no candidate, or no goal."""


class AbstractPlantedKind(eqx.Module):
    """A kind of planted agent, with one number that varies: its dose.

    Agents of one kind differ in the goal that they are given, in their dose, and in what
    `plant` draws. They are built on the host, one by one; of one kind in one world they all
    have the same tree structure and shapes, so that they can be stacked.
    """

    name: ClassVar[str]
    """What to call it in tables, lower case: `planner`."""

    truth: ClassVar[Truth]
    """What there is to find in it."""

    planning: ClassVar[str]
    """How far it plans, in words: "to the horizon", "not at all"."""

    ambiguous: ClassVar[str]
    """Where behaviour alone cannot tell what it is, one sentence; "nowhere" if it can."""

    dose_name: ClassVar[str]
    """What the dose is, with its unit."""

    doses: ClassVar[tuple[float, ...]]
    """The doses, ascending. Every second one belongs to the frozen test half."""

    def supports(self, world: AbstractWorld) -> bool:
        """Return whether such an agent can live in `world`."""
        return True

    @abstractmethod
    def plant(
        self,
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        feature: str,
        dose: float,
    ) -> AbstractAgent:
        """Return one agent; `feature` names the goal that it is given, if it has one.

        An agent that has two goals draws the other one from the world's other features.
        """
