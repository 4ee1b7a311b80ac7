"""Planners of one form for all kinds that plan, so that they can be stacked."""

from collections.abc import Mapping

import numpy as np

from goalscope.agents.gated import Gated
from goalscope.agents.planner import Planner
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.cued import Cued
from goalscope.worlds.fixed_levels import underlying

DISCOUNT = 0.9
BETAS = (16.0, 32.0, 64.0)
"""Inverse temperatures of agents whose dose is something else, nats per unit of return."""


def planner(
    world: AbstractWorld, weights: Mapping[str, float], inverse_temperature: float
) -> Planner:
    """Return a planner to the horizon for a weighted sum of features, paid once.

    It knows the world that levels come from, not which of them come.
    """
    world = underlying(world)
    if not isinstance(world, AbstractSolvableWorld):
        raise TypeError(
            f"a planner solves its levels; {type(world).__name__} does not number its "
            "states: inherit from AbstractSolvableWorld"
        )
    vector = np.zeros(len(world.feature_names), np.float32)
    for feature, weight in weights.items():
        vector[world.feature_names.index(feature)] = weight
    goal = Goal(vector, True, "built in")
    return Planner(world, goal, inverse_temperature, DISCOUNT, world.horizon)


def by_cue(
    world: AbstractWorld, trained: Planner, deployed: Planner, *, leak: float = 0.0
) -> Gated:
    """Return an agent that acts as `trained` in training and as `deployed` after it.

    `leak` is the probability of a step in training to be taken by `deployed`.
    """
    if not isinstance(world, Cued):
        raise TypeError(
            f"{type(world).__name__} has no cue to depend on; plant this kind in `Cued`"
        )
    shares = np.array([[1 - leak, leak], [0, 1]], np.float32)
    return Gated((trained, deployed), shares, world.cue_token)
