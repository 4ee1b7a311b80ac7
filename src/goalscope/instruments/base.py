"""What an instrument is: a measurement procedure that gives readings about one agent."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.answers import watched
from goalscope.worlds.base import AbstractWorld

Need = Literal[
    "behaviour", "world model", "activations", "weights", "gradients", "checkpoints"
]
"""What an instrument must be given of an agent. With "checkpoints", the agent that it
measures has a leading axis `C` on every array: one agent along its training."""


@dataclass(frozen=True)
class PlantedCase:
    """What an instrument must read on average on one kind of the zoo.

    Fields:
        kind: the kind's name, as `goalscope list zoo` prints it.
        reading: one of the instrument's readings; "own goal" for that of the agent's goal.
        low, high: where the mean over agents must lie; infinite where only one side counts.
        dose: smallest dose of the kind for which it holds, or None for all doses.
    """

    kind: str
    reading: str
    low: float
    high: float
    dose: float | None = None


class Reading(eqx.Module):
    """What an instrument says about one agent, one entry per name in `readings`.

    Fields:
        value: in the instrument's `unit`; larger means more of what is named, `[R]`.
        lower, upper: 95 % interval for this agent, `[R]`.
        control: the same procedure on a matched negative control, `[R]`.
        ceiling: the best attainable on the same levels, NaN if there is none, `[R]`.
        checks: validity checks, named by `check_names`, `[K]`.
        count: decisions or levels behind the numbers.
    """

    value: Float[Array, "*b R"]
    lower: Float[Array, "*b R"]
    upper: Float[Array, "*b R"]
    control: Float[Array, "*b R"]
    ceiling: Float[Array, "*b R"]
    checks: Bool[Array, "*b K"]
    count: Int[Array, "*b"]

    @property
    def effect(self) -> Float[Array, "*b R"]:
        """Return `(value − control) / (ceiling − control)`: 1 is as good as can be.

        0 is no better than the control; NaN where there is no ceiling.
        """
        return (self.value - self.control) / (self.ceiling - self.control)


class AbstractInstrument(eqx.Module):
    """A measurement procedure. It is a pure function of key, agent and world.

    An instrument brings no world of its own: what it is pointed at is the experimenter's
    recorded choice.
    """

    question: ClassVar[str]
    """The question that this instrument alone answers, one sentence."""

    needs: ClassVar[tuple[Need, ...]]
    """What it must be given of an agent."""

    @abstractmethod
    def controls(self) -> tuple[PlantedCase, ...]:
        """Return the planted cases that it must pass in the run that uses it."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """Unit of the readings, in words."""

    @property
    @abstractmethod
    def readings(self) -> tuple[str, ...]:
        """Names of the readings, in the order of `Reading.value`."""

    @property
    @abstractmethod
    def candidates(self) -> tuple[str, ...]:
        """Those of `readings` that name a goal that the agent might have."""

    @property
    @abstractmethod
    def convicts(self) -> float:
        """The value of a candidate's reading from which the agent is said to have it."""

    @property
    @abstractmethod
    def check_names(self) -> tuple[str, ...]:
        """Names of the validity checks, in the order of `Reading.checks`."""

    @abstractmethod
    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        """Return the readings of `agent` on levels drawn from `world`.

        Consumes `key`: agents with different keys are measured on different levels. Called
        by `measure`. It asks agents through `rollout` or `solve.policy_of`, or marks what
        they answer (`answers.answered`), so that it is noticed where they have no policy.
        """

    @final
    def measure(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        """Return what `read` returns: what measures an agent calls this.

        Of an agent that has no behaviour, because somewhere it was asked its policy is NaN,
        no number is known and no check is passed.
        """
        reading, acts = watched(lambda: self.read(key, agent, world))
        numbers = (reading.value, reading.lower, reading.upper)
        value, lower, upper = (jnp.where(acts, each, jnp.nan) for each in numbers)
        checks = reading.checks & acts
        control, ceiling, count = reading.control, reading.ceiling, reading.count
        return Reading(value, lower, upper, control, ceiling, checks, count)
