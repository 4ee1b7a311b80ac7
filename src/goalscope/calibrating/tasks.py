"""What worker processes do for a calibration: plan the cells, compute one."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import msgspec

from goalscope.calibrating.cells import code_digest, compute_cell, plan_cells
from goalscope.calibrating.measuring import Report
from goalscope.errors import UserError
from goalscope.fingerprint import fingerprint
from goalscope.store import open_folder


def plan(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a calibration, as plain JSON."""
    asked = request["asked"]
    plans = plan_cells(
        tuple(asked["instruments"]), asked["size"], asked["half"], asked["seed"]
    )
    return {
        "cells": msgspec.to_builtins(plans),
        "code": code_digest(*asked["instruments"]),
        "fingerprint": _fingerprint(),
    }


def compute(request: Mapping[str, Any], report: Report) -> None:
    """Compute one cell and commit it to its folder."""
    folder = open_folder(Path(request["folder"]))
    planned = folder.plans[request["key"]]
    if planned.description["code"] != code_digest(planned.description["trial"]):
        raise UserError(
            f"cell {planned.key} of {folder.path} was planned by other code: it has "
            "changed since. Ask again, into a new folder."
        )
    begun = time.monotonic()
    computed = compute_cell(planned.description, report)
    folder.commit(
        planned,
        computed.tensors,
        seconds=time.monotonic() - begun,
        fingerprint=_fingerprint(),
        metadata=computed.metadata,
    )


def _fingerprint() -> dict[str, str]:
    device = jax.devices()[0]
    return fingerprint(device=f"{device.platform} {device.device_kind}")
