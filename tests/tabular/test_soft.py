"""Soft values and occupancies, against loops, closed forms and each other."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import reach
from goalscope.tabular.process import DeterministicProcess, StochasticProcess
from goalscope.tabular.soft import (
    evaluate,
    exact_soft_values,
    log_policy,
    occupancy,
    soft_maximum,
    soft_values,
)
from goalscope.worlds.corner import Corner

S, A = 4, 3


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def process(double):
    moves = np.random.default_rng(0).dirichlet(np.ones(S), (S, A))
    return StochasticProcess(jnp.ones(S) / S, jnp.asarray(moves))


@pytest.fixture
def rewards(double):
    return jnp.asarray(np.random.default_rng(1).normal(size=(S, A)))


def test_soft_values_are_what_a_loop_gives(process, rewards):
    values, moves = np.zeros(S), np.asarray(process.transitions)
    for _ in range(400):
        each = np.asarray(rewards) + 0.9 * moves @ values
        values = np.log(np.exp(each).sum(axis=1))
    np.testing.assert_allclose(soft_values(process, rewards, 0.9), values, rtol=1e-10)
    np.testing.assert_allclose(exact_soft_values(process, rewards, 0.9), values, rtol=1e-10)


def test_newton_is_exact_where_iteration_would_take_for_ever(process, rewards):
    discount = 1 - 1e-6
    values = exact_soft_values(process, rewards, discount)
    each = rewards + discount * process.expect(values)
    backed = jax.scipy.special.logsumexp(each, axis=1)
    np.testing.assert_allclose(values, backed, rtol=1e-12)


def test_exact_values_know_their_derivatives(process, rewards):
    @jax.jit
    def worth(scale, discount):
        return process.start @ exact_soft_values(process, scale * rewards, discount)

    slopes, step = jax.jit(jax.grad(worth, (0, 1))), 1e-5
    by_scale, by_discount = slopes(1.0, 0.8)
    slope = (worth(1 + step, 0.8) - worth(1 - step, 0.8)) / (2 * step)
    np.testing.assert_allclose(by_scale, slope, rtol=1e-7)
    slope = (worth(1.0, 0.8 + step) - worth(1.0, 0.8 - step)) / (2 * step)
    np.testing.assert_allclose(by_discount, slope, rtol=1e-7)
    second = jax.jit(jax.jacfwd(jax.grad(worth)))(1.0, 0.8)
    change = slopes(1 + step, 0.8)[0] - slopes(1 - step, 0.8)[0]
    np.testing.assert_allclose(second, change / (2 * step), rtol=1e-6)


def test_occupancy_and_values_count_the_same_return(process, rewards):
    policy = jnp.asarray(np.random.default_rng(2).dirichlet(np.ones(A), S))
    by_value = process.start @ evaluate(process, policy, rewards, 0.9)
    visits = occupancy(process, policy, 0.9)
    np.testing.assert_allclose(jnp.sum(visits), 10, rtol=1e-9)
    by_visits = jnp.sum(visits[:, None] * policy * rewards)
    np.testing.assert_allclose(by_value, by_visits, rtol=1e-9)


def test_relative_to_uniform_it_is_the_soft_planner_of_solve():
    world = Corner(shifted_share=1.0, size=3, horizon=80)
    goal = reach(world, "cheese")
    table = solve.tabulate(world, world.sample_level(jax.random.key(1)))
    paid, going = solve.payments(table, goal)
    process = DeterministicProcess(table.start, table.successors, going)
    rewards = 4 * paid - np.log(4)
    values = soft_values(process, rewards, 0.9)
    mine = log_policy(process, rewards, values, 0.9)
    theirs = solve.soft_policy(table, goal, 4.0, 0.9, num_steps=200)
    np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_a_tolerance_is_kept_and_a_good_guess_costs_nothing(process, rewards):
    values = soft_values(process, rewards, 0.9)
    rough = soft_values(process, rewards, 0.9, tolerance=0.1)
    assert 0 < float(jnp.max(jnp.abs(rough - values))) <= 0.1
    again = soft_values(process, rewards, 0.9, guess=values, tolerance=0.1)
    np.testing.assert_allclose(again, values, atol=1e-9)


@pytest.mark.parametrize("discount", [0.999, 0.9999, 0.99999])
def test_what_does_not_come_to_rest_is_no_number(discount):
    one = DeterministicProcess(jnp.ones(1), jnp.zeros((1, 2), int), jnp.ones((1, 2)))
    half, paid = jnp.full((1, 2), 0.5), jnp.ones((1, 2))
    total = 1 / (1 - discount)
    for found, wanted in (
        (evaluate(one, half, paid, discount), total),
        (occupancy(one, half, discount), total),
        (soft_values(one, 0 * paid, discount), np.log(2) * total),
    ):
        right = float(found[0]) == pytest.approx(wanted, rel=1e-3)
        assert right or np.isnan(found[0])


def test_one_process_that_does_not_end_leaves_the_others_their_values():
    ends = jnp.array([[[0.0, 1.0], [0.0, 1.0]]])
    both = DeterministicProcess(jnp.ones(1), jnp.zeros((1, 2), int), ends)
    policy = jnp.full((1, 2, 2), 0.5)
    found = np.asarray(evaluate(both, policy, jnp.ones((1, 2, 2)), 1.0))[0]
    assert found[0] == 1.0
    assert np.isnan(found[1])


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e12, 1e30])
def test_soft_values_are_finite_however_large_rewards_are(scale):
    line = DeterministicProcess(
        jnp.ones(2), jnp.array([[0, 1], [1, 0]]), jnp.full((2, 2), 1.0)
    )
    rewards = scale * jnp.array([[0.3, 0.1], [0.7, 0.2]])
    values = soft_values(line, rewards, 0.9)
    policy = np.exp(log_policy(line, rewards, values, 0.9))
    assert np.isfinite(values).all()
    np.testing.assert_allclose(policy.sum(axis=1), 1, atol=1e-5)


def test_the_soft_maximum_is_that_of_the_textbook():
    values = np.random.default_rng(3).normal(size=(5, 3, 2))
    expected = np.log(np.exp(values).sum(axis=1))
    np.testing.assert_allclose(soft_maximum(jnp.asarray(values)), expected, atol=1e-5)
