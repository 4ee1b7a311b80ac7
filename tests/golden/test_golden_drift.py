"""Displacement under pure noise: 4000 parameters, 2000 steps, learning rate 1e-3.

Recorded elsewhere with other random numbers: Adam .0456, .0442, .0448 and .0042 for σ = 1,
1e-3, 1e-6 and 1e-9; SGD 4.45e-2, 4.50e-5, 4.42e-8; AdamW, stationary, .07057 (λ = .1) and
.02197 (λ = 1); without a gradient .60652 after 5000 steps at λ = .1.
"""

import jax
import numpy as np
import optax
import pytest
from jax import numpy as jnp

from goalscope.dynamics import drift

NUMBER, STEPS, RATE = 4000, 2000, 1e-3


def displaced(optimiser, noise, *, start=None, num_steps=STEPS) -> float:
    """Return the root mean square of parameters after steps on noise."""
    begin = jnp.zeros(NUMBER) if start is None else start

    def step(carry, key):
        parameters, state = carry
        gradient = noise * jax.random.normal(key, (NUMBER,))
        update, state = optimiser.update(gradient, state, parameters)
        return (parameters + update, state), None

    keys = jax.random.split(jax.random.key(7), num_steps)
    run = jax.jit(lambda keys: jax.lax.scan(step, (begin, optimiser.init(begin)), keys))
    (parameters, _), _ = run(keys)
    return float(jnp.sqrt(jnp.mean(parameters**2)))


@pytest.mark.parametrize(
    ("noise", "recorded"), [(1.0, 0.0456), (1e-6, 0.0448), (1e-9, 0.0042)]
)
def test_adam_wanders_as_far_whatever_the_size_of_the_noise(noise, recorded):
    expected = drift.adam_displacement(RATE, noise, STEPS)
    assert displaced(optax.adam(RATE), noise) == pytest.approx(expected, rel=0.05)
    assert expected == pytest.approx(recorded, rel=0.05)


@pytest.mark.parametrize(("noise", "recorded"), [(1.0, 4.45e-2), (1e-6, 4.42e-8)])
def test_sgd_wanders_in_proportion_to_the_noise(noise, recorded):
    expected = drift.sgd_displacement(RATE, noise, STEPS)
    assert displaced(optax.sgd(RATE), noise) == pytest.approx(expected, rel=0.03)
    assert expected == pytest.approx(recorded, rel=0.03)


@pytest.mark.parametrize(("decay", "recorded"), [(0.1, 0.07057), (1.0, 0.02197)])
def test_adamw_stays_at_its_stationary_spread(decay, recorded):
    expected = drift.adamw_displacement(RATE, 1.0, decay=decay)
    start = expected * jax.random.normal(jax.random.key(1), (NUMBER,))
    optimiser = optax.adamw(RATE, weight_decay=decay)
    assert displaced(optimiser, 1.0, start=start) == pytest.approx(expected, rel=0.05)
    assert expected == pytest.approx(recorded, rel=0.03)


def test_adamw_grows_to_it_from_zero():
    expected = drift.adamw_displacement(RATE, 1.0, STEPS, decay=0.5)
    optimiser = optax.adamw(RATE, weight_decay=0.5)
    assert displaced(optimiser, 1.0) == pytest.approx(expected, rel=0.05)
    assert expected < 0.95 * drift.adamw_displacement(RATE, 1.0, decay=0.5)


def test_exactly_no_gradient_is_pure_decay():
    optimiser = optax.adamw(RATE, weight_decay=0.1)
    left = displaced(optimiser, 0.0, start=jnp.ones(NUMBER), num_steps=5000)
    assert left == pytest.approx(drift.decay_factor(RATE, 0.1, 5000), rel=1e-3)
    assert drift.decay_factor(RATE, 0.1, 5000) == pytest.approx(0.60652, abs=2e-5)
    assert drift.adam_displacement(RATE, 0.0, STEPS) == 0.0


def test_the_halves_of_a_walk_have_nothing_in_common_and_those_of_a_push_everything():
    rng = np.random.default_rng(0)
    first, second = (jnp.asarray(rng.standard_normal(NUMBER)) for _ in range(2))
    assert abs(drift.directional_persistence(first, second)) < 4 / NUMBER**0.5
    assert drift.directional_persistence(first, 3 * first) == pytest.approx(1.0, abs=1e-5)
    assert drift.directional_persistence(first, jnp.zeros(NUMBER)) == 0


@pytest.mark.parametrize("arguments", [(-1.0, 1.0, 10), (1.0, -1.0, 10), (1.0, 1.0, -1)])
def test_what_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="not negative"):
        drift.sgd_displacement(*arguments)
    with pytest.raises(ValueError, match="without decay"):
        drift.adamw_displacement(1e-3, 1.0, decay=0.0)
