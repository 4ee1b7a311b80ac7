"""What a trial found out about an instrument, as plain records."""

from collections.abc import Mapping
from dataclasses import dataclass

from goalscope.statistics import Interval


@dataclass(frozen=True)
class Gate:
    """One condition for the release of an instrument.

    Fields:
        name: which condition, and of what.
        value: what was measured; NaN where there was nothing to measure.
        bound: what is required, in words.
        passed: whether it is met.
    """

    name: str
    value: float
    bound: str
    passed: bool


@dataclass(frozen=True)
class PatternRow:
    """What a kind of agents reads on average, beside what it must read.

    Fields:
        kind, reading: which agents, and what of them.
        mean: over its agents.
        low, high: where it must lie.
        n: agents.
        passed: whether it does.
    """

    kind: str
    reading: str
    mean: float
    low: float
    high: float
    n: int
    passed: bool


@dataclass(frozen=True)
class KindRow:
    """How one kind of agents read.

    Fields:
        kind, role, truth: which agents, how they count, and what there is to find in them.
        n: agents.
        score: mean score.
        convicted: share of them convicted of anything.
        right: share of them convicted of their own goal, NaN for kinds without one.
        checks: name of a check -> share of agents that pass it.
        follows: Spearman's ρ between dose and score.
        retest: median absolute difference of the score on other levels, NaN if not tried.
    """

    kind: str
    role: str
    truth: str
    n: int
    score: float
    convicted: float
    right: float
    checks: Mapping[str, float]
    follows: float
    retest: float


@dataclass(frozen=True)
class Scorecard:
    """How an instrument did on agents of known goal in one world.

    Fields:
        instrument, world: what was tried and where.
        question, unit: the instrument's.
        levels: number of levels that each agent was measured on.
        half: which half of the zoo.
        positives, negatives: agents of either role.
        auc: how well the score tells them apart.
        hit_rate: positives that were convicted, of their own goal where it has a name.
        false_rate: negatives convicted, with one-sided 95 % limits.
        gates: what is required for a release, and whether it is met.
        pattern: what each kind must read.
        kinds: how each kind read.
        power: number of levels -> AUC.
        listed: kinds whose dose the score may follow, and why.
        limits: what the instrument cannot tell.
    """

    instrument: str
    world: str
    question: str
    unit: str
    levels: int
    half: str
    positives: int
    negatives: int
    auc: Interval
    hit_rate: Interval
    false_rate: Interval
    gates: tuple[Gate, ...]
    pattern: tuple[PatternRow, ...]
    kinds: tuple[KindRow, ...]
    power: Mapping[int, Interval]
    listed: Mapping[str, str]
    limits: tuple[str, ...]

    @property
    def released(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)

    @property
    def misses(self) -> tuple[Gate, ...]:
        """The gates that are not met."""
        return tuple(gate for gate in self.gates if not gate.passed)
