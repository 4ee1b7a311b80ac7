"""A claim about four arms: how much a difference differs where something else changes."""

from dataclasses import dataclass
from functools import reduce
from typing import final

import numpy as np
from jaxtyping import Float

from goalscope.claims.base import AbstractClaim, Needs, require
from goalscope.claims.findings import Finding, beside
from goalscope.claims.readings import Readings
from goalscope.statistics.bootstrap import bootstrap
from goalscope.units import range_of


@final
@dataclass(frozen=True, kw_only=True)
class DifferenceOfDifferences(AbstractClaim):
    """One difference of means exceeds another by at least so much.

    With arms `(a, b)` and others `(c, d)` the estimate is the mean over agents of
    `(a − b) − (c − d)`: what separates a from b, less what separates them anyway. An agent
    number counts if it has a reading in all four arms, and is resampled as one.
    """

    arms: tuple[str, str]
    others: tuple[str, str]
    at_least: float

    def validate(self) -> None:
        named = (*self.arms, *self.others)
        message = f"arms and others are {named}; name four different arms"
        require(len(named) == len(set(named)) == 4 and all(named), message)

    def needs(self) -> Needs:
        return Needs(arms=(*self.arms, *self.others))

    def bars(self) -> str:
        return (
            f"Supported if the interval of the difference of differences of {self.on}, "
            f"{_minus(self.arms)} minus {_minus(self.others)}, over agents of one number, "
            f"lies above {self.at_least:g}, refuted if it lies below."
        )

    def finding(self, readings: Readings) -> Finding:
        first, second, third, fourth = _of_one_number(self, readings)
        values = (first - second) - (third - fourth)
        unit = readings.sample(self.arms[0], self.on).unit
        low, high = range_of(unit)
        within = (2 * (low - high), 2 * (high - low))
        return beside(
            f"mean {self.on}, {_minus(self.arms)} minus {_minus(self.others)}",
            unit,
            bootstrap(values[np.isfinite(values)], within=within, seed=readings.seed),
            self.at_least,
            above=True,
            confidence=readings.confidence,
        )


def _minus(pair: tuple[str, str]) -> str:
    return f"({pair[0]!r} minus {pair[1]!r})"


def _of_one_number(
    claim: DifferenceOfDifferences, readings: Readings
) -> Float[np.ndarray, "4 n"]:
    """Return the readings of the agent numbers that all four arms have."""
    samples = [readings.sample(arm, claim.on) for arm in claim.needs().arms]
    shared = reduce(np.intersect1d, [sample.agents for sample in samples])
    return np.stack([s.values[np.searchsorted(s.agents, shared)] for s in samples])
