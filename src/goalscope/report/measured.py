"""What one instrument read of the arms of a result, and of planted agents. No JAX."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from goalscope.evidence import Evidence
from goalscope.report.cleaning import clean
from goalscope.report.plain import plain
from goalscope.result import Result
from goalscope.statistics.intervals import Interval


@dataclass(frozen=True)
class Row:
    """One reading of one arm, or of one planted kind.

    Fields:
        name, title: of the arm or kind.
        reading, unit: what was read.
        planted: whether the agents' goal is known because they were built.
        goal: that goal, or None if it is none of the candidates.
        values: of the included agents with a finite reading, `[n]`.
        interval: mean over agents and its 95 % interval.
        control: mean of the negative control, NaN if there is none.
        checked: share of the included agents that pass every check.
    """

    name: str
    title: str
    reading: str
    unit: str
    planted: bool
    goal: str | None
    values: Float[np.ndarray, " n"]
    interval: Interval
    control: float
    checked: float


@dataclass(frozen=True)
class Told:
    """What to say about a measurement beside its numbers.

    Fields:
        instrument: its name in the readings.
        kind, question: of the instrument.
        fields: its fields, as a reader would write them.
        on: test or train levels.
        left_out: planted kinds that were not measured, and why.
        truth: planted kind -> its goal.
        of: whose agents, in words.
    """

    instrument: str
    kind: str
    question: str
    fields: Mapping[str, str]
    on: str
    left_out: Mapping[str, str]
    truth: Mapping[str, str | None]
    of: str

    @property
    def settings(self) -> str:
        """The instrument's fields in a line."""
        return "; ".join(f"{name} = {value}" for name, value in self.fields.items())


def measured_rows(result: Result, told: Told) -> dict[str, list[Row]]:
    """Return reading -> a row for each arm, then for each planted kind."""
    found: dict[str, list[Row]] = {}
    ordered = [*result.arms, *told.truth]
    for name in ordered:
        for (arm, instrument, reading), evidence in result.evidence.items():
            if arm == name and instrument == told.instrument:
                found.setdefault(reading, []).append(_row(result, told, evidence))
    return found


def _row(result: Result, told: Told, evidence: Evidence) -> Row:
    arm = result.arms.get(evidence.arm)
    checks = evidence.checks[:, -1][evidence.included]
    controls = evidence.control[:, -1][evidence.included]
    known = controls[np.isfinite(controls)]
    return Row(
        name=evidence.arm,
        title=arm.title if arm else evidence.arm,
        reading=evidence.reading,
        unit=evidence.unit,
        planted=arm is None,
        goal=told.truth.get(evidence.arm),
        values=np.asarray(evidence.final, float),
        interval=evidence.mean(),
        control=float(known.mean()) if len(known) else float("nan"),
        checked=float(checks.all(axis=1).mean()) if len(checks) else float("nan"),
    )


def measured_json(result: Result, told: Told) -> dict[str, Any]:
    """Return a measurement as plain JSON values; numbers that are not finite are None."""
    rows = [
        _row_json(row) for group in measured_rows(result, told).values() for row in group
    ]
    found = {
        "instrument": told.instrument,
        "kind": told.kind,
        "question": told.question,
        "fields": told.fields,
        "of": told.of,
        "levels": told.on,
        "readings": rows,
        "not_measured": told.left_out,
        "calibration": list(result.calibration.values()),
        "command": result.command,
        "damage": result.damage,
        "repair": result.repair,
        "fingerprint": result.fingerprint,
    }
    return {name: plain(value) for name, value in found.items()}


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "name": clean(row.name),
        "title": row.title,
        "planted": row.planted,
        "goal": row.goal,
        "reading": row.reading,
        "unit": row.unit,
        "n": len(row.values),
        "mean": row.interval.estimate,
        "lower": row.interval.lower,
        "upper": row.interval.upper,
        "control": row.control,
        "passes_checks": row.checked,
        "agents": row.values,
    }
