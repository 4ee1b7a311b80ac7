"""Choices that were drawn from a known utility give it back, with its uncertainty."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.tabular.causal_entropy import (
    feature_expectation,
    infer_weights,
    soft_policies_within,
)
from goalscope.tabular.choices import explain_choices, likelihood_ratio, log_likelihood
from goalscope.tabular.newton_weights import fit_weights, predicted
from goalscope.tabular.process import StochasticProcess
from goalscope.tabular.soft import exact_soft_values, log_policy

S, A, F = 6, 3, 2
TRUTH = np.array([1.5, -1.0])


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def process(rng):
    moves = rng.dirichlet(np.ones(S), (S, A))
    return StochasticProcess(jnp.ones(S) / S, jnp.asarray(moves))


@pytest.fixture
def features(rng):
    return jnp.asarray(rng.normal(size=(S, A, F)))


def policy(process, features, discount):
    rewards = features @ TRUTH
    values = exact_soft_values(process, rewards, discount)
    return np.exp(log_policy(process, rewards, values, discount))


def test_infinitely_many_choices_give_the_utility_back(process, features):
    counts = jnp.asarray(1000 * policy(process, features, 0.9))
    found = explain_choices(process, features, counts, 0.9)
    np.testing.assert_allclose(found.weights, TRUTH, rtol=1e-6)
    at_truth = log_likelihood(process, features, jnp.asarray(TRUTH), counts, 0.9)
    np.testing.assert_allclose(found.log_likelihood, at_truth, rtol=1e-9)


@pytest.mark.science
def test_intervals_of_estimates_are_as_wide_as_estimates_scatter(process, features, rng):
    shares, number = policy(process, features, 0.9), 200
    found = [
        explain_choices(
            process, features, jnp.asarray(rng.multinomial(number, shares) * 1.0), 0.9
        )
        for _ in range(20)
    ]
    scores = [
        (each.weights - TRUTH) / np.sqrt(np.diagonal(each.covariance)) for each in found
    ]
    spread = np.sqrt(np.mean(np.square(scores)))
    assert 0.7 < spread < 1.4


def test_the_ratio_tells_a_planner_from_one_who_lives_for_the_day(process, features):
    counts = jnp.asarray(400 * policy(process, features, 0.9))
    fits = [
        explain_choices(process, features, counts, discount).log_likelihood
        for discount in (0.9, 0.0)
    ]
    ratio, chance = likelihood_ratio(*fits)
    assert fits[0] > fits[1]
    assert ratio > 10
    assert chance < 0.01
    assert likelihood_ratio(-10.0, -10.0) == (0.0, 1.0)


def test_weights_within_a_horizon_come_back_with_their_interval(process, features):
    rewards = features @ TRUTH
    policies = soft_policies_within(process, rewards, 1.0, num_steps=5)
    wanted = feature_expectation(process, policies, features, 1.0)
    few, many = (
        infer_weights(process, features, wanted, 1.0, num_steps=5, num_episodes=number)
        for number in (25.0, 100.0)
    )
    np.testing.assert_allclose(few.weights, TRUTH, rtol=1e-4)
    ratio = np.diagonal(few.covariance) / np.diagonal(many.covariance)
    np.testing.assert_allclose(ratio, 4, rtol=1e-3)
    lower, upper = few.interval()
    assert np.all((lower < TRUTH) & (upper > TRUTH))


def test_a_feature_that_never_varies_keeps_the_uncertainty_of_the_prior(process, features):
    constant = jnp.concatenate([features, jnp.ones((S, A, 1))], axis=-1)
    policies = soft_policies_within(process, features @ TRUTH, 1.0, num_steps=5)
    wanted = feature_expectation(process, policies, constant, 1.0)
    found = infer_weights(
        process, constant, wanted, 1.0, num_steps=5, num_episodes=10.0, ridge=0.01
    )
    np.testing.assert_allclose(found.covariance[2, 2], 100, rtol=1e-3)


@pytest.fixture
def logs(process, features, rng):
    shares = policy(process, features, 0.9)
    return jnp.asarray(np.stack([rng.multinomial(100, shares) for _ in range(2)], -1) * 1.0)


def test_newton_finds_the_same_weights_and_intervals(process, features, logs):
    weights, covariance = fit_weights(process, features, logs, 0.9, prior_sd=1e3)
    for number in range(2):
        exact = explain_choices(process, features, logs[..., number], 0.9)
        np.testing.assert_allclose(weights[:, number], exact.weights, atol=1e-3)
        ratio = np.diagonal(covariance[number]) / np.diagonal(exact.covariance)
        np.testing.assert_allclose(ratio, 1, atol=0.2)
        gained = jnp.sum(
            logs[..., number] * predicted(process, features, weights, 0.9).T[number].T
        )
        chance = np.log(A) * jnp.sum(logs[..., number])
        np.testing.assert_allclose(gained - chance, exact.log_likelihood, atol=1e-3)


@pytest.mark.parametrize("unit", [3.0, 0.01, 1e4])
def test_weights_do_not_depend_on_the_units_of_utilities(process, features, logs, unit):
    """Nor do their intervals, where little is known: who flees says not how much."""
    fled = logs.at[..., 1].set(jnp.where(features[..., 0] > 0.3, 0.0, logs[..., 1]))
    own = fit_weights(process, features, fled, 0.9, prior_sd=8.0)
    other = fit_weights(process, unit * features, fled, 0.9, prior_sd=8.0 / unit)
    np.testing.assert_allclose(unit * other[0], own[0], rtol=1e-3)
    np.testing.assert_allclose(unit**2 * other[1], own[1], rtol=1e-3)


def test_where_little_is_known_weights_are_those_of_the_mode(process, features, logs):
    """The slope of the log-posterior there is none: no stop on the way to a far mode."""
    least = features[..., 0] == jnp.min(features[..., 0], axis=1, keepdims=True)
    fled = jnp.where(least[..., None], logs, 0.0)
    weights, covariance = fit_weights(process, features, fled, 0.3, prior_sd=64.0)

    def log_posterior(weights, counts):
        likely = log_likelihood(process, features, weights, counts, 0.3)
        return likely - jnp.sum(weights**2) / (2 * 64.0**2)

    for number in range(2):
        slope = jax.grad(log_posterior)(weights[:, number], fled[..., number])
        in_deviations = slope @ covariance[number] @ slope
        assert float(in_deviations) < 1e-4**2
        assert weights[0, number] < -3
