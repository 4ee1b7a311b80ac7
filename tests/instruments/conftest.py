"""One small world, shared so that programs compile once."""

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope.agents.planner import Planner
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner

NUM_LEVELS = 12


@pytest.fixture(scope="session")
def world():
    return Corner(shifted_share=1.0, size=4, horizon=24)


@pytest.fixture(scope="session")
def goals(world):
    return reach(world, "cheese"), reach(world, "corner")


@pytest.fixture(scope="session")
def sheet(world):
    draw = eqx.filter_jit(lambda key: draw_levels(key, world, num_levels=NUM_LEVELS))
    return draw(jax.random.key(5))


@pytest.fixture(scope="session")
def planner(world):
    """Return what makes a planner; all of them have one shape."""

    def make(feature: str, inverse_temperature: float = 32.0) -> Planner:
        goal = eqx.tree_at(
            lambda goal: goal.weights, reach(world, "cheese"), reach(world, feature).weights
        )
        return Planner(world, goal, inverse_temperature, 0.9, world.horizon)

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)
