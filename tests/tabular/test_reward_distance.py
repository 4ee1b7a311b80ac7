"""Reward distances against loops over their definitions, and the laws that they keep."""

from functools import partial
from itertools import product

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.tabular.reward_distance import (
    dard,
    dard_form,
    epic,
    epic_form,
    shaped,
    starc,
    table_form,
    value_form,
)

NUM_STATES, NUM_ACTIONS = 4, 2
SHAPE = (NUM_STATES, NUM_ACTIONS, NUM_STATES)
STATES, ACTIONS = range(NUM_STATES), range(NUM_ACTIONS)
seeds = st.integers(0, 2**32 - 1)
near = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
discounts = st.floats(0.0, 0.98)


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@jax.jit
def distances(one, other, dynamics, discount):
    value = starc(one, other, dynamics, discount)
    return jnp.stack(
        [value, epic(one, other, discount), dard(one, other, dynamics, discount)]
    )


def drawn(seed):
    """Return a potential, dynamics and three rewards."""
    rng = np.random.default_rng(seed)
    dynamics = rng.dirichlet(np.full(NUM_STATES, 0.5), size=SHAPE[:2])
    one, other, third = (jnp.asarray(x) for x in rng.normal(size=(3, *SHAPE)))
    potential = jnp.asarray(rng.normal(size=NUM_STATES))
    return potential, jnp.asarray(dynamics), one, other, third


def slow_epic_form(rewards, discount):
    form = np.zeros(SHAPE)
    for s, a, t in product(STATES, ACTIONS, STATES):
        draws = [
            discount * rewards[t, b, v] - rewards[s, b, v] - discount * rewards[u, b, v]
            for u, b, v in product(STATES, ACTIONS, STATES)
        ]
        form[s, a, t] = rewards[s, a, t] + np.mean(draws)
    return form


def slow_dard_form(rewards, dynamics, discount):
    form = np.zeros(SHAPE)
    for s, a, t in product(STATES, ACTIONS, STATES):
        correction = sum(
            dynamics[s, b, u]
            * dynamics[t, b, v]
            * (discount * rewards[t, b, v] - rewards[s, b, u] - discount * rewards[u, b, v])
            for u, b, v in product(STATES, ACTIONS, STATES)
        )
        form[s, a, t] = rewards[s, a, t] + correction / NUM_ACTIONS
    return form


def slow_value_form(rewards, dynamics, discount):
    values = np.zeros(NUM_STATES)
    for _ in range(2000):
        each = np.sum(dynamics * (rewards + discount * values), axis=-1)
        values = each.mean(axis=1)
    return np.sum(dynamics * (rewards + discount * values), axis=-1) - values[:, None]


def test_forms_are_what_their_definitions_say():
    _, dynamics, rewards, *_ = drawn(0)
    plain, moves = np.asarray(rewards), np.asarray(dynamics)
    near(epic_form(rewards, 0.9), slow_epic_form(plain, 0.9))
    near(
        dard_form(rewards, dynamics, 0.9),
        slow_dard_form(plain, moves, 0.9),
    )
    near(
        value_form(rewards, dynamics, 0.9),
        slow_value_form(plain, moves, 0.9),
    )


@given(seeds, discounts, st.floats(0.01, 100))
def test_scale_and_shaping_make_no_difference(seed, discount, scale):
    potential, dynamics, one, other, _ = drawn(seed)
    copy = shaped(scale * other, potential, discount)
    apart = distances(one, other, dynamics, discount)
    np.testing.assert_allclose(distances(one, copy, dynamics, discount), apart, atol=1e-6)
    np.testing.assert_allclose(distances(other, copy, dynamics, discount), 0, atol=1e-6)


@given(seeds, discounts)
def test_redistribution_over_successors_makes_no_difference_to_starc(seed, discount):
    _, dynamics, one, other, spread = drawn(seed)
    spread = spread - jnp.sum(spread * dynamics, axis=-1, keepdims=True)
    apart = distances(one, other, dynamics, discount)
    moved = distances(one, other + spread, dynamics, discount)
    np.testing.assert_allclose(moved[0], apart[0], atol=1e-9)
    assert np.all(np.abs(moved - apart)[1:] > 1e-6)


@given(seeds, discounts)
def test_distances_are_metrics_between_zero_and_one(seed, discount):
    _, dynamics, one, other, third = drawn(seed)
    there, back = (
        distances(*pair, dynamics, discount) for pair in ((one, other), (other, one))
    )
    np.testing.assert_allclose(there, back, atol=1e-12)
    around = distances(one, third, dynamics, discount)
    around += distances(third, other, dynamics, discount)
    assert np.all((there >= 0) & (there <= 1) & (there <= around + 1e-12))
    np.testing.assert_allclose(distances(one, -one, dynamics, discount), 1, atol=1e-9)
    np.testing.assert_allclose(distances(one, one, dynamics, discount), 0, atol=1e-9)


@given(seeds, discounts)
def test_the_epic_distance_is_that_of_the_correlation(seed, discount):
    _, _, one, other, _ = drawn(seed)
    forms = [np.ravel(epic_form(rewards, discount)) for rewards in (one, other)]
    expected = np.sqrt((1 - np.corrcoef(forms)[0, 1]) / 2)
    np.testing.assert_allclose(epic(one, other, discount), expected, atol=1e-9)


