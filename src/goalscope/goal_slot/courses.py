"""Where base training takes what agents do in deployment, step by step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from goalscope.goal_slot.conditions import Size, cast, condition
from goalscope.goal_slot.measuring import choices_of, guards_of
from goalscope.goal_slot.procedures import after, asked
from goalscope.goal_slot.summaries import guards
from goalscope.goal_slot.world import TARGET, TYPES
from goalscope.procedure import Findings, Report, measured

PARTS = (0, 32, 16, 8, 4, 2, 1)
"""The checkpoints: none of base training, a 32nd of its steps, ..., all."""


def course(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    who: Mapping[str, Any],
    setting: Mapping[str, float],
    outer: Mapping[str, Any] = {},
    size: Mapping[str, int] = {},
) -> Findings:
    """Return what agents take in deployment while base training goes on.

    Of what is taken at all: the share of the own favourite, of the rewarded type, and of
    the others; each a mean over the goals of an agent. Arguments as those of
    `procedures.pushed`, and so is base training: the last checkpoint is its end. Guards
    are those of before.
    """
    shape = Size(**size)
    group, here = cast(*asked(numbers, seed, shape, **who)), condition(setting)
    favourite = np.asarray(group.goals)[:, : shape.trained].argmax(axis=-1)
    updates = checkpoints(shape.steps)
    shares = []
    for done in updates:
        report({"updates": done, "of": shape.steps})
        found, _ = after(group, here, shape._replace(steps=done), **outer)
        shares.append(taken(np.asarray(found.deployed), favourite))
    able = np.asarray(guards_of(group, here))
    reward = np.asarray(choices_of(group, here).training)[..., TARGET].mean(axis=1)
    beside = np.stack(list(guards(reward, able).values()), axis=-1)[:, None]
    return Findings(
        updates,
        {
            "course": measured(np.stack(shares, axis=1)),
            "guards": measured(np.repeat(beside, len(updates), axis=1)),
        },
    )


def checkpoints(steps: int) -> tuple[int, ...]:
    """Return after how many steps of base training agents are looked at.

    >>> checkpoints(120), checkpoints(2)
    ((0, 3, 7, 15, 30, 60, 120), (0, 1, 2))
    """
    return tuple(sorted({steps // part if part else 0 for part in PARTS}))


def taken(
    deployed: Float[np.ndarray, "N G K1"], favourite: Int[np.ndarray, "N G"]
) -> Float[np.ndarray, "N 3"]:
    """Return the shares of own favourite, rewarded type and others in what is taken.

    Args:
        deployed: how often each type is taken, last nothing.
        favourite: which type each goal is for; not the rewarded one.

    >>> taken(np.array([[[0.1, 0.2, 0.0, 0.2, 0.5]]]), np.array([[1]]))
    array([[0.4, 0.2, 0.4]])
    """
    each = deployed[..., :TYPES].mean(axis=1)
    own = np.take_along_axis(deployed, favourite[..., None], axis=-1)[..., 0].mean(axis=1)
    target, every = each[:, TARGET], each.sum(axis=1)
    return np.stack([own, target, every - own - target], axis=1) / every[:, None]
