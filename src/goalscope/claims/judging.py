"""How evidence turns claims into verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from goalscope.claims.base import AbstractClaim
from goalscope.claims.findings import Finding
from goalscope.claims.readings import Readings
from goalscope.evidence import Evidence
from goalscope.result import ArmResult, Calibration, Outcome, Verdict
from goalscope.statistics.distribution import LEAST_AGENTS
from goalscope.statistics.intervals import holm


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
        reason += _behind(claim, finding, readings)
        judged = _verdict(claim, finding, outcome, p, reason)
        verdicts.append(replace(judged, rests_on=_rests_on(claim, arms, calibration)))
    return tuple(verdicts)


def _rests_on(
    claim: AbstractClaim,
    arms: Mapping[str, ArmResult],
    calibration: Mapping[str, Calibration],
) -> tuple[str, ...]:
    """Return the arms that a claim looks at, and what its instruments were tried on."""
    named, groups = claim.needs()
    curves = [a.name for a in arms.values() if a.group in groups and a.dose is not None]
    tried = [calibration[name].truth for name in claim.instruments if name in calibration]
    planted = [kind for truth in tried for kind in truth]
    return tuple(dict.fromkeys((*named, *curves, *planted)))


def _failed(
    claim: AbstractClaim, calibration: Mapping[str, Calibration]
) -> tuple[Outcome, str] | None:
    for name in claim.instruments:
        found = calibration.get(name)
        if found is not None and not found.passed:
            return Outcome.INVALID, (
                f"{name} did not pass its calibration on planted agents in this run "
                f"({found.gate})."
            )
    return None


def _decide(
    claim: AbstractClaim, finding: Finding, p: float, level: float
) -> tuple[Outcome, str]:
    if finding.n < claim.min_agents:
        return Outcome.UNDERPOWERED, _too_few(claim, finding)
    decided = finding.supports or finding.refutes
    if not decided:
        return _undecided(claim, finding)
    interval = f"The interval of the {finding.quantity}"
    if p < level:
        outcome = Outcome.SUPPORTED if finding.supports else Outcome.REFUTED
        where = "where the claim is true" if finding.supports else "where it is false"
        says = finding.parts or f"{interval} lies {where}"
        return outcome, f"{says}, p = {p:.2g} after Holm's correction."
    would = "support" if finding.supports else "refute"
    says = f"{finding.parts}. This" if finding.parts else interval
    stopped = _stopped(finding, p, level)
    return Outcome.MIXED, f"{says} alone would {would} the claim; {stopped}"


def _undecided(claim: AbstractClaim, finding: Finding) -> tuple[Outcome, str]:
    if finding.n < LEAST_AGENTS and math.isnan(finding.width):
        why = f"{finding.n} agents in the smallest arm; an interval takes {LEAST_AGENTS}."
        return Outcome.UNDERPOWERED, why
    wide = f"{finding.width:.3g} wide, resolution {claim.resolution:g}"
    outcome = Outcome.UNDERPOWERED if finding.width > claim.resolution else Outcome.MIXED
    if finding.parts:
        return outcome, f"{finding.parts}. The interval of the first is {wide}."
    says = f"The interval of the {finding.quantity}"
    if outcome is Outcome.UNDERPOWERED:
        return outcome, f"{says} leaves the claim open and is {wide}."
    return outcome, f"{says} lies on a bar, {wide}: the truth is close to it."


def _too_few(claim: AbstractClaim, finding: Finding) -> str:
    if finding.n == 0:
        return (
            f"Nothing to estimate: an arm has no included agent with a finite {claim.on}."
        )
    return f"{finding.n} agents in the smallest arm; the rule asks for {claim.min_agents}."


def _behind(claim: AbstractClaim, finding: Finding, readings: Readings) -> str:
    """Return which agents `n` counts, where it is not all agents of every arm; else ""."""
    looked_at = [
        readings.sample(arm, on)
        for name, on in claim.readings_needed()
        for arm in readings.members(name)
    ]
    known = [len(sample.known) for sample in looked_at]
    trained = sorted({len(sample.agents) for sample in looked_at})
    if finding.n == 0 or {finding.n} == {*known, *trained}:
        return ""
    of = " or ".join(f"{count:,}" for count in trained)
    if finding.n < min(known):
        pairs = "counts pairs of agents that started alike, both of which must count"
        return f" n = {finding.n} {pairs}; arms have {of} agents."
    rest = "the others are excluded or lack the reading"
    if len(looked_at) == 1:
        return f" n = {finding.n} of {of} agents: {rest}."
    return f" n = {finding.n} is that of the smallest arm, of {of} agents an arm: {rest}."


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
        source=claim.source,
        instruments=claim.instruments,
    )
