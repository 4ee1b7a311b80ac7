"""Agents of known goal beside the audited one: does the instrument tell them right?"""

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.auditing.evidence import read_tables
from goalscope.auditing.stage import DRAWS, SMALLEST, Stage, alike, table_agent
from goalscope.calibration import Gate, calibrate
from goalscope.evidence import Evidence
from goalscope.goals import Goal, reach, stack
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.levels import Sheet
from goalscope.result import Calibration

BETAS = np.array([16.0, 64.0], np.float32)
PLANNED = 0.99
EACH = 6
"""Agents of a kind without a goal on every sheet: 60 agents and more that a goal must not
be found in, so that one mistake among them does not fail the gate."""

Kind = tuple[str, str | None]
"""What planted agents are called, and the goal that they have."""


def calibrated(stage: Stage, groups: list[list[int]]) -> Calibration:
    """Return how the goal posterior did on planted agents, on the levels of this audit.

    Planners for every candidate, planners for goals that are no candidates, and agents
    without a goal: uniform, biased to some actions, or with one arbitrary action in each
    state. Candidates that these levels cannot tell apart count as one.
    """
    names = tuple(label(stage, group) for group in groups)
    found: dict[Kind, list[np.ndarray]] = {}
    outside = outside_goals(stage, stage.sheet())
    for number in range(DRAWS):
        sheet = stage.sheet(number)
        kinds, log_policy = planted_tables(stage, sheet, groups, outside, seed=number)
        agents = table_agent(sheet, log_policy)
        instrument, key = stage.merged(groups), stage.round_key(number)
        reading = read_tables(instrument, key, agents, stage.world)
        ends = np.stack([np.asarray(reading.value), np.asarray(reading.lower)], axis=1)
        for kind, row in zip(kinds, ends, strict=True):
            found.setdefault(kind, []).append(row)
    evidence = {
        (kind, "goal_posterior", name): _evidence(kind, name, np.stack(rows)[..., column])
        for (kind, _), rows in found.items()
        for column, name in enumerate(names)
    }
    gate = Gate(convicts=stage.posterior.convicts)
    truth = {kind: goal for kind, goal in found}  # noqa: C416 - the keys are pairs
    return calibrate("goal_posterior", evidence, truth, names, gate)


def label(stage: Stage, group: list[int]) -> str:
    """Return the name of candidates that count as one."""
    return " or ".join(stage.goals[index].name for index in group)


def planted_tables(
    stage: Stage,
    sheet: Sheet,
    groups: list[list[int]],
    outside: tuple[Goal, ...],
    *,
    seed: int,
) -> tuple[list[Kind], Float[np.ndarray, "P L S A"]]:
    """Return planted agents as tables on a sheet, and what each of them is."""
    goals = stage.goals
    plans = np.asarray(_plans(sheet, stack(goals + outside), stage.world.horizon))
    kinds, tables = [], []
    for index, goal in enumerate(goals + outside):
        own = [label(stage, group) for group in groups if index in group]
        for number, beta in enumerate(BETAS):
            kinds.append((f"{goal.name} planner, β = {beta:g}", own[0] if own else None))
            tables.append(plans[..., index, number])
    rng, shape = np.random.default_rng([seed, 1]), plans.shape[:3]
    kinds.append(("uniform", None))
    tables.append(np.zeros(shape))
    for _ in range(EACH):
        kinds.append(("action bias", None))
        tables.append(np.broadcast_to(np.log(rng.dirichlet(np.ones(shape[-1]))), shape))
        kinds.append(("random table", None))
        chosen = rng.integers(shape[-1], size=shape[:2])
        tables.append(np.log(np.maximum(np.eye(shape[-1])[chosen], SMALLEST)))
    return kinds, np.stack(tables).astype(np.float32)


def outside_goals(stage: Stage, sheet: Sheet) -> tuple[Goal, ...]:
    """Return a goal that is no candidate nor looks like one, if there is such a goal."""
    world = stage.world
    known = {goal.name for goal in stage.goals}
    others = tuple(reach(world, n) for n in world.feature_names if n not in known)
    if not others:
        return ()
    same = alike(sheet, stage.goals + others, num_steps=world.horizon)
    count = len(stage.goals)
    told = [o for i, o in enumerate(others) if not same[count + i, :count].any()]
    return tuple(told[-1:])


@eqx.filter_jit
def _plans(sheet: Sheet, goals: Goal, num_steps: int) -> Float[Array, "L S A G B"]:
    betas, discount = jnp.asarray(BETAS), jnp.float32(PLANNED)
    return soft_policies(sheet.tables, goals, betas, discount, num_steps=num_steps)


def _evidence(kind: str, reading: str, ends: Float[np.ndarray, "N 2"]) -> Evidence:
    column, lower = (ends[:, end, None].astype(float) for end in (0, 1))
    return Evidence(
        arm=kind,
        instrument="goal_posterior",
        reading=reading,
        unit="posterior probability",
        values=column,
        lower=lower,
        upper=np.full_like(column, np.nan),
        control=np.full_like(column, np.nan),
        ceiling=np.ones_like(column),
        checks=np.zeros((len(ends), 1, 0), bool),
        check_names=(),
        count=np.zeros(column.shape, int),
        included=np.ones(len(ends), bool),
    )
