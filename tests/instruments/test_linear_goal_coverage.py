"""Intervals of inferred weights hold the truth as often as they say."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planner import Planner
from goalscope.goals import Goal, reach
from goalscope.instruments.linear_goal import LinearGoal
from goalscope.worlds.corner import Corner

NUM_AGENTS = 240


@pytest.mark.science
def test_intervals_hold_the_weights_of_planted_agents_at_the_stated_rate():
    world = Corner(shifted_share=1.0, size=5, horizon=40)
    names = ("cheese", "corner", "far_corner")
    instrument = LinearGoal(tuple(reach(world, name) for name in names), num_levels=48)
    truth = np.random.default_rng(0).normal(0, 5, (NUM_AGENTS, len(names)))

    @jax.jit
    def read(item):
        key, weights = item
        features = jnp.stack([weights[0], weights[1], 0.0, weights[2]])
        agent = Planner(world, Goal(features, True, "built in"), 1.0, 0.9, world.horizon)
        return instrument.measure(key, agent, world)

    keys = jax.random.split(jax.random.key(0), NUM_AGENTS)
    reading = jax.lax.map(read, (keys, jnp.asarray(truth, jnp.float32)))
    assert np.mean(reading.checks) > 0.8  # who flees a goal well does not say how much
    lower, upper = reading.lower[:, :-1], reading.upper[:, :-1]
    covered = np.mean((lower <= truth) & (truth <= upper), axis=0)
    assert np.all((covered >= 0.92) & (covered <= 0.98)), covered
    error = np.median(np.asarray(reading.value[:, :-1]) - truth, axis=0)
    assert np.all(np.abs(error) < 0.5), error


def test_the_planted_goal_is_what_the_instrument_asks_about():
    world = Corner(size=3, horizon=6)
    weights = np.array([1.0, 2, 0, 3], np.float32)
    goals = [reach(world, name) for name in ("cheese", "corner", "far_corner")]
    features = np.random.default_rng(0).random(4).astype(np.float32)
    parts = [float(goal.reward(jnp.asarray(features))) for goal in goals]
    whole = Goal(weights, True, "built in").reward(jnp.asarray(features))
    np.testing.assert_allclose(np.array([1, 2, 3]) @ parts, whole, rtol=1e-6)
    assert eqx.tree_equal(goals[0].once, goals[1].once)
