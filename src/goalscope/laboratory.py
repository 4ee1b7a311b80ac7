"""What worker processes do for a run: plan the cells, compute one, judge them all."""

import dataclasses
import functools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import msgspec
import numpy as np
from jaxtyping import Array, Int

from goalscope import solve
from goalscope.assemble import assemble, goal_labels, planted_truth, write_verdict
from goalscope.calibration import calibrate, steadied
from goalscope.cells import Report, compute_cell, plan_cells
from goalscope.claims.judging import judge as judge_claims
from goalscope.errors import UserError, raised, user_line
from goalscope.experiment import Arm, ComputedArm, Experiment
from goalscope.meanings import meanings
from goalscope.plots import write_plot
from goalscope.result import HALF, Calibration, Result
from goalscope.settings import Asked, load_module, resolve
from goalscope.storage.fingerprint import fingerprint
from goalscope.storage.folder import Folder
from goalscope.storage.sealed import canonical_bytes
from goalscope.storage.store import open_folder
from goalscope.storage.study import SUMMARY, Computed
from goalscope.world_check import THOROUGH, check_worlds
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.drawn import drawing, headings, shown_level

NONE = "none"
LABELS_NONE, UNDECIDED = "none of these", "undecided"


def plan(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return question, resolved settings and cells of an experiment, as plain JSON.

    Raises:
        UserError: it cannot be built, or one of its worlds is broken.
    """
    asked = _ask(request["asked"])
    experiment = experiment_of(request["asked"])
    plans = plan_cells(experiment, request["asked"]["seed"])
    return {
        "world_check": check_worlds(experiment.worlds()),
        "question": (asked.function.__globals__["__doc__"] or "").strip().split("\n")[0],
        "settings": msgspec.to_builtins(dict(asked.settings)),
        "cells": msgspec.to_builtins(plans),
        "claims": [claim.text for claim in experiment.claims],
        "fingerprint": device_fingerprint(),
    }


def compute(request: Mapping[str, Any], report: Report) -> None:
    """Compute one cell and commit it to its folder."""
    experiment = experiment_of(request["asked"])
    folder = open_folder(Path(request["folder"]))
    planned = folder.plans[request["key"]]
    seed = request["asked"]["seed"]
    if planned.key not in {found.key for found in plan_cells(experiment, seed)}:
        raise UserError(
            f"cell {planned.key} of {folder.path} was planned by other code: it "
            "has changed since. Run it into a new folder."
        )
    begun = time.monotonic()
    computed = compute_cell(experiment, planned, report)
    _blame_world(experiment.arms.get(planned.arm), computed)
    folder.commit(
        planned,
        computed.tensors,
        seconds=time.monotonic() - begun,
        fingerprint=device_fingerprint(),
        metadata=computed.metadata,
    )


def _blame_world(arm: Arm | ComputedArm | None, computed: Computed) -> None:
    """Refuse a cell whose agents diverged, if it is their world that is broken.

    What is wrong on rare levels only may first be met in training.
    """
    if isinstance(arm, Arm) and (computed.tensors["curves"]["diverged_at"] >= 0).any():
        where = {f"training world of {arm.title}": arm.train_world}
        check_worlds(where, times=THOROUGH)


def recompute(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Compute a stored cell again; return the arrays whose bits differ from the stored."""
    experiment = experiment_of(request["asked"])
    folder = open_folder(Path(request["folder"]))
    computed = compute_cell(experiment, folder.plans[request["key"]], report)
    return {"different": differing(folder, request["key"], computed)}


def differing(folder: Folder, key: str, computed: Computed) -> list[str]:
    """Return the arrays of a computed cell whose bits differ from the stored ones."""
    different = []
    for file, arrays in computed.tensors.items():
        stored = folder.load(key, file)
        if set(stored) != set(arrays):
            different.append(file)
        for name in sorted(set(stored) & set(arrays)):
            same = np.asarray(arrays[name]).tobytes() == stored[name].tobytes()
            different += [] if same else [f"{file}/{name}"]
    return different


def judge(request: Mapping[str, Any]) -> dict[str, Any]:
    """Calibrate the instruments, judge the claims, and store both as the summary."""
    experiment = experiment_of(request["asked"])
    conclude(experiment, open_folder(Path(request["folder"])), request["asked"]["seed"])
    return {}


def conclude(experiment: Experiment, folder: Folder, seed: int) -> None:
    """Store as the summary of a folder what its finished cells say."""
    result = assemble(folder)
    for each in result.damage:
        if each.path != SUMMARY:
            raise UserError(f"{each.path}: {each.message}", exit_code=3)
    calibration = _calibrate(experiment, result, planted_truth(folder))
    verdicts = judge_claims(
        experiment.claims,
        result.evidence,
        result.arms,
        calibration,
        seed=seed,
    )
    names, labels = _labels(experiment, result)
    world = experiment.planted_world
    folder.write_summary(
        {
            "verdicts": [write_verdict(verdict) for verdict in verdicts],
            "calibration": {n: dataclasses.asdict(c) for n, c in calibration.items()},
            "label_names": names,
            "labels": {arm: found.tolist() for arm, found in labels.items()},
            "pictures": _pictures(experiment),
            "action_names": list(world.action_names) if world else [],
            "plots": [write_plot(plot) for plot in experiment.figures],
            "meanings": meanings(
                {
                    "arms": experiment.arms,
                    "planted": experiment.planted,
                    "instruments": experiment.instruments,
                }
            ),
        }
    )


def _ask(asked: Mapping[str, Any]) -> Asked:
    name = asked["module"] or asked["name"]
    module = load_module(name, None if asked["module"] else asked["path"])
    return resolve(module, asked["size"], asked["overrides"])


def experiment_of(asked: Mapping[str, Any]) -> Experiment:
    """Return the experiment that was asked for; built once in a process."""
    return _cached_experiment(canonical_bytes(dict(asked)))


@functools.lru_cache(maxsize=1)
def _cached_experiment(request: bytes) -> Experiment:
    asked = _ask(msgspec.json.decode(request))
    try:
        experiment = asked.function(**asked.settings)
    except Exception as error:
        where = user_line(error)
        if isinstance(error, ValueError):
            why = f"these settings do not fit together: {error}{where}"
            raise UserError(why) from error
        if not where or isinstance(error, UserError):
            raise
        raise UserError(f"{asked.function.__name__} fails: {raised(error)}") from error
    if not isinstance(experiment, Experiment):
        kind = type(experiment).__name__
        raise UserError(f"{asked.function.__name__} returns a {kind}, not an Experiment")
    return experiment


def _calibrate(
    experiment: Experiment, result: Result, truth: Mapping[str, str | None]
) -> dict[str, Calibration]:
    found, half = {}, experiment.half_generalised
    for name, measurement in experiment.instruments.items():
        gate, candidates = measurement.gate, measurement.instrument.candidates
        if gate is None:
            continue
        found[name] = calibrate(name, result.evidence, truth, candidates, gate)
        if half and (HALF, name, candidates[0]) in result.evidence:
            draws = [result.evidence[HALF, name, each] for each in candidates]
            found[name] = steadied(found[name], draws, half.draws, gate)
    return found


def _labels(
    experiment: Experiment, result: Result
) -> tuple[list[str], dict[str, np.ndarray]]:
    if experiment.labels is None:
        return [], {}
    instrument = experiment.instruments[experiment.labels].instrument
    readings = [*instrument.candidates, *(r for r in instrument.readings if r == NONE)]
    names = [LABELS_NONE if reading == NONE else reading for reading in readings]
    labels = goal_labels(
        result.arms, result.evidence, experiment.labels, readings, instrument.convicts
    )
    return [*names, UNDECIDED], labels


def _pictures(experiment: Experiment) -> list[dict[str, Any]]:
    world = experiment.planted_world
    if not isinstance(world, AbstractSolvableWorld):
        return []
    pictures = []
    for title, shown in experiment.gallery.items():
        level = shown_level(world, shown)
        if (drawn := drawing(world, level)) is not None:
            moves = headings(drawn.places, np.asarray(_successors(world, level)))
            places = {"cells": drawn.places.ravel().tolist(), "moves": moves.tolist()}
            pictures.append({"title": title, "text": drawn.text, **places})
    return pictures


@eqx.filter_jit
def _successors(world: AbstractSolvableWorld, level: Any) -> Int[Array, "S A"]:
    return solve.tabulate(world, level).successors


def device_fingerprint() -> dict[str, str]:
    """Return what decides the bits of a result in this process."""
    device = jax.devices()[0]
    return fingerprint(device=f"{device.platform} {device.device_kind}")
