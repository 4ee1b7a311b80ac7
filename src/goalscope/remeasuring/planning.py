"""A measurement of stored agents cut into cells: those of the result that holds them."""

from typing import Any

from goalscope.describe import describe
from goalscope.errors import UserError
from goalscope.remeasuring.agents import measurable_plants
from goalscope.remeasuring.measured import Measured
from goalscope.storage.again import command_here
from goalscope.storage.study import CellPlan

FORMAT = 1


def plan_cells(
    measured: Measured, checkpoints: str
) -> tuple[list[CellPlan], dict[str, str]]:
    """Return all cells, planted agents first, and why some planted kinds are left out.

    The description of a cell names the stored cell whose agents it measures by its content,
    and spells out the instrument; if that is a user's, with the checksum of its file.

    Raises:
        UserError: the result is not finished, or its code has changed since.
    """
    source = measured.source
    arms = [plan for plan in source.study.cells if plan.kind == "arm"]
    if missing := source.missing(arms):
        raise UserError(
            f"{len(missing)} of {len(arms)} cells of {source.path} are not computed, or "
            f"damaged. To finish it: {command_here(source)}"
        )
    kinds, left_out = measurable_plants(measured)
    cells = [_planted_plan(measured, plan) for plan in kinds]
    cells += [_arm_plan(measured, plan, checkpoints) for plan in arms]
    return cells, left_out


def shared(measured: Measured) -> dict[str, Any]:
    """Return what the descriptions of all cells have in common."""
    measurement = measured.measurement
    return {
        "format": FORMAT,
        "seed": measured.seed,
        "with": {
            "name": measured.name,
            "instrument": describe(measurement.instrument),
            "on": measurement.on,
            "code": measured.code,
        },
    }


def _arm_plan(measured: Measured, plan: CellPlan, checkpoints: str) -> CellPlan:
    record = measured.source.read(plan.key)
    if describe(measured.arm(plan.arm)) != plan.description["condition"]:
        raise UserError(
            f"the arm {plan.arm} of {measured.source.path} was computed by other code: it "
            "has changed since, so its agents cannot be brought back as they were"
        )
    last = len(record.metadata["updates"]) - 1
    some = list(range(last + 1)) if checkpoints == "all" else [last]
    own = {
        "kind": plan.kind,
        "name": plan.arm,
        "agents": list(plan.agents),
        "block_width": plan.block_width,
        "of": {"cell": plan.key, "content": record.content},
        "checkpoints": [last] if measured.along_training else some,
    }
    return _plan_like(plan, {**shared(measured), **own})


def _planted_plan(measured: Measured, plan: CellPlan) -> CellPlan:
    own = ("kind", "name", "agents", "block_width", "condition", "world", "beside")
    kept = {name: plan.description[name] for name in own}
    return _plan_like(plan, {**shared(measured), **kept})


def _plan_like(plan: CellPlan, description: dict[str, Any]) -> CellPlan:
    return CellPlan(
        description=description,
        kind=plan.kind,
        arm=plan.arm,
        agents=plan.agents,
        block_width=plan.block_width,
    )
