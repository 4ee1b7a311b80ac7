"""A scorecard from the stored numbers of a trial: gates, pattern, kinds, power."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from goalscope.scoring.cross_talk import cross_talk_gates
from goalscope.scoring.gates import gates_of, pattern
from goalscope.scoring.metrics import auc, false_rate, measured_mean, rank_correlation
from goalscope.scoring.records import KindRow, Scorecard
from goalscope.scoring.trial_readings import TrialReadings, array_name
from goalscope.statistics.intervals import Interval, clopper_pearson

RESOLUTION = 0.01
"""Share of the distance from negatives to positives below which scores count as equal."""


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
        power: `array_name(kind, levels)` -> values at other numbers of levels, `[N, R]`.
    """
    roles = {role: _kinds(found, role) for role in ("positive", "negative")}
    scores = {
        role: _joined([found.score(kind)[found.judged(kind)] for kind in kinds])
        for role, kinds in roles.items()
    }
    right = _judged(found, found.right, roles["positive"])
    wrong = _judged(found, found.convicted, roles["negative"])
    ends = [measured_mean(scores[role]) for role in ("negative", "positive")]
    resolution = RESOLUTION * abs(ends[1] - ends[0])
    apart, false = auc(scores["positive"], scores["negative"]), false_rate(wrong)
    words, failing = found.words, _failing(found, roles)
    kinds = tuple(_kind_row(found, kind, resolution) for kind in found.kinds)
    return Scorecard(
        instrument=instrument,
        world=world,
        question=words["question"],
        unit=words["unit"],
        score=words["score"],
        threshold=found.threshold,
        levels=words["levels"],
        half=half,
        positives=len(right),
        negatives=len(wrong),
        auc=apart,
        hit_rate=clopper_pearson(int(right.sum()), len(right)),
        false_rate=false,
        failing=clopper_pearson(int(failing.sum()), len(failing)),
        gates=(
            *gates_of(found, min(len(right), len(wrong)), apart, false),
            *cross_talk_gates(kinds, words["listed"]),
        ),
        pattern=pattern(found),
        kinds=kinds,
        power=_power(found, roles, power),
        listed=words["listed"],
        limits=tuple(words["limits"]),
    )


def _kinds(found: TrialReadings, role: str) -> list[str]:
    cases = found.words["cases"]
    return [kind for kind in found.kinds if cases[kind]["role"] == role]


def _judged(
    found: TrialReadings, decide: Callable[[str], np.ndarray], kinds: list[str]
) -> np.ndarray:
    """Return decisions about the agents whose dose is high enough to be judged."""
    return _joined([decide(kind)[found.judged(kind)] for kind in kinds]).astype(bool)


def _failing(found: TrialReadings, roles: Mapping[str, list[str]]) -> np.ndarray:
    """Return which of the agents that are judged fail a validity check."""

    def fails(kind: str) -> np.ndarray:
        return ~np.all(found.arrays[array_name(kind, "checks")].astype(bool), axis=1)

    return _judged(found, fails, [kind for kinds in roles.values() for kind in kinds])


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Return arrays one after the other; nothing where a world holds none of the kinds."""
    return np.concatenate(parts) if parts else np.zeros(0)


def _kind_row(found: TrialReadings, kind: str, resolution: float) -> KindRow:
    about: Mapping[str, Any] = found.words["cases"][kind]
    scores, checks = found.score(kind), found.arrays[array_name(kind, "checks")]
    known = scores[np.isfinite(scores)]
    low, high = np.quantile(known, [0.05, 0.95]) if len(known) else (math.nan, math.nan)
    has_goal = about["truth"] == "one goal"
    return KindRow(
        kind=kind,
        role=about["role"],
        truth=about["truth"],
        from_dose=about.get("from_dose"),
        n=len(scores),
        score=measured_mean(scores),
        spread=(float(low), float(high)),
        convicted=float(found.convicted(kind).mean()),
        right=float(found.right(kind).mean()) if has_goal else math.nan,
        checks=dict(
            zip(found.words["check_names"], checks.mean(axis=0).tolist(), strict=True)
        ),
        follows=rank_correlation(found.doses(kind), _coarse(scores, resolution)),
        trend=int(about["trend"].get(found.words["score"], 0)),
        retest=_retest(found, kind),
    )


def _coarse(scores: np.ndarray, resolution: float) -> np.ndarray:
    """Return scores in whole multiples of the resolution, if there is one."""
    return np.round(scores / resolution) if resolution > 0 else scores


def _retest(found: TrialReadings, kind: str) -> float:
    again = found.arrays.get(array_name(kind, "retest"))
    if again is None:
        return math.nan
    first = found.score(kind)[: len(again)]
    padding = np.full((len(found.score(kind)) - len(again), again.shape[1]), np.nan)
    second = found.pick(kind, found.words["score"], np.concatenate([again, padding]))
    known = np.isfinite(first) & np.isfinite(second[: len(again)])
    moved = np.abs(first[known] - second[: len(again)][known])
    return float(np.median(moved)) if len(moved) else math.nan


def _power(
    found: TrialReadings, roles: Mapping[str, list[str]], power: Mapping[str, np.ndarray]
) -> dict[int, Interval]:
    """Return number of levels -> AUC."""
    counts = sorted({int(name.rpartition("/")[2]) for name in power})
    curve = {}
    for levels in counts:
        scores = {
            role: _joined(
                [
                    _cut_score(found, kind, power[array_name(kind, str(levels))])
                    for kind in kinds
                ]
            )
            for role, kinds in roles.items()
        }
        curve[levels] = auc(scores["positive"], scores["negative"])
    return curve


def _cut_score(found: TrialReadings, kind: str, values: np.ndarray) -> np.ndarray:
    """Return the score of the first agents of a kind, of those that are judged."""
    rest = len(found.doses(kind)) - len(values)
    whole = np.concatenate([values, np.full((rest, values.shape[1]), np.nan)])
    scores = found.pick(kind, found.words["score"], whole)[: len(values)]
    return scores[found.judged(kind)[: len(values)]]
