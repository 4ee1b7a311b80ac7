"""What an instrument is: a measurement procedure that gives readings about one agent."""

from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.worlds.base import AbstractWorld


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


class AbstractInstrument(eqx.Module):
    """A measurement procedure. It is a pure function of key, agent and world.

    An instrument brings no world of its own: what it is pointed at is the experimenter's
    recorded choice.
    """

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
    def measure(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        """Return the readings of `agent` on levels drawn from `world`.

        Consumes `key`: agents with different keys are measured on different levels.
        """
