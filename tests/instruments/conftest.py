"""One small world, shared so that programs compile once."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.one_of import OneOf
from goalscope.agents.planner import Planner
from goalscope.agents.planted import ActionBiased, RandomDeterministic
from goalscope.goals import Goal, reach
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner

NUM_LEVELS = 12
HABITS = {
    "chance": np.zeros(4, np.float32),
    "up and left": np.array([1.0, 1.5, -1.0, -1.0], np.float32),
    "always up": np.array([0.0, -1e9, -1e9, -1e9], np.float32),
}


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
def agent(world):
    """Return what makes planted agents, all of one shape so that programs compile once."""
    kinds = ("planner", "habit", "random")
    cheese = reach(world, "cheese")

    def make(kind: str, strength: float = 32.0, *, seed: int = 0) -> OneOf:
        feature = kind if kind in world.feature_names else "cheese"
        goal = Goal(reach(world, feature).weights, cheese.once, "built in")
        planner = Planner(world, goal, strength, 0.9, world.horizon)
        habit = ActionBiased(HABITS.get(kind, np.zeros(4, np.float32)))
        random = RandomDeterministic(jnp.uint32(seed), 4)
        which = "planner" if kind in world.feature_names else kind
        which = "habit" if kind in HABITS else which
        return OneOf((planner, habit, random), np.int32(kinds.index(which)))

    return make


class Remembering(AbstractAgent):
    """Behaves like `agent`, and counts its steps for nothing."""

    agent: AbstractAgent

    def embed(self, view):
        return self.agent.embed(view)

    def initial_memory(self):
        return jnp.int32(0)

    def __call__(self, context, tokens, memory):
        response = self.agent(context, tokens, ())
        return Response(response.logits, response.value, memory + 1)


@pytest.fixture
def remembering():
    return Remembering


@pytest.fixture
def rng():
    return np.random.default_rng(0)
