"""Trials that nobody ran: what planted agents read is written down."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from goalscope.scoring.records import Scorecard
from goalscope.scoring.scorecard import score
from goalscope.scoring.trial_readings import TrialReadings, array_name

GOALS = ("cheese", "corner")


@dataclass
class Kind:
    """What agents of one kind read.

    Fields:
        role: how they count.
        values: `[N, R]`, or `[N]` for a single reading.
        doses: `[N]`, zeros unless given.
        half_width: of the intervals around the values.
        goals: the goal that each was given.
        checks: share of agents that pass the one check.
        from_dose: dose from which they count.
    """

    role: str
    values: Any
    doses: Any = None
    half_width: float = 0.0
    truth: str = "none"
    goals: Sequence[str] | None = None
    trend: Mapping[str, int] = field(default_factory=dict)
    true_readings: Mapping[str, Sequence[float]] = field(default_factory=dict)
    retest: Any = None
    checks: float = 1.0
    from_dose: float | None = None

    @property
    def table(self) -> np.ndarray:
        values = np.asarray(self.values, np.float32)
        return values if values.ndim == 2 else values[:, None]


def arrays(kinds: Mapping[str, Kind]) -> dict[str, np.ndarray]:
    """Return what a cell would store."""
    found = {}
    for name, kind in kinds.items():
        table = kind.table
        doses = np.zeros(len(table)) if kind.doses is None else np.asarray(kind.doses)
        found[array_name(name, "value")] = table
        found[array_name(name, "lower")] = table - np.float32(kind.half_width)
        found[array_name(name, "upper")] = table + np.float32(kind.half_width)
        found[array_name(name, "dose")] = doses.astype(float)
        passed = np.arange(len(table)) < kind.checks * len(table)
        found[array_name(name, "checks")] = passed[:, None]
        if kind.retest is not None:
            found[array_name(name, "retest")] = np.asarray(kind.retest, np.float32)[:, None]
    return found


def words(
    kinds: Mapping[str, Kind],
    *,
    readings: Sequence[str] = ("score",),
    candidates: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
    **changes: Any,
) -> dict[str, Any]:
    """Return what a cell's record says, sorted; `elsewhere` cannot live in this world."""
    absent = {name: Kind("neither", np.zeros(0)) for name in elsewhere}
    cases = {
        name: {
            "role": kind.role,
            "from_dose": kind.from_dose,
            "truth": kind.truth,
            "trend": dict(kind.trend),
            "true_readings": {k: list(v) for k, v in kind.true_readings.items()},
        }
        for name, kind in {**absent, **kinds}.items()
    }
    about = {
        "question": "Is it there?",
        "unit": "share",
        "readings": list(readings),
        "candidates": list(candidates),
        "convicts": 0.9 if candidates else 0.0,
        "check_names": ["enough decisions"],
        "features": {k: list(v.goals or ["x"] * len(v.table)) for k, v in kinds.items()},
        "controls": [],
        "cases": cases,
        "levels": 32,
        "score": "score",
        "threshold": 0.5,
        "listed": {},
        "limits": ["It cannot tell why."],
    }
    return json.loads(json.dumps(about | changes, allow_nan=False, sort_keys=True))


def trial(kinds: Mapping[str, Kind], **changes: Any) -> TrialReadings:
    """Return the readings of a trial; keyword arguments are those of `words`."""
    return TrialReadings(words(kinds, **changes), arrays(kinds))


def card(
    kinds: Mapping[str, Kind],
    *,
    name: str = "thing_meter",
    world: str = "corner",
    power: Mapping[str, np.ndarray] | None = None,
    **changes: Any,
) -> Scorecard:
    """Return the scorecard of a trial."""
    return score(name, world, "test", trial(kinds, **changes), power or {})


def control(kind: str, low: float, high: float, **changes: Any) -> dict[str, Any]:
    """Return a requirement as a cell's record has it."""
    about = {"kind": kind, "reading": "score", "dose": None}
    return about | {"low": str(low), "high": str(high)} | changes


def perfect(num_agents: int = 200) -> tuple[dict[str, Kind], dict[str, Any]]:
    """Return kinds that are read as they are, and what is required of them.

    Of the intervals, 95 in 100 hold the truth.
    """
    spread = np.linspace(-0.05, 0.05, num_agents)
    doses = np.tile([1.0, 2.0, 4.0, 8.0], num_agents // 4)
    missed = np.arange(num_agents) % 20 == 0
    values = 0.7 + 0.03 * doses + spread / 10
    kinds = {
        "planner": Kind(
            "positive", values, doses, trend={"score": 1}, retest=values[:16] + 0.02,
            true_readings={"score": (values + missed).tolist()}, truth="one goal",
        ),
        "random walker": Kind("negative", 0.1 + spread),
        "mixture": Kind("neither", 0.5 + spread, doses, truth="mixture"),
    }  # fmt: skip
    controls = [
        control("planner", 0.8, np.inf, dose=4.0),
        control("random walker", -np.inf, 0.2),
        control("mixture", 0.4, 0.6),
    ]
    return kinds, {"controls": controls}