def test_a_reward_for_which_all_policies_are_as_good_has_no_distance():
    potential, dynamics, one, *_ = drawn(1)
    for trivial in (jnp.zeros(SHAPE), shaped(jnp.ones(SHAPE), potential, 0.9)):
        assert np.all(np.isnan(distances(one, trivial, dynamics, 0.9)))
        assert np.all(np.isnan(distances(trivial, one, dynamics, 0.9)))
    assert np.all(np.isfinite(distances(one, 1e-12 * one, dynamics, 0.9)))


def test_single_precision_knows_a_trivial_reward_too():
    _, dynamics, one, *_ = drawn(1)
    one, dynamics = one.astype(jnp.float32), dynamics.astype(jnp.float32)
    potential = jnp.linspace(0, 3, NUM_STATES, dtype=jnp.float32)
    trivial = shaped(jnp.zeros(SHAPE, jnp.float32), potential, 0.9)
    found = distances(one, trivial, dynamics, jnp.float32(0.9))
    assert found.dtype == jnp.float32
    assert np.all(np.isnan(found))


@given(seeds, st.floats(0.0, 0.98))
@settings(max_examples=10)
def test_the_form_of_a_table_is_that_of_its_dynamics_with_a_last_state(seed, discount):
    rng = np.random.default_rng(seed)
    successors = rng.integers(NUM_STATES - 1, size=SHAPE[:2])
    ends = rng.random(SHAPE[:2]) < 0.3
    rewards = rng.normal(size=SHAPE[:2])
    rewards[-1], ends[-1], successors[-1] = 0, False, NUM_STATES - 1
    dynamics = np.eye(NUM_STATES)[np.where(ends, NUM_STATES - 1, successors)]
    tiled = np.broadcast_to(rewards[..., None], SHAPE)
    form = table_form(
        jnp.asarray(rewards), jnp.asarray(successors), jnp.asarray(discount * ~ends)
    )
    full = value_form(jnp.asarray(tiled), jnp.asarray(dynamics), discount)
    np.testing.assert_allclose(form, full, atol=1e-9)


def test_rewards_that_rank_policies_otherwise_have_different_starc_forms():
    """All 16 deterministic policies of a level, ranked by their returns."""
    _, dynamics, one, other, _ = drawn(5)

    def ranking(rewards):
        expected = np.sum(np.asarray(rewards * dynamics), axis=-1)
        returns = []
        for policy in product(ACTIONS, repeat=NUM_STATES):
            moves = np.asarray(dynamics)[STATES, policy]
            values = np.linalg.solve(
                np.eye(NUM_STATES) - 0.9 * moves, expected[STATES, policy]
            )
            returns.append(values.mean())
        return np.argsort(returns)

    copy = shaped(2 * one, jnp.arange(4.0), 0.9) + jnp.float64(3)
    assert np.array_equal(ranking(one), ranking(copy))
    assert distances(one, copy, dynamics, 0.9)[0] < 1e-9
    assert not np.array_equal(ranking(one), ranking(other))
    assert distances(one, other, dynamics, 0.9)[0] > 0.1


@given(seeds, st.floats(0.1, 0.98), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=10)
def test_shaping_moves_no_reward_where_episodes_can_end(seed, discount, ends):
    """What ends has no potential: in the last state always, in the one before at times."""
    rng = np.random.default_rng(seed)
    with jax.enable_x64(True):
        moves = rng.dirichlet(np.ones(NUM_STATES), size=(NUM_STATES, NUM_ACTIONS))
        moves[-1], moves[-2] = 0, moves[-2] * (1 - ends)
        reward = rng.normal(size=SHAPE)
        reward[-1] = 0
        potential = rng.normal(size=NUM_STATES)
        potential[-2:] = 0
        other = shaped(jnp.array(reward), jnp.array(potential), discount)
        found = distances(jnp.array(reward), 3 * other, jnp.array(moves), discount)
    np.testing.assert_allclose(found, 0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e-6, 1e6, 1e18, 1e20, 1e30])
def test_no_scale_is_too_small_or_too_large(scale):
    with jax.enable_x64(False):
        rng = np.random.default_rng(0)
        reward = jnp.asarray(rng.normal(size=SHAPE), jnp.float32)
        moves = rng.dirichlet(np.ones(NUM_STATES), size=(NUM_STATES, NUM_ACTIONS))
        moves = jnp.asarray(moves, jnp.float32)
        found = distances(reward, reward * jnp.float32(scale), moves, 0.9)
        np.testing.assert_allclose(found, 0, atol=1e-6)
        there_and_back = distances(reward, -reward * jnp.float32(scale), moves, 0.9)
        np.testing.assert_allclose(there_and_back, 1, atol=1e-6)


@pytest.mark.parametrize("discount", [0.999, 0.99999])
def test_a_form_is_right_or_none(discount):
    rewards, next_to = jnp.array([[1.0, 0], [0, 0]]), jnp.array([[0, 1], [1, 0]])
    found = table_form(rewards, next_to, jnp.full((2, 2), discount))[0]
    if not np.isnan(found).all():
        np.testing.assert_allclose(found, [0.75, -0.75], rtol=1e-2)
