"""What is tried of an instrument besides its trial, cut into cells.

Apart from `cells`, so that what is stored of trials stays as it is when this changes.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from goalscope.calibrating.cells import FORMAT, code_digest, trial_of
from goalscope.calibrating.measuring import BLOCK, Report
from goalscope.calibrating.planting import Half
from goalscope.source import source_digest
from goalscope.storage.study import CellPlan, Computed

FURTHER = ("invariances", "adversaries")
"""Modules whose `compute` tries an instrument in another way, in its first world."""

ATTACKED = ("context_gap", "goal_kind", "goal_posterior", "represented_goal")
"""Trials of instruments that agents are set against."""

OMITTED = "smoke"
"""The size of calibration that leaves all this out."""


def plan_further(
    names: tuple[str, ...], size: str, half: Half, seed: int
) -> tuple[CellPlan, ...]:
    """Return a cell for each trial and each of `FURTHER` that applies to it."""
    shared = {"format": FORMAT, "size": size, "half": half, "seed": seed}
    return tuple(
        CellPlan(
            description={
                **shared,
                "trial": name,
                "world": world,
                "kind": kind,
                "code": further_digest(name, kind),
            },
            kind=kind,
            arm=f"{kind} of {name} in {world}",
            agents=tuple(range(BLOCK)),
            block_width=BLOCK,
        )
        for name in names
        for world in list(trial_of(name).worlds())[:1]
        for kind in FURTHER
        if size != OMITTED and (kind != "adversaries" or name in ATTACKED)
    )


def further_digest(name: str, kind: str) -> str:
    """Return the sha256 of all our code that can change such a cell."""
    modules = (f"goalscope.trials.{name}", f"goalscope.calibrating.{kind}")
    return source_digest(__name__, *modules)


def current_digest(description: Mapping[str, Any]) -> str:
    """Return what the code of a planned cell, of a trial or not, is now."""
    if "kind" in description:
        return further_digest(description["trial"], description["kind"])
    return code_digest(description["trial"])


def compute_further(description: Mapping[str, Any], report: Report) -> Computed:
    """Return what one of `FURTHER` finds out."""
    module = importlib.import_module(f"goalscope.calibrating.{description['kind']}")
    return module.compute(trial_of(description["trial"]), description, report)
