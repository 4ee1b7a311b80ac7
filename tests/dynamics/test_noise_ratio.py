"""Signal and noise of gradients whose distribution is known."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.dynamics.noise_ratio import (
    gradient_noise_scale,
    signal_to_noise,
    squared_signal,
)

MEAN = np.array([0.3, -0.1, 0.2], np.float32)
SPREAD = np.array([1.0, 0.5, 2.0], np.float32)


def draws(number, repeats=1):
    noise = jax.random.normal(jax.random.key(0), (repeats, number, 3))
    return jnp.asarray(MEAN[None, None]) + SPREAD[None, None] * noise


def test_the_signal_is_right_on_average_however_few_the_examples():
    few = draws(4, repeats=20_000)
    assert jnp.mean(jax.vmap(squared_signal)(few)) == pytest.approx(
        float(np.sum(MEAN**2)), rel=0.1
    )
    naive = jnp.mean(jnp.sum(jnp.mean(few, axis=1) ** 2, axis=-1))
    assert naive > 5 * np.sum(MEAN**2)


def test_many_examples_give_signal_to_noise_and_noise_scale():
    many = draws(200_000)[0]
    expected = np.mean(MEAN**2 / SPREAD**2)
    assert signal_to_noise(many) == pytest.approx(float(expected), rel=0.05)
    scale = np.sum(SPREAD**2) / np.sum(MEAN**2)
    assert gradient_noise_scale(many) == pytest.approx(float(scale), rel=0.05)


def test_the_ratio_does_not_depend_on_the_size_of_the_gradient():
    few = draws(32)[0]
    assert signal_to_noise(few * 1e-4) == pytest.approx(
        float(signal_to_noise(few)), rel=1e-3
    )


def test_an_example_that_counts_twice_is_there_twice():
    few = draws(6)[0]
    weights = jnp.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    doubled = jnp.concatenate([few[:1], few])
    mean = jnp.mean(doubled, axis=0)
    shares = weights / 7
    scatter = shares @ (few - mean[None]) ** 2 / (1 - jnp.sum(shares**2))
    expected = jnp.sum(mean**2) - jnp.sum(shares**2) * jnp.sum(scatter)
    assert squared_signal(few, weights) == pytest.approx(float(expected), rel=1e-4)


def test_exactly_no_gradient_is_no_signal_and_no_scale():
    nothing = jnp.zeros((5, 3))
    assert squared_signal(nothing) == 0
    assert signal_to_noise(nothing) == 0
    assert jnp.isnan(gradient_noise_scale(nothing))


def test_noise_without_signal_has_the_largest_scale():
    opposite = jnp.array([[1.0], [-1.0]])
    assert gradient_noise_scale(opposite, largest=1e3) == pytest.approx(1e3)


def test_one_example_has_no_noise_to_speak_of():
    with pytest.raises(ValueError, match="at least 2"):
        squared_signal(jnp.zeros((1, 3)))
