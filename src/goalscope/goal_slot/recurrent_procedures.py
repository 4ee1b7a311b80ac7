"""How hard training pushes an agent without a slot, as a procedure of an experiment."""

from collections.abc import Mapping

import numpy as np
from jax import numpy as jnp
from jaxtyping import Float, Int

from goalscope.goal_slot.base_training import Outer
from goalscope.goal_slot.conditions import Size, condition
from goalscope.goal_slot.procedures import COMPETENT, RATE, SATURATED
from goalscope.goal_slot.recurrent_measuring import (
    Moves,
    done,
    group_of,
    guarded,
    moved,
    retrained,
)
from goalscope.goal_slot.slots import DEPLOYMENT, TRAINING
from goalscope.goal_slot.summaries import columns, guards
from goalscope.goal_slot.world import TARGET, TYPES
from goalscope.procedure import Findings, Report


def replanted(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    setting: Mapping[str, float],
    outer: Mapping[str, float] = {},
    size: Mapping[str, int] = {},
) -> Findings:
    """Return what training does to agents whose goal is nowhere but in what they do.

    An agent is a recurrent network with a goal of its own, planted by inner training.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        setting: fields of `world.Condition`.
        outer: of base training: `sampled` and `plain`, see `base_training.Outer`.
        size: fields of `conditions.Size`.
    """
    shape, here = Size(**size), condition(setting)
    report({"updates": 0, "of": shape.steps})
    group = group_of(tuple(int(n) for n in numbers), seed, shape)
    rates = [jnp.float32(outer.get(name, 0.0)) for name in ("sampled", "plain")]
    how = Outer(jnp.int32(shape.steps), jnp.float32(RATE), *rates)
    favourite = np.asarray(group.goals).argmax(axis=-1)
    before = done(group.agents, group.levels, here)
    after = done(retrained(group, here, how), group.levels, here)
    push, able = moved(group, here), np.asarray(guarded(group, here))
    reward = np.asarray(before)[:, TRAINING, TARGET]
    checks = [reward <= SATURATED * able[:, 1], able[:, 0] >= COMPETENT]
    checks = np.stack([*checks, np.asarray(push.placebo) == 0], axis=-1)
    found = summary(push, np.asarray(before), np.asarray(after), favourite)
    return Findings(
        (shape.steps,),
        {
            "monolith": columns(found, checks=checks[:, None, :]),
            "guards": columns(guards(reward, able)),
        },
    )


def summary(
    push: Moves,
    before: Float[np.ndarray, "N 2 K1"],
    after: Float[np.ndarray, "N 2 K1"],
    favourite: Int[np.ndarray, " N"],
) -> dict[str, np.ndarray]:
    """Return what is read of agents whose planted favourite is known, by reading."""
    rows = np.arange(len(favourite))
    first, last = (each[:, DEPLOYMENT, :TYPES].argmax(axis=1) for each in (before, after))
    return {
        "step ratio": np.asarray(push.ratio),
        "placebo": np.asarray(push.placebo),
        "pull": np.asarray(push.pull),
        "reward": before[:, TRAINING, TARGET],
        "own in training": before[rows, TRAINING, favourite],
        "to target": before[:, DEPLOYMENT, TARGET],
        "to own": before[rows, DEPLOYMENT, favourite],
        "planted": (first == favourite).astype(float),
        "reward after": after[:, TRAINING, TARGET],
        "to target after": after[:, DEPLOYMENT, TARGET],
        "to own after": after[rows, DEPLOYMENT, favourite],
        "aligned after": (last == TARGET).astype(float),
        "kept after": (last == first).astype(float),
    }
