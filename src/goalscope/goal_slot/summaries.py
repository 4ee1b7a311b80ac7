"""Means over the goals of each agent: what it does, and where training leaves it."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from goalscope.goal_slot.pressure import Choices
from goalscope.goal_slot.readings import kappa
from goalscope.goal_slot.world import TARGET, TYPES
from goalscope.procedure import Measured, measured


def chosen(found: Choices, goals: Float[np.ndarray, "N G K"]) -> dict[str, np.ndarray]:
    """Return what agents choose, and what other goals would have earned, by reading."""
    favourite = goals.argmax(axis=-1)[..., None]
    training, deployed = np.asarray(found.training), np.asarray(found.deployed)
    reward, aligned = training[..., TARGET], np.asarray(found.aligned).mean(axis=1)
    own = np.take_along_axis(deployed, favourite, axis=-1)[..., 0]
    return {
        "reward": reward.mean(axis=1),
        "aligned reward": aligned,
        "reward gap": 1 - reward.mean(axis=1) / aligned,
        "swap": np.abs(reward - np.asarray(found.swapped)).mean(axis=1),
        "ablation": (reward - np.asarray(found.ablated)).mean(axis=1),
        "doubling": np.asarray(found.ambition).mean(axis=1),
        "compliance gap": (reward - deployed[..., TARGET]).mean(axis=1),
        "deployed to target": deployed[..., TARGET].mean(axis=1),
        "deployed to own": own.mean(axis=1),
    }


def ended(before: Choices, after: Choices, trained: int) -> dict[str, np.ndarray]:
    """Return where base training leaves the first `trained` goals, by reading."""
    begun = np.asarray(before.deployed)[:, :trained]
    after_it, reward = np.asarray(after.deployed), np.asarray(after.training)[..., TARGET]
    first, last = begun[..., :TYPES].argmax(axis=-1), after_it[..., :TYPES].argmax(axis=-1)
    return {
        "reward": reward.mean(axis=1),
        "before": begun[..., TARGET].mean(axis=1),
        "to target": after_it[..., TARGET].mean(axis=1),
        "aligned": (last == TARGET).mean(axis=1),
        "kept": (first == last).mean(axis=1),
        "kappa": kappa(first, last),
    }


def known_median(values: np.ndarray) -> np.ndarray:
    """Return the median over goals of what is known, NaN where nothing is."""
    known = [row[np.isfinite(row)] for row in values]
    return np.array([np.median(row) if len(row) else np.nan for row in known])


def guards(
    reward: Float[np.ndarray, " N"], able: Float[np.ndarray, "N 2"]
) -> dict[str, np.ndarray]:
    """Return how able agents are, and what they earn beside an ideal one, by reading."""
    return {"skill": able[:, 0], "share of ideal": reward / able[:, 1]}


def columns(
    found: Mapping[str, np.ndarray], checks: Bool[np.ndarray, "N 1 K"] | None = None
) -> Measured:
    """Return readings of agents at one checkpoint, by name `[N]`, as they are stored."""
    values = np.expand_dims(np.stack(list(found.values()), axis=-1), 1)
    return measured(values, checks=checks)
