"""An experiment cut into cells, arm x block of agents, and how one cell is computed."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Key, PyTree

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.one_of import OneOf, as_one_of
from goalscope.describe import describe
from goalscope.experiment import Arm, ComputedArm, Experiment, Planted
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.population import (
    Conditions,
    Segment,
    agent_keys,
    build,
    train,
)
from goalscope.procedure import check_findings
from goalscope.storage.study import CellPlan, Computed
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.drawn import DrawnWorld, shown_level

FORMAT = 1
PLANTED_OFFSET = 1_000_000

Report = Callable[[Mapping[str, Any]], None]


def plan_cells(experiment: Experiment, seed: int) -> tuple[CellPlan, ...]:
    """Return all cells of an experiment, planted agents first.

    A cell's description holds everything that decides its bytes: the arm, spelt out, the
    instruments, the seed, the agents' numbers and the width of their block.
    """
    width = experiment.plan.chunk
    shared = {
        "format": FORMAT,
        "seed": seed,
        "block_width": width,
        "instruments": describe(experiment.instruments or experiment.readouts),
    }
    plans = []
    for kind, group in (("planted", experiment.planted), ("arm", experiment.arms)):
        for name, condition in group.items():
            own = {**shared, "kind": kind, "name": name, "condition": describe(condition)}
            if isinstance(condition, Planted):
                own["world"] = describe(experiment.planted_world)
                own["beside"] = describe(experiment.planted)
                blocks = [tuple(range(condition.agents))]
            elif isinstance(condition, ComputedArm):
                blocks = _blocks(condition.agents, width)
            else:
                own["until"] = list(experiment.until(condition))
                own["gallery"] = describe(experiment.gallery)
                blocks = _blocks(condition.agents, width)
            for agents in blocks:
                description = {**own, "agents": list(agents)}
                plans.append(
                    CellPlan(
                        description=description,
                        kind=kind,
                        arm=name,
                        agents=agents,
                        block_width=width,
                    )
                )
    return tuple(plans)


def _blocks(agents: int, width: int) -> list[tuple[int, ...]]:
    return [
        tuple(range(start, min(start + width, agents))) for start in range(0, agents, width)
    ]


def compute_cell(experiment: Experiment, plan: CellPlan, report: Report) -> Computed:
    """Return what a cell stores; a pure function of the plan's description."""
    seed, agents = plan.description["seed"], np.array(plan.agents)
    if plan.kind == "planted":
        return _compute_planted(experiment, plan.arm, seed, agents, report)
    arm = experiment.arms[plan.arm]
    if isinstance(arm, ComputedArm):
        return _compute_procedure(experiment, arm, seed, agents, report)
    return _compute_arm(experiment, arm, seed, agents, report)


def _compute_arm(
    experiment: Experiment, arm: Arm, seed: int, numbers: np.ndarray, report: Report
) -> Computed:
    keys = agent_keys(seed, numbers)
    untrained = build(seed, numbers, arm.agent, arm.train_world)
    conditions = Conditions(arm.trainer, arm.train_world, arm.goal)
    until = experiment.until(arm)
    kept: list[Segment] = []
    for segment in train(keys, untrained, conditions, until=until, plan=experiment.plan):
        if segment.updates == until[len(kept)]:
            kept.append(segment)
        report(_progress(arm, segment, len(kept), len(until)))
    readings = []
    for segment in kept:
        agent = segment.learners.agent
        readings.append(measure_all(experiment, keys, agent, arm.test_world, arm))
        report(_progress(arm, kept[-1], len(kept), len(until)))
    last = kept[-1].learners
    tensors = {
        "curves": _curves(kept),
        "readings": stacked(readings),
        "agents": stacked([parameters(segment.learners.agent) for segment in kept]),
        "portraits": {"policy": _portraits(experiment, arm, last.agent)},
    }
    tensors["curves"]["diverged_at"] = np.asarray(last.diverged_at)
    steps = [float(count * arm.trainer.steps_per_update) for count in until]
    metadata = {
        "title": arm.title,
        "group": arm.group,
        "dose": arm.dose,
        "trainer": type(arm.trainer).__name__,
        "pays": arm.goal.name,
        "world": type(arm.test_world).__name__,
        "updates": list(until),
        "environment_steps": steps,
        "competence": describe(experiment.competence),
        "instruments": words_about(experiment),
    }
    return Computed(tensors, metadata)


def _compute_procedure(
    experiment: Experiment,
    arm: ComputedArm,
    seed: int,
    numbers: np.ndarray,
    report: Report,
) -> Computed:
    report({"updates": 0, "of": 1})
    found = arm.procedure(numbers, seed, report)
    sizes = {
        name: (len(readout.readings), len(readout.check_names))
        for name, readout in experiment.readouts.items()
    }
    check_findings(found, len(numbers), sizes)
    readings = {
        f"{name}/{field}": value
        for name, fields in found.readings.items()
        for field, value in vars(fields).items()
    }
    never = np.full(len(numbers), -1, np.int32)
    tensors = {
        "curves": {**found.curves, "diverged_at": never},
        "readings": readings,
        "agents": dict(found.parameters),
        "portraits": {"policy": np.zeros((len(numbers), 0, 0, 0), np.float32)},
    }
    metadata = {
        "title": arm.title,
        "group": arm.group,
        "dose": arm.dose,
        "factors": dict(arm.factors),
        "trainer": "",
        "pays": "",
        "updates": list(found.updates),
        "environment_steps": [0.0 for _ in found.updates],
        "competence": describe(experiment.competence),
        "instruments": words_about(experiment),
    }
    return Computed(tensors, metadata)


