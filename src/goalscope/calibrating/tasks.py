"""What worker processes do for a calibration: plan the cells, compute one."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import msgspec

from goalscope.calibrating.cells import code_digest, compute_cell, plan_cells
from goalscope.calibrating.further import (
    compute_further,
    current_digest,
    plan_further,
)
from goalscope.calibrating.measuring import Report
from goalscope.errors import UserError
from goalscope.storage.fingerprint import fingerprint
from goalscope.storage.store import open_folder
from goalscope.storage.study import CellPlan


def plan(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a calibration, as plain JSON."""
    asked = request["asked"]
    about = tuple(asked["instruments"]), asked["size"], asked["half"], asked["seed"]
    plans = (*plan_cells(*about), *plan_further(*about))
    return {
        "cells": msgspec.to_builtins(plans),
        "code": _code(plans, asked["instruments"]),
        "fingerprint": _fingerprint(),
    }


def compute(request: Mapping[str, Any], report: Report) -> None:
    """Compute one cell and commit it to its folder."""
    folder = open_folder(Path(request["folder"]))
    planned = folder.plans[request["key"]]
    if planned.description["code"] != current_digest(planned.description):
        raise UserError(
            f"cell {planned.key} of {folder.path} was planned by other code: it has "
            "changed since. Ask again, into a new folder."
        )
    begun = time.monotonic()
    compute_it = compute_further if "kind" in planned.description else compute_cell
    computed = compute_it(planned.description, report)
    folder.commit(
        planned,
        computed.tensors,
        seconds=time.monotonic() - begun,
        fingerprint=_fingerprint(),
        metadata=computed.metadata,
    )


def _code(plans: Sequence[CellPlan], instruments: Sequence[str]) -> str:
    """Return a checksum of the code of all cells; of trials alone, `code_digest`."""
    own = code_digest(*instruments)
    others = [plan.description["code"] for plan in plans if "kind" in plan.description]
    if not others:
        return own
    return hashlib.sha256("".join([own, *others]).encode()).hexdigest()


def _fingerprint() -> dict[str, str]:
    device = jax.devices()[0]
    return fingerprint(device=f"{device.platform} {device.device_kind}")
