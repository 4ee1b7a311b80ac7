"""A scorecard from the stored numbers of a trial: gates, pattern, kinds, power."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from goalscope.scoring.metrics import (
    auc,
    coverage,
    dose_trend,
    false_rate,
    rank_correlation,
)
from goalscope.scoring.records import Gate, KindRow, PatternRow, Scorecard
from goalscope.scoring.trial_readings import TrialReadings
from goalscope.statistics import Interval, clopper_pearson

MIN_AGENTS = 200
MIN_AUC, MAX_FALSE_RATE, MAX_FALSE_BOUND = 0.95, 0.05, 0.08
COVERAGE, MIN_TREND = (0.92, 0.98), 0.9


def score(
    instrument: str,
    world: str,
    half: str,
    found: TrialReadings,
    power: Mapping[str, np.ndarray],
) -> Scorecard:
    """Return how an instrument did in one world.

    Args:
        instrument: what was tried.
        world: where.
        half: on which half of the zoo.
        found: the readings.
        power: "kind/levels" -> values at other numbers of levels, `[N, R]`.
    """
    roles = {role: _kinds(found, role) for role in ("positive", "negative")}
    scores = {
        role: np.concatenate([found.score(kind) for kind in kinds])
        for role, kinds in roles.items()
    }
    right = np.concatenate([found.right(kind) for kind in roles["positive"]])
    wrong = np.concatenate([found.convicted(kind) for kind in roles["negative"]])
    apart, false = auc(scores["positive"], scores["negative"]), false_rate(wrong)
    pattern = _pattern(found)
    gates = (
        _enough(len(right), len(wrong)),
        _at_least("AUC", apart.estimate, MIN_AUC),
        _at_most("false convictions", false.estimate, MAX_FALSE_RATE),
        _at_most("their upper 95 % limit", false.upper, MAX_FALSE_BOUND),
        *_coverage_gates(found),
        *_trend_gates(found),
        *(_pattern_gate(row) for row in pattern),
    )
    words = found.words
    return Scorecard(
        instrument=instrument,
        world=world,
        question=words["question"],
        unit=words["unit"],
        levels=words["levels"],
        half=half,
        positives=len(right),
        negatives=len(wrong),
        auc=apart,
        hit_rate=clopper_pearson(int(right.sum()), len(right)),
        false_rate=false,
        gates=gates,
        pattern=pattern,
        kinds=tuple(_kind_row(found, kind) for kind in found.kinds),
        power=_power(found, roles, power),
        listed=words["listed"],
        limits=tuple(words["limits"]),
    )


def _kinds(found: TrialReadings, role: str) -> list[str]:
    cases = found.words["cases"]
    return [kind for kind in found.kinds if cases[kind]["role"] == role]


def _enough(positives: int, negatives: int) -> Gate:
    fewest = min(positives, negatives)
    bound = f"at least {MIN_AGENTS} positives and as many negatives"
    return Gate("agents", fewest, bound, fewest >= MIN_AGENTS)


def _at_least(name: str, value: float, bound: float) -> Gate:
    return Gate(name, value, f"at least {bound:g}", value >= bound)


def _at_most(name: str, value: float, bound: float) -> Gate:
    return Gate(name, value, f"at most {bound:g}", value <= bound)


def _coverage_gates(found: TrialReadings) -> list[Gate]:
    """Return how many 95 % intervals hold the truth, for each reading that has one."""
    pooled: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for kind in found.kinds:
        for reading, truth in found.words["cases"][kind]["true_readings"].items():
            bounds = (found.field(kind, reading, side) for side in ("lower", "upper"))
            pooled.setdefault(reading, []).append((*bounds, np.array(truth, float)))
    gates = []
    for reading, parts in pooled.items():
        lower, upper, truth = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        share = coverage(lower, upper, truth).estimate
        passed = COVERAGE[0] <= share <= COVERAGE[1]
        bound = f"{COVERAGE[0]:g} to {COVERAGE[1]:g} of {len(truth)}"
        gates.append(Gate(f"coverage of {reading}", share, bound, passed))
    return gates


def _trend_gates(found: TrialReadings) -> list[Gate]:
    """Return Kendall's τ of each dose-response that is required, signed as required."""
    gates = []
    for kind in found.kinds:
        for reading, sign in found.words["cases"][kind]["trend"].items():
            values = found.field(kind, reading, "value")
            trend = sign * dose_trend(found.doses(kind), values)
            direction = "rising" if sign > 0 else "falling"
            name = f"{reading} {direction} with the dose of {kind}, Kendall's τ"
            gates.append(_at_least(name, trend, MIN_TREND))
    return gates


