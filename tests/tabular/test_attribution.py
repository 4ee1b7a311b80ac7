"""The cheap fit of utilities finds what an exact optimiser finds."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.tabular.attribution import (
    Behaviour,
    Utility,
    fit,
    habit_scores,
    habits,
    lookup_scores,
    rewards,
    scores,
)
from goalscope.tabular.maximum import maximise
from goalscope.tabular.process import side_by_side
from goalscope.tabular.soft import exact_soft_values, log_policy, occupancy

L, S, A, F, P, DISCOUNT, RIDGE = 4, 5, 3, 2, 3, 0.8, 0.01


@pytest.fixture(scope="module")
def behaviour():
    rng = np.random.default_rng(0)
    start = jnp.full((L, S), 1 / S)
    successors = jnp.asarray(rng.integers(0, S, (L, S, A)))
    going = jnp.asarray(rng.random((L, S, A)) < 0.9, jnp.float32)
    process = side_by_side(start, successors, going)
    policy = jnp.asarray(rng.dirichlet(np.ones(A), L * S), jnp.float32)
    flow = occupancy(process, policy, DISCOUNT)[:, None] * policy
    here = jnp.asarray(rng.integers(0, P, L * S))
    events = jnp.asarray(rng.random((L * S, A, F)), jnp.float32)
    return Behaviour(process, flow, events, here[process.successors], here, L, P)


@pytest.fixture(scope="module")
def fitted(behaviour):
    levels = jnp.ones((L, 1))
    run = jax.jit(lambda levels, ridge: fit(behaviour, levels, ridge, 0.8, num_steps=150))
    return run(levels, jnp.array([RIDGE]))


@pytest.mark.science
def test_the_fit_is_as_good_as_that_of_an_exact_optimiser(behaviour, fitted):
    def whole(flat):
        parts = jnp.split(flat, [F, F + P])
        return Utility(*(part[:, None] for part in parts))

    def objective(flat):
        utility = whole(flat)
        paid = rewards(behaviour, utility)[..., 0]
        values = exact_soft_values(behaviour.process, paid, DISCOUNT)
        gained = log_policy(behaviour.process, paid, values, DISCOUNT) * behaviour.flow
        size = jnp.sum(utility.events**2) + jnp.sum(utility.places**2)
        return jnp.sum(gained) / jnp.sum(behaviour.flow) - RIDGE * size / 2

    best = maximise(objective, jnp.zeros(F + P + A), tolerance=1e-5)
    found = objective(jnp.concatenate([leaf[:, 0] for leaf in fitted]))
    none = objective(jnp.append(jnp.zeros(F + P), habits(behaviour, jnp.ones((L, 1)))))
    assert found <= best.value + 1e-5
    assert found - none > 0.97 * (best.value - none) > 0


def test_scores_are_likelihoods_beyond_chance(behaviour, fitted):
    paid = rewards(behaviour, fitted)[..., 0]
    values = exact_soft_values(behaviour.process, paid, DISCOUNT)
    logs = log_policy(behaviour.process, paid, values, DISCOUNT) + np.log(A)
    expected = np.sum((behaviour.flow * logs).reshape(L, -1), axis=1)
    found = scores(behaviour, fitted, DISCOUNT, tolerance=1e-5)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_habits_and_lookup_are_shares_of_what_was_done(behaviour):
    levels = jnp.array([1.0, 1, 1, 0])[:, None]
    flow = np.asarray(behaviour.flow).reshape(L, S, A)
    counts = flow[:3].sum((0, 1))
    shares = (counts + 0.01 * counts.sum() / A) / (1.01 * counts.sum())
    usual = habits(behaviour, levels)
    np.testing.assert_allclose(jnp.exp(usual)[:, 0], shares, rtol=1e-5)
    last = habit_scores(behaviour, usual)[3, 0]
    expected = np.sum(flow[3] * np.log(A * shares))
    np.testing.assert_allclose(last, expected, rtol=1e-4)
    here = np.asarray(behaviour.here).reshape(L, S)
    table = np.zeros((P, A))
    np.add.at(table, here[:3], flow[:3])
    strength = table.sum() / 3 / P
    table = (table + strength * shares) / (table.sum(1, keepdims=True) + strength)
    expected = np.sum(flow[3] * np.log(A * table[here[3]]))
    found = lookup_scores(behaviour, levels, usual)[3, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_levels_that_do_not_count_teach_nothing(behaviour, fitted):
    doubled = jnp.concatenate([jnp.ones((L, 1)), jnp.eye(L)[:, :1]], axis=1)
    both = fit(behaviour, doubled, jnp.full(2, RIDGE), DISCOUNT, num_steps=150)
    np.testing.assert_allclose(both.events[:, 0], fitted.events[:, 0], atol=1e-4)
    assert float(jnp.max(jnp.abs(both.places[:, 1] - fitted.places[:, 0]))) > 0.01
