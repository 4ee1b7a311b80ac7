"""What a result says about each arm, as counts and intervals over agents. No JAX."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from goalscope.evidence import Evidence
from goalscope.report.wording import bounds, number
from goalscope.result import ArmResult, Result
from goalscope.statistics.bootstrap import bca
from goalscope.statistics.distribution import LEAST_AGENTS
from goalscope.statistics.intervals import UNKNOWN, Interval, wilson
from goalscope.units import range_of


@dataclass(frozen=True)
class Share:
    """How many of an arm's included agents have one label.

    Fields:
        label: index into the result's `label_names`.
        count, of: agents with the label, and included agents.
        interval: Wilson's 95 % interval of the share; NaN if nobody is included.
    """

    label: int
    count: int
    of: int
    interval: Interval


@dataclass(frozen=True)
class Exclusions:
    """Where an arm's agents went; the counts add up to `agents`.

    Fields:
        agents: all that were trained.
        diverged: became non-finite in training.
        incompetent: stayed finite and did not pass the competence gate.
        included: the rest.
        unread: included agents, among them, for which some reading is missing at the end.
    """

    agents: int
    diverged: int
    incompetent: int
    included: int
    unread: int

    @property
    def excluded(self) -> int:
        """Agents whose goal is not read."""
        return self.diverged + self.incompetent


@dataclass(frozen=True)
class Average:
    """One reading of an arm at the last checkpoint, averaged over included agents.

    Fields:
        instrument, reading, unit: which.
        values: of the included agents with a finite reading, `[n]`.
        interval: mean of these and its BCa interval over agents.
        infinite: included agents whose reading is infinite: what is timed never happened.
    """

    instrument: str
    reading: str
    unit: str
    values: Float[np.ndarray, " n"]
    interval: Interval
    infinite: int = 0

    @property
    def words(self) -> str:
        """Mean and interval in words, with how many agents they leave out as infinite."""
        if not len(self.values):
            return f"∞ for all {self.infinite:,}" if self.infinite else "no result"
        beside = f", ∞ for {self.infinite:,}" if self.infinite else ""
        return f"{number(self.interval.estimate)} {bounds(self.interval)}{beside}"


def goal_shares(result: Result, arm: ArmResult, checkpoint: int = -1) -> tuple[Share, ...]:
    """Return the share of each label among the included agents of an arm.

    A label of -1 counts as the last name, which is "undecided". Empty if the arm has not
    been judged.
    """
    if not is_judged(result, arm):
        return ()
    of = int(arm.included.sum())
    names = result.label_names
    labels = result.labels[arm.name][arm.included, checkpoint] % len(names)
    counts = np.bincount(labels, minlength=len(names))
    return tuple(
        Share(index, int(count), of, wilson(int(count), of))
        for index, count in enumerate(counts)
    )


def is_computed(result: Result) -> bool:
    """Return whether procedures computed the readings of the arms: nothing was trained."""
    return bool(result.arms) and not any(arm.trainer for arm in result.arms.values())


def is_finished(result: Result) -> bool:
    """Return whether anything was concluded from the cells, as when all are there."""
    concluded = (result.label_names, result.verdicts, result.calibration, result.plots)
    return any(concluded)


def is_judged(result: Result, arm: ArmResult) -> bool:
    """Return whether the arm's agents have been given a goal each."""
    return bool(result.label_names) and arm.name in result.labels


def exclusions(result: Result, arm: ArmResult) -> Exclusions:
    """Return how many agents of an arm are excluded, and why."""
    diverged = arm.diverged_at >= 0
    readings = [found.values[:, -1] for found in arm_evidence(result, arm.name)]
    missing = np.isnan(readings).any(axis=0) if readings else np.zeros_like(diverged)
    return Exclusions(
        agents=len(arm.agents),
        diverged=int(diverged.sum()),
        incompetent=int((~diverged & ~arm.competent).sum()),
        included=int(arm.included.sum()),
        unread=int((missing & arm.included).sum()),
    )


def averages(result: Result, arm: ArmResult) -> tuple[Average, ...]:
    """Return the final readings of an arm, averaged over its agents with intervals."""
    return tuple(average(found) for found in arm_evidence(result, arm.name))


def average(found: Evidence) -> Average:
    """Return a reading at the last checkpoint, averaged over included agents."""
    values = np.asarray(found.final, float)
    infinite = int(np.isinf(found.values[:, -1][found.included]).sum())
    interval = _mean(np.sort(values).tobytes(), range_of(found.unit))
    return Average(found.instrument, found.reading, found.unit, values, interval, infinite)


@lru_cache(maxsize=4096)
def _mean(values: bytes, within: tuple[float, float]) -> Interval:
    """Return mean and interval of numbers; a page and its tables ask for many twice."""
    return bca(np.frombuffer(values), within=within)


def band(
    values: Float[np.ndarray, "N C"], included: Bool[np.ndarray, " N"], unit: str = ""
) -> tuple[Interval, ...]:
    """Return mean and 95% t interval over included agents at each checkpoint.

    A band ends where readings in the unit do, unless an agent lies beyond.

    Bands guide the eye; what claims rest on has BCa intervals, which take a thousand times
    as long.
    """
    kept = np.asarray(values, float)[included]
    columns = [column[np.isfinite(column)] for column in kept.T]
    return tuple(_ending(student(each), each, range_of(unit)) for each in columns)


def _ending(
    interval: Interval, values: Float[np.ndarray, " n"], within: tuple[float, float]
) -> Interval:
    """Return an interval that ends with a range, or with the values beyond it."""
    low, high = values.min(initial=within[0]), values.max(initial=within[1])
    bounds = np.clip([interval.lower, interval.upper], low, high).tolist()
    return Interval(interval.estimate, *bounds)


def student(values: Float[np.ndarray, " n"]) -> Interval:
    """Return the mean and its 95% interval `x̄ ± t s / √n`; no bounds for one or two.

    >>> student(np.array([1.0, 2.0, 3.0]))
    Interval(estimate=2.0, lower=-0.484..., upper=4.484...)
    """
    n = len(values)
    if n == 0:
        return UNKNOWN
    mean = float(values.mean())
    if n < LEAST_AGENTS:
        return Interval(mean, math.nan, math.nan)
    half = float(special.stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def arm_evidence(result: Result, arm: str) -> Iterator[Evidence]:
    """Yield the readings of one arm, or of one planted kind, in the order of the result."""
    return (found for (name, _, _), found in result.evidence.items() if name == arm)


def instruments(result: Result) -> dict[str, tuple[str, ...]]:
    """Return instrument -> its readings of arms, in the order of the result."""
    names: dict[str, dict[str, None]] = {}
    for arm, instrument, reading in result.evidence:
        if arm in result.arms:
            names.setdefault(instrument, {})[reading] = None
    return {instrument: tuple(readings) for instrument, readings in names.items()}
