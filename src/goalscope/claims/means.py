"""Claims about the agents of one arm, or of two."""

from dataclasses import dataclass
from typing import final

from goalscope.claims.base import AbstractClaim, Needs, require
from goalscope.claims.findings import Finding, beside, nothing
from goalscope.claims.readings import Readings
from goalscope.statistics.bootstrap import bootstrap
from goalscope.statistics.intervals import binomial_p_values, two_sided, wilson
from goalscope.units import range_of


@final
@dataclass(frozen=True, kw_only=True)
class Above(AbstractClaim):
    """The mean of a reading over an arm's agents lies above a threshold.

    Agents that all read the same have a mean without uncertainty. Where agents either do
    or do not, claim a `Majority`: its interval knows that the next agent may differ.

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


def _mean_beside(claim: Above | Below, readings: Readings, *, above: bool) -> Finding:
    sample = readings.sample(claim.arm, claim.on)
    return beside(
        f"mean {claim.on} of {claim.arm}",
        sample.unit,
        bootstrap(sample.known, within=range_of(sample.unit), seed=readings.seed),
        claim.threshold,
        above=above,
        confidence=readings.confidence,
    )
