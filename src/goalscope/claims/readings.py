"""What claims look at: readings of arms at the last checkpoint, and their differences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from goalscope.evidence import Evidence
from goalscope.result import ArmResult
from goalscope.statistics.bootstrap import bootstrap_difference
from goalscope.statistics.distribution import Bootstrap
from goalscope.units import range_of


@dataclass(frozen=True)
class Sample:
    """One reading of an arm's agents at the last checkpoint, by rising agent number.

    Fields:
        unit: of `values`; empty if the arm was not measured.
        agents: agent numbers, `[N]`.
        values: NaN where an agent is excluded or could not be measured, `[N]`.
    """

    unit: str
    agents: Int[np.ndarray, " N"]
    values: Float[np.ndarray, " N"]

    @property
    def known(self) -> Float[np.ndarray, " n"]:
        """Return the values of the agents that count."""
        return self.values[np.isfinite(self.values)]


@dataclass(frozen=True)
class Readings:
    """The evidence and arms of a run, and how to resample them.

    Fields:
        evidence: (arm, instrument, reading) -> readings of the arm's agents.
        arms: arm name -> its agents, in the order of the rows of the evidence.
        confidence, seed: of every interval.
    """

    evidence: Mapping[tuple[str, str, str], Evidence]
    arms: Mapping[str, ArmResult]
    confidence: float = 0.95
    seed: int = 0

    def sample(self, arm: str, on: str) -> Sample:
        """Return the reading `on`, "instrument.reading"; empty where there is none."""
        instrument, _, reading = on.partition(".")
        found = self.evidence.get((arm, instrument, reading))
        if found is None or arm not in self.arms:
            return Sample("", np.zeros(0, int), np.zeros(0))
        agents = self.arms[arm].agents
        if len(agents) != len(found.values):
            raise ValueError(
                f"{on} of arm {arm!r} has {len(found.values)} rows and the arm has "
                f"{len(agents)} agents; give one row per agent, in the arm's order"
            )
        order = np.argsort(agents, kind="stable")
        last = found.values[:, -1].astype(float)
        kept = np.where(found.included & np.isfinite(last), last, np.nan)
        return Sample(found.unit, agents[order], kept[order])

    def doses(self, group: str) -> tuple[tuple[float, str], ...]:
        """Return (dose, arm) of the arms of a group that have a dose, by rising dose."""
        arms = self.arms.values()
        return tuple(
            sorted(
                (a.dose, a.name) for a in arms if a.group == group and a.dose is not None
            )
        )

    def members(self, name: str) -> tuple[str, ...]:
        """Return the arms that a claim means by a name: the arm, or those of a group."""
        return (name,) if name in self.arms else tuple(a for _, a in self.doses(name))

    def difference(self, arm: str, other: str, on: str) -> Bootstrap:
        """Return `mean(arm) - mean(other)`, in pairs if they have the same agent numbers.

        Agents of one number start from the same parameters. A pair counts only if both
        of its agents do.
        """
        first, second = self.sample(arm, on), self.sample(other, on)
        paired = np.array_equal(first.agents, second.agents)
        if not paired:
            values = first.known, second.known
        else:
            both = np.isfinite(first.values) & np.isfinite(second.values)
            values = first.values[both], second.values[both]
        low, high = range_of(first.unit)
        within = (low - high, high - low)
        return bootstrap_difference(*values, paired=paired, within=within, seed=self.seed)
