"""An experiment cut into cells, arm x block of agents, and how one cell is computed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.one_of import OneOf, as_one_of
from goalscope.describe import describe
from goalscope.experiment import Arm, ComputedArm, Experiment, Planted
from goalscope.measurement import along_training, measure_all, words_about
from goalscope.population import (
    Conditions,
    Segment,
    agent_keys,
    build,
    train,
)
from goalscope.procedure import check_findings
from goalscope.result import HALF
from goalscope.storage.study import CellPlan, Computed
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.drawn import DrawnWorld, shown_level

FORMAT = 1
PLANTED_OFFSET, HALF_OFFSET = 1_000_000, 2_000_000

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
    half = experiment.half_generalised
    networks = {HALF: half.arm} if half else {}
    groups = {"planted": experiment.planted, HALF: networks, "arm": experiment.arms}
    for kind, group in groups.items():
        for name, condition in group.items():
            own = {**shared, "kind": kind, "name": name, "condition": describe(condition)}
            if isinstance(condition, Planted):
                own["world"] = describe(experiment.planted_world)
                own["beside"] = describe(experiment.planted)
                blocks = [tuple(range(condition.agents))]
            elif isinstance(condition, ComputedArm):
                blocks = _blocks(condition.agents, width)
            else:
                own |= {"draws": half.draws} if half and kind == HALF else {}
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
    if plan.kind == HALF:
        return _compute_half_generalised(experiment, seed, agents, report)
    arm = experiment.arms[plan.arm]
    if isinstance(arm, ComputedArm):
        return _compute_procedure(experiment, arm, seed, agents, report)
    return _compute_arm(experiment, arm, seed, agents, report)


def _compute_arm(
    experiment: Experiment, arm: Arm, seed: int, numbers: np.ndarray, report: Report
) -> Computed:
    keys, until = agent_keys(seed, numbers), experiment.until(arm)
    kept = _trained(experiment, arm, seed, numbers, report)
    along = along_training([segment.learners.agent for segment in kept])
    readings = measure_all(experiment, keys, along, arm.test_world, arm)
    last = kept[-1].learners
    tensors = {
        "curves": _curves(kept),
        "readings": readings,
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


def _trained(
    experiment: Experiment, arm: Arm, seed: int, numbers: np.ndarray, report: Report
) -> list[Segment]:
    """Return the agents of an arm with these numbers, checkpoint by checkpoint."""
    keys, until = agent_keys(seed, numbers), experiment.until(arm)
    untrained = build(seed, numbers, arm.agent, arm.train_world)
    conditions = Conditions(arm.trainer, arm.train_world, arm.goal)
    kept: list[Segment] = []
    for segment in train(keys, untrained, conditions, until=until, plan=experiment.plan):
        if segment.updates == until[len(kept)]:
            kept.append(segment)
        report(_progress(arm, segment, len(kept), len(until)))
    return kept


def _compute_half_generalised(
    experiment: Experiment, seed: int, numbers: np.ndarray, report: Report
) -> Computed:
    """Compute what the instrument of the labels reads of networks, draw after draw."""
    half, name = experiment.half_generalised, experiment.labels
    if half is None or name is None:
        raise ValueError("there are no networks to read; give half_generalised and labels")
    kept = _trained(experiment, half.arm, seed, numbers + HALF_OFFSET, report)
    along = along_training([segment.learners.agent for segment in kept])
    only = {name: experiment.instruments[name]}
    asked = replace(experiment, instruments=only, claims=(), competence=None, figures=())
    each = [
        measure_all(asked, agent_keys(seed, numbers + HALF_OFFSET * (2 + draw)), along,
                    half.arm.test_world, half.arm)
        for draw in range(half.draws)
    ]  # fmt: skip
    readings = {path: np.concatenate([one[path] for one in each], 1) for path in each[0]}
    return Computed({"readings": readings}, {"instruments": words_about(asked)})


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
    readings = measure_all(experiment, keys, along_training([agents]), world, None)
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
