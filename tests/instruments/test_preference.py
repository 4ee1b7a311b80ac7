"""Utilities of agents that want goals in a known order, and the fit against SciPy's."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp
from scipy import optimize, special

from goalscope.agents.planner import Planner
from goalscope.agents.planted import uniform
from goalscope.goals import Goal, reach
from goalscope.instruments.preference import Preference, _circular, fit_utilities
from goalscope.testing import check_instrument

fit = jax.jit(fit_utilities)
KEY = jax.random.key(7)


@pytest.fixture(scope="module")
def instrument(world, goals):
    return Preference((*goals, reach(world, "far_corner")), num_levels=48)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _wanting(world, instrument, worths, strength):
    weights = sum(
        worth * goal.weights for worth, goal in zip(worths, instrument.goals, strict=True)
    )
    return Planner(world, Goal(weights, True, "all"), strength, 0.5, world.horizon)


@pytest.mark.science
def test_it_keeps_the_contract(instrument, world, rng):
    small = Preference(instrument.goals, num_levels=6)
    check_instrument(small, world, uniform(rng, world), key=KEY)


def test_utilities_are_in_the_order_of_what_goals_are_worth(instrument, world):
    for worths in ((0.5, 0.4, 0.3), (0.3, 0.4, 0.5), (0.4, 0.5, 0.3)):
        agent = _wanting(world, instrument, worths, 256.0)
        reading = _measure(instrument, KEY, agent, world)
        assert np.array_equal(np.argsort(reading.value[:3]), np.argsort(worths))
        assert reading.value[np.argmax(worths)] > 1
        assert reading.checks[1]
        np.testing.assert_allclose(jnp.sum(reading.value[:3]), 0, atol=1e-4)


def test_who_wants_all_alike_or_nothing_prefers_nothing(instrument, world, rng):
    alike = _wanting(world, instrument, (1, 1, 1), 64.0)
    reading = _measure(instrument, KEY, alike, world)
    assert jnp.all(jnp.abs(reading.value[:3]) < 0.7)
    reading = _measure(instrument, KEY, uniform(rng, world), world)
    np.testing.assert_allclose(reading.value, reading.control, atol=1e-4)
    assert reading.value[3] < 0.25


def test_the_fit_is_that_of_a_general_optimiser(rng):
    wins = rng.integers(0, 9, (4, 4)) * (1 - np.eye(4))

    def loss(utilities):
        chances = special.log_expit(utilities[:, None] - utilities[None])
        return -np.sum(wins * chances) + np.sum(utilities**2) / (2 * 3.0**2)

    expected = optimize.minimize(loss, np.zeros(4), method="BFGS", tol=1e-8).x
    found = fit(jnp.asarray(wins, jnp.float32), 3.0)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_names_do_not_matter_to_the_fit(seed):
    rng = np.random.default_rng(seed)
    wins, order = rng.random((4, 4)) * 20, rng.permutation(4)
    one = fit(jnp.asarray(wins, jnp.float32), 3.0)
    other = fit(jnp.asarray(wins[order][:, order], jnp.float32), 3.0)
    np.testing.assert_allclose(other, one[order], atol=1e-3)


def test_a_circle_is_noticed_and_a_ladder_is_none():
    circle = 20 * jnp.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    ladder = 20 * jnp.array([[0.0, 1, 1], [0, 0, 1], [0, 0, 0]])
    assert bool(_circular(circle))
    assert not bool(_circular(ladder))
    assert not bool(_circular(circle / 20))  # once each is chance


def test_a_preference_is_refused_that_has_no_choice(goals):
    with pytest.raises(ValueError, match="at least 2 goals"):
        Preference(goals[:1])
    with pytest.raises(ValueError, match="prior_scale"):
        Preference(goals, prior_scale=0.0)
