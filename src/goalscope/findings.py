"""What claims look at: readings of arms, and estimates laid beside a claim's bars."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from goalscope.bootstrap import Bootstrap, bootstrap_difference
from goalscope.evidence import Evidence
from goalscope.result import ArmResult
from goalscope.statistics import Interval, two_sided


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
        return bootstrap_difference(*values, paired=paired, seed=self.seed)


@dataclass(frozen=True)
class Finding:
    """An estimate laid beside the bars of a claim.

    Fields:
        quantity: what was estimated, in words.
        unit: of the interval.
        interval: estimate and bounds.
        n: agents behind the estimate; of the smallest arm where there are several.
        supports, refutes: whether the whole interval lies where the claim, or its
            opposite, is true.
        p_value: two-sided, of the hypothesis that the truth lies on a bar.
        width: of the interval, in the unit of the claim's `resolution`.
    """

    quantity: str
    unit: str
    interval: Interval
    n: int
    supports: bool
    refutes: bool
    p_value: float
    width: float


def beside(
    quantity: str,
    unit: str,
    found: Bootstrap,
    bar: float,
    *,
    above: bool,
    confidence: float,
) -> Finding:
    """Return the finding for a claim that a statistic lies above, or below, one bar."""
    interval = found.interval(confidence)
    over, under = interval.lower > bar, interval.upper < bar
    return Finding(
        quantity,
        unit,
        interval,
        found.n,
        supports=over if above else under,
        refutes=under if above else over,
        p_value=found.p_value(bar),
        width=interval.width,
    )


def smallest(
    unit: str, conditions: Sequence[tuple[str, Bootstrap, float]], confidence: float
) -> Finding:
    """Return the finding for a claim that every one of some statistics exceeds its bar.

    The estimate is the smallest margin, `min_j (statistic_j - bar_j)`. Its lower bound,
    the smallest of the lower bounds, needs no correction, as the claim is an intersection
    (Berger, 1982); its upper bound takes the upper bounds at `1 - (1 - confidence) / J`.
    The p-value is made likewise: the largest for the claim, `J` times the smallest
    against it.
    """
    num = len(conditions)
    strict = 1 - (1 - confidence) / num
    bars = np.array([bar for _, _, bar in conditions])
    usual = [found.interval(confidence) for _, found, _ in conditions]
    wide = [found.interval(strict) for _, found, _ in conditions]
    margins = np.array([interval.estimate for interval in usual]) - bars
    interval = Interval(
        float(margins.min()),
        float((np.array([interval.lower for interval in usual]) - bars).min()),
        float((np.array([interval.upper for interval in wide]) - bars).min()),
    )
    for_it = np.array([found.p_greater(bar) for _, found, bar in conditions])
    against_it = np.array([found.p_less(bar) for _, found, bar in conditions])
    worst = conditions[int(np.argmin(margins))][0]
    return Finding(
        f"smallest margin ({worst})",
        unit,
        interval,
        min(found.n for _, found, _ in conditions),
        supports=interval.lower > 0,
        refutes=interval.upper < 0,
        p_value=two_sided(float(for_it.max()), min(1.0, num * float(against_it.min()))),
        width=interval.width,
    )


def inside(
    quantity: str, found: Bootstrap, between: tuple[float, float], confidence: float
) -> Finding:
    """Return the finding for a claim that a dose lies between two doses.

    `width` is in decades: `log10(upper / lower)`.
    """
    low, high = between
    interval = found.interval(confidence)
    for_it = max(found.p_greater(low), found.p_less(high))
    against_it = min(found.p_less(low), found.p_greater(high))
    return Finding(
        quantity,
        "dose",
        interval,
        found.n,
        supports=interval.lower >= low and interval.upper <= high,
        refutes=interval.upper < low or interval.lower > high,
        p_value=two_sided(for_it, against_it),
        width=_decades(interval),
    )


def nothing(quantity: str) -> Finding:
    """Return the finding where there is nothing to estimate."""
    unknown = Interval(math.nan, math.nan, math.nan)
    return Finding(quantity, "", unknown, 0, False, False, math.nan, math.nan)


def _decades(interval: Interval) -> float:
    if interval.width == 0:
        return 0.0
    positive = interval.lower > 0 and math.isfinite(interval.upper)
    return math.log10(interval.upper / interval.lower) if positive else math.inf
