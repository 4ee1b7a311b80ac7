"""Returns and advantages against the loops that define them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.training.returns import (
    discounted_returns,
    generalised_advantages,
    standardise,
    successor_values,
)

NUM_STEPS, NUM_ENVIRONMENTS = 6, 2
SHAPE = (NUM_STEPS, NUM_ENVIRONMENTS)

seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0, 1)


def draw(seed):
    """Return rewards, values, last values, terminal steps and cut steps."""
    rng = np.random.default_rng(seed)
    rewards, values = rng.normal(size=(2, *SHAPE)).astype(np.float32)
    last = rng.normal(size=NUM_ENVIRONMENTS).astype(np.float32)
    terminal = rng.random(SHAPE) < 0.3
    cut = ~terminal & (np.arange(NUM_STEPS)[:, None] == NUM_STEPS - 1)
    return rewards, values, last, terminal, cut


def slow_returns(rewards, ended, discount):
    """Sum each step's rewards forwards, until the episode ends."""
    total = np.zeros(SHAPE)
    for start, env in np.ndindex(SHAPE):
        for step in range(start, NUM_STEPS):
            total[start, env] += discount ** (step - start) * rewards[step, env]
            if ended[step, env]:
                break
    return total


def k_step_advantage(data, start, env, k, discount):
    """Return the advantage of the next `k` steps, bootstrapped, and the number taken."""
    rewards, values, last, terminal, cut = (np.asarray(item, float) for item in data)
    total = -values[start, env]
    for i in range(k):
        step = start + i
        total += discount**i * rewards[step, env]
        final = step == NUM_STEPS - 1
        after = last[env] if final else values[min(step + 1, NUM_STEPS - 1), env]
        after = 0.0 if terminal[step, env] else after
        if i == k - 1 or terminal[step, env] or cut[step, env]:
            return total + discount ** (i + 1) * after, i + 1
    raise AssertionError


def slow_advantages(data, discount, trace):
    """Average k-step advantages with weights `(1 - λ) λ^(k-1)`, the rest on the last."""
    result = np.zeros(SHAPE)
    for start, env in np.ndindex(SHAPE):
        k, remaining = 1, 1.0
        while True:
            estimate, taken = k_step_advantage(data, start, env, k, discount)
            longest = taken < k or start + k == NUM_STEPS
            weight = remaining if longest else remaining * (1 - trace)
            result[start, env] += weight * estimate
            remaining -= weight
            if longest:
                break
            k += 1
    return result


def fast_advantages(data, discount, trace):
    rewards, values, last, terminal, cut = (jnp.asarray(item) for item in data)
    following = successor_values(values, last, terminal)
    return generalised_advantages(
        rewards, values, following, terminal | cut, discount, trace
    )


@given(seeds, rates)
def test_returns_are_discounted_sums_to_the_end_of_the_episode(seed, discount):
    rewards, _, _, terminal, _ = draw(seed)
    result = discounted_returns(jnp.asarray(rewards), jnp.asarray(terminal), discount)
    expected = slow_returns(rewards, terminal, discount)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@given(seeds, rates, rates)
def test_advantages_are_weighted_means_of_k_step_advantages(seed, discount, trace):
    data = draw(seed)
    expected = slow_advantages(data, discount, trace)
    result = fast_advantages(data, discount, trace)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


@given(seeds, rates)
def test_without_a_trace_advantages_are_one_step_errors(seed, discount):
    rewards, values, last, terminal, _ = data = draw(seed)
    following = np.where(terminal, 0.0, np.concatenate([values[1:], last[None]]))
    expected = rewards + discount * following - values
    np.testing.assert_allclose(fast_advantages(data, discount, 0.0), expected, atol=1e-5)


@given(seeds, rates)
def test_with_a_full_trace_and_no_values_advantages_are_returns(seed, discount):
    rewards, values, last, terminal, cut = draw(seed)
    data = (rewards, 0 * values, 0 * last, terminal, cut)
    expected = discounted_returns(jnp.asarray(rewards), jnp.asarray(terminal), discount)
    np.testing.assert_allclose(fast_advantages(data, discount, 1.0), expected, atol=1e-5)


def test_an_end_counts_as_worthless_and_a_cut_does_not():
    one, ended = jnp.ones(1), jnp.array([True])
    cut_off = generalised_advantages(0 * one, 0 * one, 10 * one, ended, 0.5, 1.0)
    assert cut_off.tolist() == [5.0]
    assert successor_values(one, jnp.array(10.0), ended).tolist() == [0.0]


@pytest.mark.parametrize("value", [1.0, 0.1, 0.7, -3e7, 1e-20, 0.0])
def test_equal_advantages_are_no_advantage(value):
    np.testing.assert_array_equal(standardise(jnp.full(64, value)), 0)


def test_advantages_that_differ_have_mean_0_and_deviation_1():
    found = standardise(jnp.array([1.0, 1.0, 1.0, 1.001]))
    assert float(jnp.std(found)) == pytest.approx(1, abs=1e-3)
    assert float(jnp.mean(found)) == pytest.approx(0, abs=1e-3)