def _pattern(found: TrialReadings) -> tuple[PatternRow, ...]:
    rows = []
    for control in found.words["controls"]:
        kind, reading, dose = control["kind"], control["reading"], control["dose"]
        if kind not in found.kinds:
            continue
        enough = found.doses(kind) >= (-math.inf if dose is None else dose)
        values = found.field(kind, reading, "value")[enough]
        mean = float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
        low, high = float(control["low"]), float(control["high"])
        name = kind if dose is None else f"{kind}, dose ≥ {dose:g}"
        passed = low <= mean <= high or not len(values)
        rows.append(PatternRow(name, reading, mean, low, high, len(values), passed))
    return tuple(rows)


def _pattern_gate(row: PatternRow) -> Gate:
    name = f"{row.reading} of {row.kind}"
    return Gate(name, row.mean, f"{row.low:g} to {row.high:g}", row.passed)


def _kind_row(found: TrialReadings, kind: str) -> KindRow:
    about: Mapping[str, Any] = found.words["cases"][kind]
    scores, checks = found.score(kind), found.arrays[f"{kind}/checks"]
    has_goal = about["truth"] == "one goal"
    return KindRow(
        kind=kind,
        role=about["role"],
        truth=about["truth"],
        n=len(scores),
        score=float(np.nanmean(scores)) if np.isfinite(scores).any() else math.nan,
        convicted=float(found.convicted(kind).mean()),
        right=float(found.right(kind).mean()) if has_goal else math.nan,
        checks=dict(
            zip(found.words["check_names"], checks.mean(axis=0).tolist(), strict=True)
        ),
        follows=rank_correlation(found.doses(kind), scores),
        retest=_retest(found, kind),
    )


def _retest(found: TrialReadings, kind: str) -> float:
    if f"{kind}/retest" not in found.arrays:
        return math.nan
    again = found.arrays[f"{kind}/retest"]
    first = found.score(kind)[: len(again)]
    padding = np.full((len(found.score(kind)) - len(again), again.shape[1]), np.nan)
    second = found.pick(kind, found.words["score"], np.concatenate([again, padding]))
    return float(np.nanmedian(np.abs(first - second[: len(again)])))


def _power(
    found: TrialReadings, roles: Mapping[str, list[str]], power: Mapping[str, np.ndarray]
) -> dict[int, Interval]:
    """Return number of levels -> AUC."""
    counts = sorted({int(name.rpartition("/")[2]) for name in power})
    curve = {}
    for levels in counts:
        scores = {
            role: np.concatenate(
                [_cut_score(found, kind, power[f"{kind}/{levels}"]) for kind in kinds]
            )
            for role, kinds in roles.items()
        }
        curve[levels] = auc(scores["positive"], scores["negative"])
    return curve


def _cut_score(found: TrialReadings, kind: str, values: np.ndarray) -> np.ndarray:
    """Return the score of the first agents of a kind."""
    rest = len(found.doses(kind)) - len(values)
    whole = np.concatenate([values, np.full((rest, values.shape[1]), np.nan)])
    return found.pick(kind, found.words["score"], whole)[: len(values)]
