"""Claims: predictions about readings, written before the run.

A claim is a sentence and a rule with thresholds; `judge` turns claims and evidence into
verdicts. The unit is always one independently trained agent, at the last checkpoint.
"""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from goalscope.bootstrap import bootstrap
from goalscope.dose_response import bootstrap_crossing
from goalscope.findings import Finding, Readings, beside, inside, nothing, smallest
from goalscope.judging import AbstractClaim, Needs, require
from goalscope.judging import judge as judge
from goalscope.statistics import binomial_p_values, two_sided, wilson


@final
@dataclass(frozen=True, kw_only=True)
class Above(AbstractClaim):
    """The mean of a reading over an arm's agents lies above a threshold.

    >>> claim = Above(text="It works.", arm="a", on="goal_score.cheese", threshold=0.8)
    >>> claim.readings_needed()
    (('a', 'goal_score.cheese'),)
    """

    arm: str
    threshold: float

    def validate(self) -> None:
        require(bool(self.arm), "arm is empty; name an arm")

    def needs(self) -> Needs:
        return Needs(arms=(self.arm,))

    def bars(self) -> str:
        return (
            f"Supported if the interval of the mean of {self.on} over the agents of arm "
            f"{self.arm!r} lies above {self.threshold:g}, refuted if it lies below."
        )

    def finding(self, readings: Readings) -> Finding:
        return _mean_beside(self, readings, above=True)


@final
@dataclass(frozen=True, kw_only=True)
class Below(AbstractClaim):
    """The mean of a reading over an arm's agents lies below a threshold."""

    arm: str
    threshold: float

    def validate(self) -> None:
        require(bool(self.arm), "arm is empty; name an arm")

    def needs(self) -> Needs:
        return Needs(arms=(self.arm,))

    def bars(self) -> str:
        return (
            f"Supported if the interval of the mean of {self.on} over the agents of arm "
            f"{self.arm!r} lies below {self.threshold:g}, refuted if it lies above."
        )

    def finding(self, readings: Readings) -> Finding:
        return _mean_beside(self, readings, above=False)


@final
@dataclass(frozen=True, kw_only=True)
class Difference(AbstractClaim):
    """The mean over one arm exceeds the mean over another by at least so much.

    Agents of the same number in both arms are compared in pairs.
    """

    arm: str
    other: str
    at_least: float

    def validate(self) -> None:
        require(self.arm != self.other, f"arm and other are both {self.arm!r}")

    def needs(self) -> Needs:
        return Needs(arms=(self.arm, self.other))

    def bars(self) -> str:
        return (
            f"Supported if the interval of the difference of the means of {self.on}, arm "
            f"{self.arm!r} minus arm {self.other!r}, lies above {self.at_least:g}, refuted "
            "if it lies below."
        )

    def finding(self, readings: Readings) -> Finding:
        found = readings.difference(self.arm, self.other, self.on)
        quantity = f"mean {self.on}, {self.arm} minus {self.other}"
        unit = readings.sample(self.arm, self.on).unit
        confidence = readings.confidence
        return beside(
            quantity, unit, found, self.at_least, above=True, confidence=confidence
        )


@final
@dataclass(frozen=True, kw_only=True)
class Majority(AbstractClaim):
    """More than a share of an arm's agents read at least a threshold.

    The interval is Wilson's and the p-value the exact binomial one; both must agree.
    """

    arm: str
    threshold: float
    share: float = 0.5

    def validate(self) -> None:
        require(bool(self.arm), "arm is empty; name an arm")
        require(0 < self.share < 1, f"share is {self.share}; between 0 and 1")

    def needs(self) -> Needs:
        return Needs(arms=(self.arm,))

    def bars(self) -> str:
        return (
            f"Supported if the interval of the share of agents of arm {self.arm!r} with "
            f"{self.on} of at least {self.threshold:g} lies above {self.share:g}, refuted "
            "if it lies below."
        )

    def finding(self, readings: Readings) -> Finding:
        values = readings.sample(self.arm, self.on).known
        quantity = f"share of {self.arm} with {self.on} >= {self.threshold:g}"
        if len(values) == 0:
            return nothing(quantity)
        hits, n = int((values >= self.threshold).sum()), len(values)
        interval = wilson(hits, n, readings.confidence)
        return Finding(
            quantity,
            "share of agents",
            interval,
            n,
            supports=interval.lower > self.share,
            refutes=interval.upper < self.share,
            p_value=two_sided(*binomial_p_values(hits, n, self.share)),
            width=interval.width,
        )