def _compute_planted(
    experiment: Experiment, name: str, seed: int, numbers: np.ndarray, report: Report
) -> Computed:
    world, keys = _planted_world(experiment), agent_keys(seed, numbers + PLANTED_OFFSET)
    report({"updates": 0, "of": 0})
    agents = planted_agents(experiment, name, seed, numbers)
    readings = stacked([measure_all(experiment, keys, agents, world, None)])
    metadata = {
        "goal": experiment.planted[name].goal,
        "instruments": words_about(experiment),
    }
    return Computed({"readings": readings}, metadata)


def planted_agents(
    experiment: Experiment, name: str, seed: int, numbers: np.ndarray
) -> OneOf:
    """Return planted agents of one kind, of one shape with those of all other kinds."""
    world = _planted_world(experiment)
    kinds = {
        kind: build(
            seed,
            (numbers if kind == name else numbers[:1]) + PLANTED_OFFSET,
            planted.agent,
            world,
        )
        for kind, planted in experiment.planted.items()
    }
    return as_one_of(name, kinds, len(numbers))


def _planted_world(experiment: Experiment) -> AbstractWorld:
    if experiment.planted_world is None:
        raise ValueError("planted agents live in a world; give planted_world")
    return experiment.planted_world


def measure_all(
    experiment: Experiment,
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    test_world: AbstractWorld,
    arm: Arm | None,
) -> dict[str, np.ndarray]:
    """Return all readings of a block of agents, "instrument/field" -> `[N, ...]`."""
    found = {}
    for name, measurement in experiment.instruments.items():
        if measurement.on == "train" and arm is None:
            continue  # planted agents were never trained
        world = arm.train_world if measurement.on == "train" and arm else test_world
        own = jax.vmap(jax.random.fold_in, (0, None))(keys, _stable(name))
        reading = measure(measurement.instrument, own, agents, world, experiment.plan.chunk)
        fields = vars(reading)
        found |= {f"{name}/{field}": np.asarray(value) for field, value in fields.items()}
    return found


@eqx.filter_jit
def measure(
    instrument: AbstractInstrument,
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    world: AbstractWorld,
    chunk: int,
) -> Reading:
    """Return an instrument's reading of every agent of a population, leading axis `N`."""
    arrays, structure = eqx.partition(agents, eqx.is_array)

    def one(inputs: tuple[Key[Array, ""], PyTree]) -> Reading:
        return instrument.measure(inputs[0], eqx.combine(inputs[1], structure), world)

    return jax.lax.map(one, (keys, arrays), batch_size=chunk)


def parameters(agents: AbstractAgent) -> dict[str, np.ndarray]:
    """Return the arrays of a population by the path that leads to them: "level/weight"."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(agents, eqx.is_array))
    return {path_name(path): np.asarray(leaf) for path, leaf in leaves}


def path_name(path: tuple) -> str:
    """Return a tree path as a name: attributes and positions, separated by slashes."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


def stacked(checkpoints: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return arrays `[N, C, ...]` from one mapping of arrays `[N, ...]` per checkpoint."""
    names = checkpoints[0]
    return {
        name: np.stack([found[name] for found in checkpoints], axis=1) for name in names
    }


def _curves(kept: list[Segment]) -> dict[str, np.ndarray]:
    curves = stacked([{k: np.asarray(v) for k, v in s.metrics.items()} for s in kept])
    for values in curves.values():
        values[:, 0] = np.nan  # no update, no metric
    return curves


def _progress(arm: Arm, segment: Segment, kept: int, checkpoints: int) -> dict[str, Any]:
    values = np.asarray(segment.metrics["return"])
    finite = values[np.isfinite(values)]
    steps = segment.updates * arm.trainer.steps_per_update * len(values)
    return {
        "updates": segment.updates,
        "of": arm.updates,
        "agents": len(values),
        "steps": steps,
        "checkpoint": kept,
        "checkpoints": checkpoints,
        "return": float(finite.mean()) if finite.size and segment.updates else None,
    }


def _portraits(experiment: Experiment, arm: Arm, agents: AbstractAgent) -> np.ndarray:
    """Return final policies on the gallery's levels, `[N, P, S, A]`."""
    world, levels = arm.test_world, experiment.gallery.values()
    seen = levels and isinstance(world, DrawnWorld) and is_memoryless(agents)
    if not (seen and isinstance(world, AbstractSolvableWorld)):
        return np.zeros((jax.tree.leaves(agents)[0].shape[0], 0, 0, 0), np.float32)
    pictures = [_policies(agents, world, shown_level(world, each)) for each in levels]
    return np.stack([np.asarray(picture) for picture in pictures], axis=1)


@eqx.filter_jit
def _policies(agents: AbstractAgent, world: AbstractSolvableWorld, level: Any) -> Array:
    table, axes = solve.tabulate(world, level), eqx.if_array(0)
    return eqx.filter_vmap(solve.policy_of, in_axes=(axes, None))(agents, table)


def words_about(experiment: Experiment) -> dict[str, Any]:
    """Return what a reader must know of the instruments to read their numbers."""
    words: dict[str, Any] = {
        name: {
            "class": type(measurement.instrument).__name__,
            "levels": getattr(measurement.instrument, "num_levels", None),
            "unit": measurement.instrument.unit,
            "readings": list(measurement.instrument.readings),
            "candidates": list(measurement.instrument.candidates),
            "check_names": list(measurement.instrument.check_names),
            "on": measurement.on,
        }
        for name, measurement in experiment.instruments.items()
    }
    for name, readout in experiment.readouts.items():
        words[name] = {
            "unit": readout.unit,
            "readings": list(readout.readings),
            "candidates": [],
            "check_names": list(readout.check_names),
            "on": "test",
        }
    return words


def _stable(name: str) -> int:
    """Return a number that stays the same for a name in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") >> 1
