"""How hard training pushes a goal in a slot, as procedures of an experiment."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Int

from goalscope.goal_slot.base_training import Outer, Trained
from goalscope.goal_slot.conditions import (
    Cast,
    Construction,
    Goals,
    Size,
    cast,
    condition,
    references,
)
from goalscope.goal_slot.measuring import (
    choices_after,
    choices_of,
    guards_of,
    peaks_of,
    pressure_of,
    sweep_of,
    trained_of,
)
from goalscope.goal_slot.pressure import Choices
from goalscope.goal_slot.readings import crossing, relative, selectivity, sign_change
from goalscope.goal_slot.summaries import (
    chosen,
    columns,
    ended,
    guards,
    known_median,
)
from goalscope.goal_slot.world import TARGET, Condition
from goalscope.procedure import Findings, Report

SATURATED, COMPETENT = 0.95, 0.9
STAKES = (0.0, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 8.0, 16.0)
RATE = 0.02


def pushed(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    who: Mapping[str, Any],
    setting: Mapping[str, float],
    outer: Mapping[str, Any] = {},
    size: Mapping[str, int] = {},
) -> Findings:
    """Return what training does to agents with random goals, and where it leaves them.

    An agent is a construction with its own random parts (for a learner, its own training);
    its readings are means over its goals.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        who: `construction` (planner, learner or unburdened) and `goals` (other: random
            goals with another favourite than the target; target: with that one).
        setting: fields of `world.Condition`.
        outer: of base training: `trained` (goal or all), `sampled`, 1 for REINFORCE, and
            `plain`, the rate of plain gradient steps instead of Adam's.
        size: fields of `conditions.Size`.
    """
    shape = Size(**size)
    report({"updates": 0, "of": shape.steps})
    those, here = asked(numbers, seed, shape, **who), condition(setting)
    group = cast(*those)
    before = choices_of(group, here)
    push = _pressure(those, setting)
    able = np.asarray(guards_of(group, here))
    later, moved = after(group, here, shape, **outer)
    reward = np.asarray(before.training)[..., TARGET].mean(axis=1)
    unsaturated = np.asarray(reward <= SATURATED * able[:, 1])
    checks = [unsaturated, able[:, 0] >= COMPETENT, push["placebo"] == 0]
    return Findings(
        (shape.steps,),
        {
            "pressure": columns(push, checks=np.stack(checks, axis=-1)[:, None, :]),
            "choice": columns(chosen(before, np.asarray(group.goals))),
            "end": columns({**ended(before, later, shape.trained), "moved": moved}),
            "guards": columns(guards(reward, able)),
        },
    )


def thresholds(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    who: Mapping[str, Any],
    setting: Mapping[str, float],
    size: Mapping[str, int] = {},
    stakes: Sequence[float] = STAKES,
) -> Findings:
    """Return the stake at which agents begin to comply, and to be pushed the other way.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        who: as in `pushed`.
        setting: fields of `world.Condition`; awareness and modification are 1.
        size: fields of `conditions.Size`.
        stakes: at which they are read, from none to one at which all comply.
    """
    shape = Size(**size)
    report({"updates": 0, "of": 1})
    group = cast(*asked(numbers, seed, shape, **who))
    grid, doses = references(setting, tuple(stakes)), np.array(stakes)
    comply, signed = np.moveaxis(np.asarray(sweep_of(group, grid)).mean(axis=1), -1, 0)
    here = condition({**setting, "horizon": 0.0})
    able = np.asarray(guards_of(group, here))
    found = {"compliance": crossing(doses, comply), "sign": sign_change(doses, signed)}
    return Findings(
        (0,),
        {"threshold": columns(found), "guards": columns(guards(comply[:, 0], able))},
    )


@functools.lru_cache(maxsize=32)
def _peaks(chosen: tuple, setting: tuple[tuple[str, float], ...]) -> np.ndarray:
    """Return the norms that all are compared with; kept by the process."""
    return np.asarray(peaks_of(cast(*chosen), references(dict(setting))))


def _pressure(chosen: tuple, setting: Mapping[str, float]) -> dict[str, np.ndarray]:
    fixed = {"awareness", "horizon", "modification"}
    alike = tuple(sorted((k, v) for k, v in setting.items() if k not in fixed))
    here = condition(setting)
    found = pressure_of(cast(*chosen), here)
    norms, signed = np.asarray(found.norms), np.asarray(found.signed)
    step = np.asarray(found.step)
    highest = _peaks(chosen, alike)
    if float(here.stake) <= 1.5:
        highest = np.maximum(highest, norms)
    ratio = relative(norms, highest)
    goal, capability, perception, belief, policy, placebo = np.moveaxis(ratio, -1, 0)
    mean = {
        "goal": goal.mean(axis=1),
        "capability": capability.mean(axis=1),
        "perception": perception.mean(axis=1),
        "belief": belief.mean(axis=1),
        "policy": policy.mean(axis=1),
        "placebo": placebo.mean(axis=1),
    }
    return {
        **mean,
        "selectivity": selectivity(mean["capability"], mean["goal"]),
        "typical selectivity": np.median(selectivity(capability, goal), axis=1),
        "signed": signed.mean(axis=1),
        "widening": (signed > 0).mean(axis=1),
        "ambition": np.asarray(found.along).mean(axis=1),
        "step ratio": known_median(step[..., 0]),
        "step ratio of the goal": known_median(step[..., 1]),
    }


def asked(
    numbers: np.ndarray,
    seed: int,
    shape: Size,
    *,
    construction: Construction,
    goals: Goals = "other",
) -> tuple[Construction, Goals, tuple[int, ...], int, Size]:
    """Return what `cast` is asked for."""
    return construction, goals, tuple(int(n) for n in numbers), seed, shape


def after(
    group: Cast,
    here: Condition,
    shape: Size,
    *,
    trained: Trained = "goal",
    sampled: float = 0.0,
    plain: float = 0.0,
) -> tuple[Choices, np.ndarray]:
    """Return what agents do after base training, and how far it moved their goals."""
    few = group._replace(goals=group.goals[:, : shape.trained])
    keys = jax.vmap(lambda key: jax.random.split(key, shape.trained))(group.keys)
    rates = [jnp.float32(value) for value in (RATE, sampled, plain)]
    outer = Outer(jnp.int32(shape.steps), *rates)
    agents = trained_of(keys, few, here, outer, trained)
    way = np.asarray(agents.goal) - np.asarray(few.goals)
    return choices_after(agents, few, here), np.linalg.norm(way, axis=-1).mean(axis=1)