@final
@dataclass(frozen=True, kw_only=True)
class Monotone(AbstractClaim):
    """Over a group, the mean rises with the dose and nowhere falls by much.

    Between adjacent doses the mean falls by at most `tolerance`, and from the first dose
    to the last it rises by at least `rise`.
    """

    group: str
    tolerance: float
    rise: float

    def validate(self) -> None:
        require(bool(self.group), "group is empty; name a group of arms")
        require(self.tolerance >= 0, f"tolerance is {self.tolerance}; not below 0")

    def needs(self) -> Needs:
        return Needs(groups=(self.group,))

    def bars(self) -> str:
        return (
            f"Over the arms of group {self.group!r} by dose: supported if the mean of "
            f"{self.on} falls nowhere by more than {self.tolerance:g} between adjacent "
            f"doses and rises by more than {self.rise:g} from first to last, each by its "
            "interval; refuted if one of these is contradicted, by intervals corrected "
            "for their number."
        )

    def finding(self, readings: Readings) -> Finding:
        arms = [arm for _, arm in readings.doses(self.group)]
        if len(arms) < 2:
            return nothing(f"curve of {self.on} over group {self.group}")
        steps = [(*pair, -self.tolerance) for pair in zip(arms[1:], arms, strict=False)]
        bounds = [*steps, (arms[-1], arms[0], self.rise)]
        return _smallest_difference(self, readings, bounds)


@final
@dataclass(frozen=True, kw_only=True)
class Switch(AbstractClaim):
    """The dose at which a group's mean crosses a level lies between two doses.

    The curve is made to rise (isotonic regression) and is linear in log dose between
    doses, linear in dose from dose 0 on. Where in a gap of the grid it crosses is thus
    partly assumed: choose `between` no finer than the grid. `resolution` is in decades.
    """

    group: str
    level: float
    between: tuple[float, float]
    resolution: float = 0.5

    def validate(self) -> None:
        require(bool(self.group), "group is empty; name a group of arms")
        low, high = self.between
        finite = math.isfinite(low) and math.isfinite(high)
        require(finite and 0 <= low < high, f"between is {self.between}; 0 <= low < high")

    def needs(self) -> Needs:
        return Needs(groups=(self.group,))

    def bars(self) -> str:
        low, high = self.between
        return (
            f"Supported if the interval of the dose at which the isotonic mean of "
            f"{self.on} over group {self.group!r} crosses {self.level:g} lies between "
            f"{low:g} and {high:g}, refuted if it lies outside. Widths are in decades."
        )

    def finding(self, readings: Readings) -> Finding:
        quantity = f"dose at which {self.on} of group {self.group} crosses {self.level:g}"
        pairs = readings.doses(self.group)
        if len(pairs) < 2:
            return nothing(quantity)
        samples = [readings.sample(arm, self.on) for _, arm in pairs]
        first = samples[0].agents
        found = bootstrap_crossing(
            np.array([dose for dose, _ in pairs], float),
            [sample.values for sample in samples],
            self.level,
            shared=all(np.array_equal(first, sample.agents) for sample in samples),
            seed=readings.seed,
        )
        return inside(quantity, found, self.between, readings.confidence)


@final
@dataclass(frozen=True, kw_only=True)
class SameDirection(AbstractClaim):
    """In every pair of arms the first has the higher mean.

    For a finding that must not depend on the learning rule, or on the construction.
    """

    pairs: tuple[tuple[str, str], ...]

    def validate(self) -> None:
        require(bool(self.pairs), "pairs is empty; give pairs of arms (higher, lower)")
        for high, low in self.pairs:
            require(high != low, f"a pair names {high!r} twice")

    def needs(self) -> Needs:
        return Needs(arms=tuple(dict.fromkeys(arm for pair in self.pairs for arm in pair)))

    def bars(self) -> str:
        named = ", ".join(f"{high!r} above {low!r}" for high, low in self.pairs)
        return (
            f"Supported if in every pair ({named}) the interval of the difference of the "
            f"means of {self.on} lies above 0; refuted if one lies below, by intervals "
            "corrected for their number."
        )

    def finding(self, readings: Readings) -> Finding:
        return _smallest_difference(self, readings, [(*pair, 0.0) for pair in self.pairs])


def _mean_beside(claim: Above | Below, readings: Readings, *, above: bool) -> Finding:
    sample = readings.sample(claim.arm, claim.on)
    return beside(
        f"mean {claim.on} of {claim.arm}",
        sample.unit,
        bootstrap(sample.known, seed=readings.seed),
        claim.threshold,
        above=above,
        confidence=readings.confidence,
    )


def _smallest_difference(
    claim: Monotone | SameDirection,
    readings: Readings,
    bounds: list[tuple[str, str, float]],
) -> Finding:
    conditions = [
        (f"{arm} minus {other}", readings.difference(arm, other, claim.on), bar)
        for arm, other, bar in bounds
    ]
    unit = readings.sample(bounds[0][0], claim.on).unit
    return smallest(unit, conditions, readings.confidence)
