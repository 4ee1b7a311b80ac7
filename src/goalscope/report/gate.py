"""The competence gate, and how far from it the agents were that it kept out. No JAX."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from goalscope.evidence import Evidence
from goalscope.result import ArmResult, Result


class CompetenceGate(NamedTuple):
    """The reading that decides, as "instrument.reading", and its least value."""

    on: str
    threshold: float

    @property
    def words(self) -> str:
        """Whom it lets in."""
        return (
            f"The gate lets in whose {self.on} ends at {self.threshold:g} (line) or more."
        )


def competence_gate(result: Result) -> CompetenceGate | None:
    """Return the gate in front of every reading, or None if all agents pass."""
    found = result.setup.competence
    return CompetenceGate(found["on"], float(found["threshold"])) if found else None


def kept_out(arm: ArmResult) -> Bool[np.ndarray, " N"]:
    """Return which agents stayed finite in training and did not pass the gate."""
    return ~arm.competent & (arm.diverged_at < 0)


def gate_evidence(result: Result, arm: ArmResult) -> Evidence | None:
    """Return the reading of an arm that the gate looks at; None without gate or reading."""
    gate = competence_gate(result)
    instrument, _, reading = gate.on.partition(".") if gate else ("", "", "")
    return result.evidence.get((arm.name, instrument, reading))


def how_far(result: Result) -> list[str]:
    """Return a line for every arm with agents that the gate kept out: what they read."""
    gate, lines = competence_gate(result), []
    for arm in result.arms.values():
        found = gate_evidence(result, arm)
        values = found.values[kept_out(arm), -1] if found else np.zeros(0)
        known = values[np.isfinite(values)]
        if gate and known.size:
            ends = dict.fromkeys((f"{known.min():.3g}", f"{known.max():.3g}"))
            read = f"{gate.on} of those not competent is {' to '.join(ends)}"
            lines.append(f"{arm.title}: {read}; the gate is at {gate.threshold:g}.")
    return lines
