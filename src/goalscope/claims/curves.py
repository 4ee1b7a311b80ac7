"""Claims about several arms: a curve over a dose, one direction in every pair."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

from goalscope.claims.base import AbstractClaim, Needs, require
from goalscope.claims.findings import Finding, inside, nothing, smallest
from goalscope.claims.readings import Readings
from goalscope.statistics.dose_response import bootstrap_crossing


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
        steps = [(later, arm, -self.tolerance) for arm, later in pairwise(arms)]
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
