"""A calibration cut into cells, instrument x world, and how one cell is computed."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from goalscope.calibrating.amounts import AMOUNTS, Amount
from goalscope.calibrating.measuring import BLOCK, Report, Root, measure_kinds
from goalscope.calibrating.planting import Half, Specimens, doses_of, plant, rows
from goalscope.calibrating.trial import Trial
from goalscope.instruments.base import AbstractInstrument
from goalscope.scoring.trial_readings import array_name
from goalscope.source import source_digest
from goalscope.storage.study import CellPlan, Computed
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fixed_levels import underlying

FORMAT = 1
RETESTED, WEIGHED = 16, 32


def trial_of(name: str) -> Trial:
    """Return the trial of an instrument by the name of its module."""
    return importlib.import_module(f"goalscope.trials.{name}").trial()


def plan_cells(
    names: tuple[str, ...], size: str, half: Half, seed: int
) -> tuple[CellPlan, ...]:
    """Return a cell for every trial and world.

    A cell's description holds a checksum of all code that could change what it holds, so
    that a cell is kept exactly as long as it would come out the same.
    """
    shared = {"format": FORMAT, "size": size, "half": half, "seed": seed}
    plans = []
    for name in names:
        code = code_digest(name)
        trial = trial_of(name)
        count = sum(_counts(trial, AMOUNTS[size], half).values())
        plans += [
            CellPlan(
                description={**shared, "code": code, "trial": name, "world": world},
                kind="trial",
                arm=f"{name} in {world}",
                agents=tuple(range(count)),
                block_width=BLOCK,
            )
            for world in list(trial.worlds())[: AMOUNTS[size].worlds]
        ]
    return tuple(plans)


def code_digest(*names: str) -> str:
    """Return the sha256 of all our code that can change what these trials read."""
    trials = (f"goalscope.trials.{name}" for name in names)
    return source_digest(__name__, *trials)


def compute_cell(description: Mapping[str, Any], report: Report) -> Computed:
    """Return what every kind of a trial reads in one world."""
    trial, amount = trial_of(description["trial"]), AMOUNTS[description["size"]]
    world = trial.worlds()[description["world"]]
    half, seed = description["half"], description["seed"]
    planted = _planted(trial, world, amount, half, seed)
    instrument, root = trial.instrument(world, trial.levels), Root(half, seed, "levels")
    found = measure_kinds(instrument, world, planted, root, report)
    readings = {
        array_name(k, field): v
        for k, fields in found.items()
        for field, v in fields.items()
    }
    readings |= {array_name(k, "dose"): specimens.doses for k, specimens in planted.items()}
    if amount.retest:
        some = {
            k: rows(s, range(min(RETESTED, len(s.features)))) for k, s in planted.items()
        }
        again = measure_kinds(
            instrument, world, some, root._replace(purpose="retest"), report
        )
        readings |= {
            array_name(k, "retest"): fields["value"] for k, fields in again.items()
        }
    tensors = {"readings": readings}
    if amount.power and trial.power:
        tensors["power"] = _power(trial, world, planted, root, report)
    words = _words(trial, instrument, planted)
    return Computed(tensors, words | {"world_class": type(underlying(world)).__name__})


def _planted(
    trial: Trial, world: AbstractWorld, amount: Amount, half: Half, seed: int
) -> dict[str, Specimens]:
    counts = _counts(trial, amount, half)
    return {
        case.kind.name: plant(
            case.kind, world, half=half, seed=seed, count=counts[case.kind.name]
        )
        for case in trial.cases
        if case.kind.supports(world)
    }


def _counts(trial: Trial, amount: Amount, half: Half) -> dict[str, int]:
    """Return how many agents of each kind are planted, so that enough of them count."""
    roles = [case.role for case in trial.cases]
    counts = {}
    for case in trial.cases:
        doses = doses_of(case.kind, half)
        counting = sum(case.counts(dose) for dose in doses)
        wanted = -(-amount.judged // roles.count(case.role)) * len(doses)
        counts[case.kind.name] = (
            amount.others if case.role == "neither" else -(-wanted // max(counting, 1))
        )
    return counts


def _power(
    trial: Trial,
    world: AbstractWorld,
    planted: Mapping[str, Specimens],
    root: Root,
    report: Report,
) -> dict[str, np.ndarray]:
    """Return the values of some positives and negatives for every number of levels."""
    judged = {case.kind.name for case in trial.cases if case.role != "neither"}
    some = {
        kind: rows(specimens, range(min(WEIGHED, len(specimens.features))))
        for kind, specimens in planted.items()
        if kind in judged
    }
    found = {}
    for levels in trial.power:
        instrument = trial.instrument(world, levels)
        own = root._replace(purpose=f"{levels} levels")
        for kind, fields in measure_kinds(instrument, world, some, own, report).items():
            found[array_name(kind, str(levels))] = fields["value"]
    return found


def _words(
    trial: Trial, instrument: AbstractInstrument, planted: Mapping[str, Specimens]
) -> dict[str, Any]:
    """Return what a reader of the numbers must know, as plain JSON."""
    controls = [
        {**vars(case), "low": str(case.low), "high": str(case.high)}
        for case in instrument.controls()
    ]
    cases = {
        case.kind.name: {
            "role": case.role,
            "from_dose": case.from_dose,
            "to_dose": case.to_dose,
            "truth": case.kind.truth,
            "planning": case.kind.planning,
            "ambiguous": case.kind.ambiguous,
            "dose_name": case.kind.dose_name,
            "trend": dict(case.trend),
            "true_readings": {
                name: [float(true(dose)) for dose in planted[case.kind.name].doses]
                for name, true in case.truth.items()
                if case.kind.name in planted
            },
        }
        for case in trial.cases
    }
    return {
        "class": type(instrument).__name__,
        "question": instrument.question,
        "unit": instrument.unit,
        "readings": list(instrument.readings),
        "candidates": list(instrument.candidates),
        "convicts": float(instrument.convicts) if instrument.candidates else 0.0,
        "check_names": list(instrument.check_names),
        "features": {kind: list(found.features) for kind, found in planted.items()},
        "controls": controls,
        "cases": cases,
        "levels": trial.levels,
        "score": trial.score,
        "threshold": trial.threshold,
        "listed": dict(trial.listed),
        "limits": list(trial.limits),
    }
