"""A result as plain values, for `--json`. No JAX."""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from goalscope.claims.sources import full_source
from goalscope.evidence import Evidence
from goalscope.report.checks import passes
from goalscope.report.cleaning import clean
from goalscope.report.limitations import limitations
from goalscope.report.summary import Average, Share, averages, exclusions, goal_shares
from goalscope.report.verdicts import uncalibrated
from goalscope.result import ArmResult, Result, Verdict


def as_json(result: Result) -> dict[str, Any]:
    """Return what the report says as plain JSON values.

    Numbers that are not finite become None, and text is cleaned. An arm without included
    agents has `goals` and means of None: no result is not a share of zero. `evidence` has
    the reading of every agent at every checkpoint; there, what is infinite is "inf".
    """
    found = {
        "name": result.name,
        "question": result.question,
        "size": result.size,
        "seed": result.seed,
        "settings": result.settings,
        "command": result.command,
        "verdicts": [_verdict(result, verdict) for verdict in result.verdicts],
        "arms": [_arm(result, arm) for arm in result.arms.values()],
        "evidence": [_evidence(result, found) for found in result.evidence.values()],
        "calibration": list(result.calibration.values()),
        "limitations": limitations(result),
        "damage": result.damage,
        "repair": result.repair,
        "world_check": result.world_check,
        "fingerprint": result.fingerprint,
    }
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    r"""Return a value made of dicts, lists, text, numbers, truth values and None.

    >>> plain({"a": np.array([1.5, np.nan]), "b": (np.int64(2), "x\x1b")})
    {'a': [1.5, None], 'b': [2, 'x']}
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return clean(value, lines=True)
    if value is None or isinstance(value, bool | int):
        return value
    return _compound(value)


def _compound(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {clean(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return clean(str(value))


def _verdict(result: Result, verdict: Verdict) -> dict[str, Any]:
    about = {
        "uncalibrated": uncalibrated(verdict, result.calibration),
        "cited": full_source(verdict.source),
    }
    return {**vars(verdict), **about}


def _arm(result: Result, arm: ArmResult) -> dict[str, Any]:
    counts = exclusions(result, arm)
    names = result.label_names
    goals = [_share(names[share.label], share) for share in goal_shares(result, arm)]
    return {
        "name": arm.name,
        "title": arm.title,
        "group": arm.group,
        "dose": arm.dose,
        "trainer": arm.trainer,
        "updates": arm.updates[-1] if len(arm.updates) else None,
        "environment_steps": arm.environment_steps[-1] if len(arm.updates) else None,
        "seconds": arm.seconds,
        "cells": arm.cells,
        **asdict(counts),
        "goals": goals if counts.included else None,
        "factors": arm.factors,
        "readings": [_average(average) for average in averages(result, arm)],
        "checks": [
            {"instrument": c.instrument, "check": c.check, "passed": c.passed, "of": c.of}
            for c in passes(result, arm)
        ],
    }


def _evidence(result: Result, found: Evidence) -> dict[str, Any]:
    """Return a reading of every agent of an arm, or of a planted kind, `[N][C]`."""
    arm = result.arms.get(found.arm)
    numbers = ("values", "lower", "upper", "control", "ceiling")
    return {
        "arm": found.arm,
        "planted": arm is None,
        "instrument": found.instrument,
        "reading": found.reading,
        "unit": found.unit,
        "agents": arm.agents if arm else np.arange(len(found.values)),
        "updates": arm.updates if arm else [None],
        "included": found.included,
        **{name: _infinite_too(getattr(found, name).tolist()) for name in numbers},
        "check_names": found.check_names,
        "checks": found.checks,
        "count": found.count,
    }


def _infinite_too(values: Any) -> Any:
    """Return numbers in lists, those that are infinite as text."""
    if isinstance(values, list):
        return [_infinite_too(value) for value in values]
    return str(values) if math.isinf(values) else values


def _share(name: str, share: Share) -> dict[str, Any]:
    interval = share.interval
    return {
        "goal": name,
        "agents": share.count,
        "share": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
    }


def _average(average: Average) -> dict[str, Any]:
    interval = average.interval
    return {
        "instrument": average.instrument,
        "reading": average.reading,
        "unit": average.unit,
        "n": len(average.values),
        "mean": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "infinite": average.infinite,
        "agents": average.values,
    }
