"""What a trial found out about an instrument, as plain records."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from goalscope.scoring.attacks import AttackRow
from goalscope.scoring.invariances import Invariance
from goalscope.statistics.intervals import Interval

Family = Literal[
    "agents", "AUC", "false convictions", "coverage", "trend", "pattern", "cross-talk",
    "invariance",
]  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """One condition for the release of an instrument.

    Fields:
        family: what it is about.
        name: which condition, and of what.
        value: what was measured; NaN where there was nothing to measure.
        bound: what is required, in words.
        passed: whether it is met.
    """

    family: Family
    name: str
    value: float
    bound: str
    passed: bool


@dataclass(frozen=True)
class PatternRow:
    """What a kind of agents reads on average, beside what it must read.

    Fields:
        kind, reading: which agents, and what of them.
        dose: the smallest dose of the agents that count, None if all do.
        mean: over those agents that could be measured, NaN if there is none.
        low, high: where it must lie.
        n: agents that could be measured.
        passed: whether it does; what was not measured does not.
    """

    kind: str
    reading: str
    dose: float | None
    mean: float
    low: float
    high: float
    n: int
    passed: bool

    @property
    def agents(self) -> str:
        """The kind and the doses that count, in words."""
        return self.kind if self.dose is None else f"{self.kind}, dose ≥ {self.dose:g}"

    @property
    def bound(self) -> str:
        """Where the mean must lie, in words."""
        if math.isinf(self.low):
            return "any number" if math.isinf(self.high) else f"at most {self.high:g}"
        above = math.isinf(self.high)
        return f"at least {self.low:g}" if above else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class KindRow:
    """How one kind of agents read.

    Fields:
        kind, role, truth: which agents, how they count, and what there is to find in them.
        from_dose: the dose from which they count so, None if all do.
        n: agents.
        score: mean score.
        spread: between which scores the middle 90 % of them lie.
        convicted: share of them convicted of anything.
        right: share of them convicted of their own goal, NaN for kinds without one.
        checks: name of a check -> share of agents that pass it.
        follows: Spearman's ρ between dose and score; scores that differ by less than 1 % of
            the distance from negatives to positives count as equal.
        trend: 1 if the score must rise with the dose, -1 if it must fall, else 0.
        retest: median absolute difference of the score on other levels, NaN if not tried.
    """

    kind: str
    role: str
    truth: str
    from_dose: float | None
    n: int
    score: float
    spread: tuple[float, float]
    convicted: float
    right: float
    checks: Mapping[str, float]
    follows: float
    trend: int
    retest: float


@dataclass(frozen=True)
class Scorecard:
    """How an instrument did on agents of known goal in one world.

    Fields:
        instrument, world: what was tried and where.
        question, unit: the instrument's.
        score: the reading by which positives are told from negatives.
        threshold: the score from which an agent is convicted, NaN where another reading
            decides.
        levels: number of levels that each agent was measured on.
        half: which half of the zoo.
        positives, negatives: agents of either role.
        auc: how well the score tells them apart.
        hit_rate: positives that were convicted, of their own goal where it has a name.
        false_rate: negatives convicted, with one-sided 95 % limits.
        failing: positives and negatives of which a validity check fails.
        gates: what is required for a release, and whether it is met.
        pattern: what each kind must read.
        kinds: how each kind read.
        power: number of levels -> AUC.
        listed: kinds whose dose the score may follow, and why.
        limits: what the instrument cannot tell.
        invariances: what must not matter to it, and whether it does; empty if not tried.
        attacks: how far agents that act against it move it; empty if not tried.
    """

    instrument: str
    world: str
    question: str
    unit: str
    score: str
    threshold: float
    levels: int
    half: str
    positives: int
    negatives: int
    auc: Interval
    hit_rate: Interval
    false_rate: Interval
    failing: Interval
    gates: tuple[Gate, ...]
    pattern: tuple[PatternRow, ...]
    kinds: tuple[KindRow, ...]
    power: Mapping[int, Interval]
    listed: Mapping[str, str]
    limits: tuple[str, ...]
    invariances: tuple[Invariance, ...] = ()
    attacks: tuple[AttackRow, ...] = ()

    @property
    def released(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)

    @property
    def misses(self) -> tuple[Gate, ...]:
        """The gates that are not met."""
        return tuple(gate for gate in self.gates if not gate.passed)
