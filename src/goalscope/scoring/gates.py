"""The conditions for the release of an instrument, and the pattern it must show."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from goalscope.scoring.invariances import Invariance
from goalscope.scoring.metrics import at_most, coverage, dose_trend, measured_mean
from goalscope.scoring.records import Family, Gate, PatternRow
from goalscope.scoring.trial_readings import TrialReadings
from goalscope.statistics.intervals import Interval

MIN_AGENTS = 200
MIN_AUC, MAX_FALSE_RATE, MAX_FALSE_BOUND = 0.95, 0.05, 0.08
COVERAGE, MIN_TREND = (0.92, 0.98), 0.9


def gates_of(
    found: TrialReadings, fewest: int, area: Interval, false: Interval
) -> tuple[Gate, ...]:
    """Return every condition: agents, AUC, false convictions, coverage, trends, pattern.

    Args:
        found: the readings.
        fewest: positives or negatives, whichever are fewer.
        area: AUC of positives against negatives.
        false: share of negatives that are convicted.
    """
    return (
        _enough(fewest),
        _at_least("AUC", "AUC", area.estimate, MIN_AUC),
        _at_most("false convictions", false.estimate, MAX_FALSE_RATE),
        _at_most("upper 95 % limit of false convictions", false.upper, MAX_FALSE_BOUND),
        *_coverage_gates(found),
        *_trend_gates(found),
        *(_pattern_gate(row) for row in pattern(found)),
    )


def _enough(fewest: int) -> Gate:
    bound = f"at least {MIN_AGENTS} positives and as many negatives"
    return Gate("agents", "agents", float(fewest), bound, fewest >= MIN_AGENTS)


def _at_least(family: Family, name: str, value: float, bound: float) -> Gate:
    return Gate(family, name, value, f"at least {bound:g}", value >= bound)


def _at_most(name: str, value: float, bound: float) -> Gate:
    return Gate("false convictions", name, value, f"at most {bound:g}", value <= bound)


def _coverage_gates(found: TrialReadings) -> Iterator[Gate]:
    """Yield how many 95 % intervals hold the truth, for each reading that has one."""
    pooled: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for kind in found.kinds:
        for reading, truth in found.words["cases"][kind]["true_readings"].items():
            bounds = (found.field(kind, reading, side) for side in ("lower", "upper"))
            pooled.setdefault(reading, []).append((*bounds, np.array(truth, float)))
    for reading, parts in pooled.items():
        lower, upper, truth = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        share = coverage(lower, upper, truth).estimate
        passed = COVERAGE[0] <= share <= COVERAGE[1]
        bound = f"{COVERAGE[0]:g} to {COVERAGE[1]:g} of {len(truth)}"
        yield Gate("coverage", f"coverage of {reading}", share, bound, passed)


def _trend_gates(found: TrialReadings) -> Iterator[Gate]:
    """Yield Kendall's τ of each dose-response that is required, signed as required."""
    for kind in found.kinds:
        for reading, sign in found.words["cases"][kind]["trend"].items():
            values = found.field(kind, reading, "value")
            trend = sign * dose_trend(found.doses(kind), values)
            direction = "rising" if sign > 0 else "falling"
            name = f"{reading} {direction} with the dose of {kind}, Kendall's τ"
            yield _at_least("trend", name, trend, MIN_TREND)


def pattern(found: TrialReadings) -> tuple[PatternRow, ...]:
    """Return what is required of the kinds that can live in this world.

    A kind that the trial leaves out altogether, and a dose that no agent has, fail.
    """
    return tuple(
        _pattern_row(found, control)
        for control in found.words["controls"]
        if control["kind"] in found.kinds or control["kind"] not in found.words["cases"]
    )


def _pattern_row(found: TrialReadings, control: Mapping[str, Any]) -> PatternRow:
    kind, reading, dose = control["kind"], control["reading"], control["dose"]
    values = np.zeros(0)
    if kind in found.kinds:
        enough = found.doses(kind) >= (-math.inf if dose is None else dose)
        values = found.field(kind, reading, "value")[enough]
    mean, low, high = measured_mean(values), float(control["low"]), float(control["high"])
    n = int((~np.isnan(values)).sum())
    passed = bool(at_most(low, mean) and at_most(mean, high))
    return PatternRow(kind, reading, dose, mean, low, high, n, passed)


def _pattern_gate(row: PatternRow) -> Gate:
    name = f"{row.reading} of {row.agents}"
    return Gate("pattern", name, row.mean, row.bound, row.passed)


def invariance_gates(found: tuple[Invariance, ...]) -> Iterator[Gate]:
    """Yield a condition for each transformation that must leave readings as they are."""
    for row in found:
        change = "largest change" if row.exact else "mean change"
        name = f"{change} of {row.reading} when {row.transformation}"
        bound = f"at most {row.bound:.2g}"
        yield Gate("invariance", name, row.measured, bound, row.held)
