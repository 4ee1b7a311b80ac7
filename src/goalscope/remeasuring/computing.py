"""How one cell of a measurement of stored agents is computed."""

import functools

import numpy as np

from goalscope.cells import PLANTED_OFFSET, Report
from goalscope.errors import UserError
from goalscope.measurement import along_training, measure_all, words_about
from goalscope.population import agent_keys
from goalscope.remeasuring.agents import agents_at, planted
from goalscope.remeasuring.measured import Measured
from goalscope.replay import load_block
from goalscope.storage.study import CellPlan, CellRecord, Computed

STORED = "_stored"
"""Ends the name of an instrument whose readings are copied, not measured."""


def compute_cell(measured: Measured, planned: CellPlan, report: Report) -> Computed:
    """Return what a cell stores; agents get the keys, and so the levels, of their run.

    All checkpoints together read the bits of the run; fewer, the same up to rounding.
    """
    if planned.kind != "planted":
        return _compute_arm(measured, planned, report)
    report({"updates": 0, "of": 1})
    agents, world = planted(measured, planned), measured.planted_world
    keys = agent_keys(measured.seed, np.array(planned.agents) + PLANTED_OFFSET)
    along = along_training([agents])
    readings = measure_all(measured.experiment, keys, along, world, None)
    goal = measured.experiment.planted[planned.arm].goal
    metadata = {"goal": goal, "instruments": words_about(measured.experiment)}
    return Computed({"readings": readings}, metadata)


def _compute_arm(measured: Measured, planned: CellPlan, report: Report) -> Computed:
    description, arm = planned.description, measured.arm(planned.arm)
    source = measured.source.plans[description["of"]["cell"]]
    record = measured.source.read(source.key)
    if record.content != description["of"]["content"]:
        raise UserError(
            f"cell {source.key} of {measured.source.path} holds other agents than those "
            "that this measurement was planned for. Measure into a new folder."
        )
    block = load_block(measured.source, source, arm)
    keys = agent_keys(measured.seed, np.array(planned.agents))
    chosen = description["checkpoints"]
    report({"updates": 0, "of": 1, "agents": len(planned.agents)})
    along = measured.along_training
    agents = [agents_at(block, each, along_training=along) for each in chosen]
    readings = measure_all(
        measured.experiment, keys, along_training(agents), arm.test_world, arm
    )
    return _beside_the_stored(measured, record, source.key, chosen, readings)


def _beside_the_stored(
    measured: Measured,
    record: CellRecord,
    key: str,
    chosen: list[int],
    readings: dict[str, np.ndarray],
) -> Computed:
    """Return the new readings, and of the stored cell what a reader needs beside them.

    That is training curves, portraits, and what decides which agents are competent.
    """
    load = functools.partial(measured.source.load, key)
    words = dict(record.metadata)
    instruments, gate = words_about(measured.experiment), words["competence"]
    if gate is not None:
        name, _, reading = gate["on"].partition(".")
        words["competence"] = {**gate, "on": f"{name}{STORED}.{reading}"}
        instruments[name + STORED] = words["instruments"][name]
        for path, values in load("readings").items():
            instrument, _, field = path.partition("/")
            if instrument == name:
                readings[f"{name}{STORED}/{field}"] = values[:, chosen]
    words["instruments"] = instruments
    for name in ("updates", "environment_steps"):
        words[name] = [words[name][checkpoint] for checkpoint in chosen]
    curves = {
        name: values if name == "diverged_at" else values[:, chosen]
        for name, values in load("curves").items()
    }
    tensors = {"readings": readings, "curves": curves, "portraits": load("portraits")}
    return Computed(tensors, words)
