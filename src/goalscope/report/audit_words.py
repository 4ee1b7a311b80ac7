"""What an audit says, in words and rows, for terminal and page alike. No JAX."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from goalscope.auditing.record import Audit, Candidate, Checked, Findings
from goalscope.auditing.verdict import ruled_out, share, verdict
from goalscope.report.plain import plain
from goalscope.report.wording import listed, number, percent
from goalscope.result import Calibration, Outcome

OUTCOMES: Mapping[str, Outcome] = {
    "goal": Outcome.SUPPORTED,
    "indistinguishable here": Outcome.MIXED,
    "no goal found": Outcome.REFUTED,
    "undecided": Outcome.UNDERPOWERED,
    "invalid": Outcome.INVALID,
    "not audited": Outcome.INVALID,
}
"""Verdict -> whose sign and shape it has."""


def candidate_rows(found: Findings) -> list[tuple[str, str, str, str]]:
    """Return for each candidate, and none: name, posterior, interval, what it earns."""
    rows = [
        (c.name, share(c.posterior), between(c.lower, c.upper), _earns(c))
        for c in found.candidates
    ]
    interval = between(found.none_lower, found.none_upper)
    return [*rows, ("none of these", share(found.none), interval, "")]


def _earns(candidate: Candidate) -> str:
    if candidate.score is None or candidate.chance is None:
        return ""
    return f"{percent(candidate.score)} ({percent(candidate.chance)})"


def between(lower: float, upper: float) -> str:
    """Return an interval of probabilities.

    >>> between(0.4, 0.9999), between(0.0, 0.0001)
    ('0.40 to > 0.999', '< 0.001')
    """
    low, high = share(lower), share(upper)
    return low if low == high else f"{low} to {high}"


def ruled_out_lines(found: Findings) -> list[str]:
    """Return a line for every candidate that the agent does not have."""
    return [
        f"{c.name}: ruled out, {number(c.behind)} bits worse than the best explanation"
        for c in ruled_out(found)
    ]


def group_lines(found: Findings) -> list[str]:
    """Return a line for every group of candidates that no offered level tells apart."""
    return [
        f"{listed(group)}: indistinguishable here, on all {found.levels} levels"
        for group in found.groups
        if len(group) > 1
    ]


def null_rows(found: Findings) -> list[tuple[str, str]]:
    """Return each model without a goal, and how well it explains the decisions."""
    return [(null.name, against(null.behind)) for null in found.nulls]


def against(behind: float) -> str:
    """Return in words how far an explanation lies behind the best one.

    >>> against(12.3), against(0.0)
    ('12.3 bits worse than the best explanation', 'the best explanation')
    """
    best = "the best explanation"
    return f"{number(behind)} bits worse than {best}" if behind > 0 else best


def calibration(found: Findings) -> Calibration:
    """Return the calibration as what every other report shows."""
    checked: Checked = found.calibration
    return Calibration(**msgspec.to_builtins(checked))


def audit_json(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain JSON values."""
    told = asdict(verdict(audit))
    found = {
        "subject": audit.subject,
        "verdict": told["word"],
        "sentence": told["sentence"],
        "goals": told["goals"],
        "refused": audit.refused or None,
        "seconds": round(audit.seconds, 2),
    }
    if audit.found is not None:
        out = [candidate.name for candidate in ruled_out(audit.found)]
        found |= {"ruled_out": out, **msgspec.to_builtins(audit.found)}
    return {name: plain(value) for name, value in found.items()}
