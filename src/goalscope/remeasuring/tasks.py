"""What worker processes do to measure stored agents: plan, compute a cell, conclude.

A measured folder is a result like any other: the arms of another result, at its stored
checkpoints, with the readings of one instrument, beside the planted agents of the same
experiment. Its study says whose agents they are and which instrument it was.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from goalscope.cells import Report
from goalscope.errors import UserError
from goalscope.laboratory import conclude as conclude_experiment
from goalscope.laboratory import device_fingerprint, differing
from goalscope.remeasuring.agents import require_measurable
from goalscope.remeasuring.computing import compute_cell
from goalscope.remeasuring.instrument import as_given
from goalscope.remeasuring.measured import Asked, Measured, measured_of
from goalscope.remeasuring.planning import plan_cells, shared
from goalscope.storage.folder import Folder
from goalscope.storage.store import open_folder
from goalscope.world_check import check_worlds


def plan(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a measurement, and what to say about it, as plain JSON."""
    asked = msgspec.convert(request["asked"], Asked)
    measured = measured_of(request["asked"])
    check_worlds(measured.experiment.worlds())
    cells, left_out = plan_cells(measured, asked.checkpoints)
    require_measurable(measured)
    instrument = measured.measurement.instrument
    return {
        "name": measured.name,
        "kind": type(instrument).__name__,
        "question": type(instrument).question,
        "fields": as_given(instrument),
        "on": measured.measurement.on,
        "along_training": measured.along_training,
        "left_out": left_out,
        "cells": msgspec.to_builtins(cells),
        "fingerprint": device_fingerprint(),
    }


def compute(request: Mapping[str, Any], report: Report) -> None:
    """Compute one cell and commit it to its folder."""
    folder = open_folder(Path(request["folder"]))
    measured = _measured(folder, request)
    planned, begun = folder.plans[request["key"]], time.monotonic()
    computed = compute_cell(measured, planned, report)
    folder.commit(
        planned,
        computed.tensors,
        seconds=time.monotonic() - begun,
        fingerprint=device_fingerprint(),
        metadata=computed.metadata,
    )


def recompute(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Compute a stored cell again; return the arrays whose bits differ from the stored."""
    folder = open_folder(Path(request["folder"]))
    measured = _measured(folder, request)
    computed = compute_cell(measured, folder.plans[request["key"]], report)
    return {"different": differing(folder, request["key"], computed)}


def conclude(request: Mapping[str, Any]) -> dict[str, Any]:
    """Calibrate the instrument on the planted agents, and store that as the summary."""
    folder, measured = open_folder(Path(request["folder"])), measured_of(request["asked"])
    experiment = measured.experiment
    if not any(plan.kind == "planted" for plan in folder.study.cells):
        ungated = replace(measured.measurement, gate=None)
        experiment = replace(experiment, instruments={measured.name: ungated})
    conclude_experiment(experiment, folder, folder.study.seed)
    return {}


def _measured(folder: Folder, request: Mapping[str, Any]) -> Measured:
    """Return what a folder's cells are measured with; refuses what has changed since."""
    measured, planned = measured_of(request["asked"]), folder.plans[request["key"]]
    if planned.description["with"] != shared(measured)["with"]:
        raise UserError(
            f"cell {planned.key} of {folder.path} was planned with another instrument: its "
            "code has changed since. Measure into a new folder."
        )
    return measured
