"""What goal-directedness must satisfy whatever the policy, and the ratios beside it."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.agents.planner import Planner
from goalscope.goals import Goal, reach
from goalscope.rollout import rollout
from goalscope.tabular.goal_directedness import (
    known_utility,
    linear_class,
    start_value,
    visits,
)
from goalscope.tabular.process import DeterministicProcess, StochasticProcess
from goalscope.tabular.ratios import attained, share_below
from goalscope.worlds.corner import Corner

S, A, DISCOUNT = 4, 3, 0.8


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@jax.jit
def measured(process, policies, utilities):
    flow = visits(process, policies, DISCOUNT)
    return known_utility(process, flow, utilities, DISCOUNT, largest=100.0)


@given(st.integers(0, 2**31))
@settings(deadline=None, max_examples=5)
def test_scale_and_sign_move_beta_only_and_the_bounds_hold(seed):
    with jax.enable_x64(True):
        rng = np.random.default_rng(seed)
        moves = rng.dirichlet(np.ones(S), (S, A))
        process = StochasticProcess(jnp.ones(S) / S, jnp.asarray(moves))
        policy = rng.dirichlet(np.ones(A), S)
        utility = rng.normal(size=(S, A))
        scales = np.array([1.0, 2.0, -0.5])
        utilities = utility[..., None] * scales + np.array([0, 3.0, 1.0])
        policies = jnp.asarray(np.repeat(policy[..., None], 3, axis=2))
        found = measured(process, policies, jnp.asarray(utilities))
        np.testing.assert_allclose(found.nats, found.nats[0], atol=1e-7)
        betas = found.inverse_temperature * scales
        np.testing.assert_allclose(betas, betas[0], rtol=1e-4, atol=1e-6)
        assert np.all((found.share >= 0) & (found.share <= 1))
        features = jnp.asarray(utility[..., None])
        flow = visits(process, policies[..., 0], DISCOUNT)
        best, weights = linear_class(process, flow, features, DISCOUNT, ridge=1e-9)
        np.testing.assert_allclose(best.nats, found.nats[0], atol=1e-6)
        np.testing.assert_allclose(weights[0], betas[0], rtol=1e-3, atol=1e-4)


def test_the_value_at_the_start_has_the_occupancy_for_derivative(double):
    rng = np.random.default_rng(0)
    moves = rng.dirichlet(np.ones(S), (S, A))
    process = StochasticProcess(jnp.ones(S) / S, jnp.asarray(moves))
    rewards, direction = (jnp.asarray(rng.normal(size=(S, A))) for _ in range(2))
    slope = jnp.sum(jax.grad(start_value, 1)(process, rewards, DISCOUNT) * direction)
    more, less = (
        start_value(process, rewards + step * direction, DISCOUNT) for step in (1e-5, -1e-5)
    )
    np.testing.assert_allclose(slope, (more - less) / 2e-5, rtol=1e-7)


def test_a_share_counts_ties_half():
    assert float(share_below(jnp.array(1.0), jnp.array([0.0, 1, 1, 2]))) == 0.5


def test_what_an_agent_makes_of_its_capability_is_read_from_rollouts():
    world = Corner(shifted_share=1.0, size=3, horizon=8)
    goal = Goal(reach(world, "cheese").weights, True, "built in")

    @jax.jit
    def earned(beta):
        agent = Planner(world, goal, beta, 0.9, world.horizon)

        def one(key):
            k_level, k_play = jax.random.split(key)
            level = world.sample_level(k_level)
            features = rollout(k_play, agent, world, level).features
            return goal.returns(features, 0.9)

        return jnp.mean(jax.vmap(one)(jax.random.split(jax.random.key(0), 64)))

    can, does, random = (earned(beta) for beta in (256.0, 8.0, 1e-4))
    assert float(attained(can, random, can)) == 1
    assert float(attained(random, random, can)) == 0
    assert 0.1 < float(attained(does, random, can)) < 0.9
    assert np.isnan(attained(random, random, random))


@pytest.mark.parametrize("starts", [(1, 0), (13, 11), (0.3, 0.7), (7, 17)])
@pytest.mark.parametrize("worth", [1e-3, 1.0, 300.0])
def test_what_nobody_can_influence_says_nothing_about_beta(starts, worth):
    corridor = jnp.array([[1], [2], [3], [4], [4]])
    going = jnp.array([[1.0], [1.0], [1.0], [0.0], [0.0]])
    prize = jnp.zeros((5, 2, 1)).at[3].set(worth)
    start = jnp.array([*starts, 0, 0, 0], jnp.float32)
    line = DeterministicProcess(start, jnp.tile(corridor, 2), jnp.tile(going, 2))
    flow = visits(line, jnp.full((5, 2), 0.5), 0.9)[..., None]
    for settings_ in ({"num_halvings": 12, "tolerance": 1e-3}, {}):
        found = known_utility(line, flow, prize, 0.9, **settings_)
        assert float(found.inverse_temperature[0]) == 0
        assert float(found.nats[0]) == 0
        assert not bool(found.capped[0])
