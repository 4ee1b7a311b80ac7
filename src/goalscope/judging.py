"""What a claim is, and how evidence turns claims into verdicts."""

import dataclasses
import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from goalscope.dose_response import check_doses
from goalscope.evidence import Evidence
from goalscope.findings import Finding, Readings
from goalscope.result import ArmResult, Calibration, Outcome, Verdict
from goalscope.statistics import holm


class Needs(NamedTuple):
    """Names of arms, and of groups of arms, that a claim looks at."""

    arms: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@runtime_checkable
class Dosed(Protocol):
    """An arm, of an experiment or of a result, as a member of a dose-response curve."""

    @property
    def group(self) -> str: ...

    @property
    def dose(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class AbstractClaim(ABC):
    """A prediction about one reading.

    Fields:
        text: the claim in a sentence.
        on: the reading, as "instrument.reading".
        min_agents: with fewer agents in any arm the claim stays underpowered.
        resolution: width of the interval above which an undecided claim is underpowered
            rather than mixed, in the unit of the estimate.
    """

    text: str
    on: str
    min_agents: int = 8
    resolution: float = 0.2

    def __post_init__(self) -> None:
        instrument, _, reading = self.on.partition(".")
        named = bool(instrument and reading)
        require(bool(self.text.strip()), "text is empty; say the claim in a sentence")
        require(named, f"on is {self.on!r}; name a reading as 'instrument.reading'")
        require(self.min_agents >= 2, f"min_agents is {self.min_agents}; at least 2")
        require(self.resolution > 0, f"resolution is {self.resolution}; it is above 0")
        for name, value in self._fields().items():
            numeric = isinstance(value, int | float)
            require(not numeric or math.isfinite(value), f"{name} is {value}; not finite")
        self.validate()

    @abstractmethod
    def validate(self) -> None:
        """Raise `ValueError` if the fields of the claim make no sense together."""

    @abstractmethod
    def needs(self) -> Needs:
        """Return the arms and groups that the claim names."""

    @abstractmethod
    def bars(self) -> str:
        """Return when the claim is supported and when it is refuted, in a sentence."""

    @abstractmethod
    def finding(self, readings: Readings) -> Finding:
        """Return what the readings say about the claim."""

    @property
    def instrument(self) -> str:
        """Return the name of the instrument that the claim rests on."""
        return self.on.partition(".")[0]

    def arms_needed(self) -> tuple[str, ...]:
        """Return the arms that the claim names."""
        return self.needs().arms

    def groups_needed(self) -> tuple[str, ...]:
        """Return the groups of arms that the claim names."""
        return self.needs().groups

    def readings_needed(self) -> tuple[tuple[str, str], ...]:
        """Return (arm or group, "instrument.reading") of everything the claim looks at."""
        arms, groups = self.needs()
        return tuple((name, self.on) for name in (*arms, *groups))

    def check(self, arms: Mapping[str, Dosed], readings: Collection[str]) -> None:
        """Raise `ValueError` if an experiment lacks what the claim needs.

        `readings` are all the "instrument.reading" that every arm will have.
        """
        for arm in self.needs().arms:
            require(arm in arms, f"{self.text!r} needs arm {arm!r}; arms: {_list(arms)}")
        for group in self.needs().groups:
            doses = [arm.dose for arm in arms.values() if arm.group == group]
            groups = _list({arm.group for arm in arms.values()})
            require(bool(doses), f"{self.text!r} needs group {group!r}; groups: {groups}")
            check_doses(np.sort(np.array([d for d in doses if d is not None], float)))
        known = f"readings: {_list(readings)}"
        require(self.on in readings, f"{self.text!r} needs reading {self.on!r}; {known}")

    def rule(self) -> str:
        """Return the rule in words, with its thresholds."""
        return (
            f"{self.bars()} Either also needs a p-value below the level after Holm's "
            f"correction. Underpowered with fewer than {self.min_agents} agents in an arm, "
            f"or if undecided with an interval wider than {self.resolution:g}; otherwise "
            "mixed."
        )

    def rule_hash(self) -> str:
        """Return the sha256 of the rule's canonical form: class and fields, sorted JSON."""
        fields = {name: _canonical(value) for name, value in self._fields().items()}
        form = [type(self).__name__, fields]
        text = json.dumps(form, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _fields(self) -> dict[str, str | float | tuple]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def judge(
    claims: Sequence[AbstractClaim],
    evidence: Mapping[tuple[str, str, str], Evidence],
    arms: Mapping[str, ArmResult],
    calibration: Mapping[str, Calibration],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """Return a verdict for every claim, in the order of the claims.

    A claim is supported, or refuted, if its interval says so and its p-value stays below
    `1 - confidence` after Holm's correction over all claims. One whose instrument failed
    its calibration in this run is invalid. The family is the claims as announced: one
    that cannot be tested has no p-value, and counts as 1.

    Args:
        claims: of one experiment.
        evidence: (arm, instrument, reading) -> readings.
        arms: arm name -> its agents.
        calibration: instrument -> how it did on planted agents; an instrument that is not
            in it, such as a score kept in training, needs no calibration.
        confidence: of the intervals.
        seed: of the resampling.
    """
    readings = Readings(evidence, arms, confidence, seed)
    findings = [claim.finding(readings) for claim in claims]
    failed = [_failed(claim, calibration) for claim in claims]
    raw = [
        math.nan if bad or finding.n < claim.min_agents else finding.p_value
        for claim, finding, bad in zip(claims, findings, failed, strict=True)
    ]
    adjusted = holm(np.array(raw, dtype=float)).tolist()
    verdicts = []
    for claim, finding, bad, p in zip(claims, findings, failed, adjusted, strict=True):
        outcome, reason = bad or _decide(claim, finding, p, 1 - confidence)
        verdicts.append(_verdict(claim, finding, outcome, p, reason))
    return tuple(verdicts)


def require(condition: bool, message: str) -> None:
    """Raise `ValueError` with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def _failed(
    claim: AbstractClaim, calibration: Mapping[str, Calibration]
) -> tuple[Outcome, str] | None:
    found = calibration.get(claim.instrument)
    if found is None or found.passed:
        return None
    return Outcome.INVALID, (
        f"{claim.instrument} did not pass its calibration on planted agents in this run "
        f"({found.gate})."
    )


def _decide(
    claim: AbstractClaim, finding: Finding, p: float, level: float
) -> tuple[Outcome, str]:
    if finding.n < claim.min_agents or math.isnan(p):
        return Outcome.UNDERPOWERED, _too_few(claim, finding)
    says = f"The interval of the {finding.quantity}"
    decided = finding.supports or finding.refutes
    if decided and p < level:
        outcome = Outcome.SUPPORTED if finding.supports else Outcome.REFUTED
        where = "where the claim is true" if finding.supports else "where it is false"
        return outcome, f"{says} lies {where}, p = {p:.2g} after Holm's correction."
    if decided:
        would = "support" if finding.supports else "refute"
        return (
            Outcome.MIXED,
            f"{says} alone would {would} the claim; {_stopped(finding, p, level)}",
        )
    wide = f"{finding.width:.3g} wide, resolution {claim.resolution:g}"
    if finding.width > claim.resolution:
        return Outcome.UNDERPOWERED, f"{says} leaves the claim open and is {wide}."
    return Outcome.MIXED, f"{says} lies on a bar, {wide}: the truth is close to it."


def _too_few(claim: AbstractClaim, finding: Finding) -> str:
    if finding.n == 0:
        return f"No included agent has a finite {claim.on}: nothing to estimate."
    if finding.n < claim.min_agents:
        return (
            f"{finding.n} agents in the smallest arm; the rule asks for {claim.min_agents}."
        )
    return f"The {finding.quantity} has no interval."


def _stopped(finding: Finding, p: float, level: float) -> str:
    if finding.p_value < level:
        return f"Holm's correction stops it, p = {finding.p_value:.2g} becomes {p:.2g}."
    return f"its p-value of {finding.p_value:.2g} does not."


def _verdict(
    claim: AbstractClaim, finding: Finding, outcome: Outcome, p: float, reason: str
) -> Verdict:
    return Verdict(
        claim=claim.text,
        outcome=outcome,
        estimate=finding.interval.estimate,
        lower=finding.interval.lower,
        upper=finding.interval.upper,
        n=finding.n,
        p_value=p,
        unit=finding.unit,
        rule=claim.rule(),
        rule_hash=claim.rule_hash(),
        reason=reason,
    )


def _canonical(value: str | float | tuple) -> object:
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    return value if isinstance(value, str) else float(value)


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
