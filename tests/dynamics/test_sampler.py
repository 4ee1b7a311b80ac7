"""Langevin dynamics against closed forms of a quadratic, and against a slow loop."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.dynamics.local_learning_coefficient import (
    checked_learning_coefficient,
    local_learning_coefficient,
    summarise,
)
from goalscope.dynamics.reduced_rank import similar
from goalscope.dynamics.sampler import Sampler, losses_along_chains, tempered_count

CURVATURES = np.array([0.5, 0.7, 1.0, 1.4, 2.0, 4.0], np.float32)
COUNT = tempered_count(1000)
KEY = jax.random.key(0)


def quadratic(weights, curvatures):
    return jnp.sum(curvatures * weights["w"] ** 2) / 2


def exact(localisation, moving: float | np.ndarray = 1.0):
    """Return `½ Σ nβ h / (nβ h + γ)` over the parameters that move."""
    stiff = COUNT * CURVATURES
    return float(np.sum(moving * stiff / (stiff + localisation)) / 2)


def discretised(localisation, step_size):
    """Return what steps of this size make of it: variance `1 / (k (1 − ε k / 4))`."""
    stiff = COUNT * CURVATURES
    pull = stiff + localisation
    return float(np.sum(stiff / pull / (1 - step_size * pull / 4)) / 2)


@eqx.filter_jit
def read(sampler, mask=None):
    start = {"w": jnp.zeros(6)}
    estimate = local_learning_coefficient(
        KEY, quadratic, start, jnp.asarray(CURVATURES), sampler=sampler, mask=mask
    )
    return estimate


@pytest.mark.parametrize("localisation", [0.0, 1.0, 100.0])
def test_a_quadratic_reads_its_closed_form(localisation):
    estimate = read(Sampler(COUNT, localisation=localisation))
    assert estimate.value == pytest.approx(exact(localisation), rel=0.08)


def test_large_steps_read_too_much_by_a_known_amount():
    estimate = read(Sampler(COUNT, step_size=2e-3))
    expected = discretised(1.0, 2e-3)
    assert expected > 1.1 * exact(1.0)
    assert estimate.value == pytest.approx(expected, rel=0.05)
    assert estimate.lower < expected < estimate.upper


def test_only_the_parameters_of_the_mask_move():
    moving = np.array([0, 0, 1, 0, 1, 0], np.float32)
    estimate = read(Sampler(COUNT), {"w": jnp.asarray(moving)})
    assert estimate.value == pytest.approx(exact(1.0, moving), rel=0.1)


def test_parameters_that_nothing_reads_have_coefficient_zero():
    unread = {"w": jnp.zeros(6)}
    assert read(Sampler(COUNT), unread).value == 0


def test_preconditioning_reads_the_same_with_larger_steps():
    sampler = Sampler(COUNT, step_size=4e-3, preconditioned=True)
    assert read(sampler).value == pytest.approx(exact(1.0), rel=0.1)


def test_a_step_is_the_step_of_the_definition():
    sampler = Sampler(
        COUNT, step_size=1e-3, localisation=2.0, num_chains=1, num_burn_in=0, num_draws=4
    )
    start = {"w": jnp.asarray(np.linspace(-1, 1, 6, dtype=np.float32))}
    losses = losses_along_chains(
        KEY, quadratic, start, jnp.asarray(CURVATURES), sampler=sampler
    )
    k_noise = jax.random.split(jax.random.split(KEY, 1)[0])[1]
    weights = origin = np.asarray(start["w"], np.float64)
    for index, loss in enumerate(losses[0]):
        assert loss == pytest.approx(np.sum(CURVATURES * weights**2) / 2, rel=1e-4)
        noise = np.asarray(jax.random.normal(jax.random.fold_in(k_noise, index), (6,)))
        pull = COUNT * CURVATURES * weights + 2.0 * (weights - origin)
        weights = weights - 1e-3 / 2 * pull + np.sqrt(1e-3) * noise


def test_batches_give_the_loss_of_all_data_on_average():
    data = jnp.linspace(-1.0, 1.0, 50)

    def loss(mean, data):
        return jnp.mean((data - mean) ** 2) / 2

    still = Sampler(COUNT, step_size=0.0, num_chains=2, num_burn_in=0, batch_size=5)
    losses = losses_along_chains(KEY, loss, jnp.zeros(()), data, sampler=still)
    assert losses.shape == (2, 4000)
    assert jnp.std(losses) > 0
    assert jnp.mean(losses) == pytest.approx(float(loss(0.0, data)), rel=0.02)


def test_an_estimate_is_the_mean_excess_and_nan_is_not_hidden():
    losses = jnp.asarray(np.random.default_rng(0).gamma(2.0, 1.0, (2, 500)))
    estimate = summarise(losses, jnp.asarray(0.5), 3.0)
    assert estimate.value == pytest.approx(float(3 * (losses.mean() - 0.5)), rel=1e-5)
    assert estimate.lower < estimate.value < estimate.upper
    lost = summarise(losses.at[1, 7].set(jnp.inf), jnp.asarray(0.5), 3.0)
    assert jnp.isnan(lost.value)
    assert jnp.isnan(lost.lower)


def test_a_reading_that_depends_on_where_it_is_held_has_no_plateau():
    def check(localisation):
        sampler = Sampler(COUNT, localisation=localisation, num_burn_in=500, num_draws=2000)
        return checked_learning_coefficient(
            KEY,
            quadratic,
            {"w": jnp.zeros(6)},
            jnp.asarray(CURVATURES),
            sampler=sampler,
            planted=similar(6),
        )

    checked = eqx.filter_jit(check)(jnp.float32(100.0))
    assert not checked.plateau
    expected = [exact(g) for g in (100.0, 100.0, 100.0, 300.0, 100 / 3)]
    np.testing.assert_allclose(checked.sweep, expected, rtol=0.2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_chains": 0},
        {"num_draws": 0},
        {"num_burn_in": -1},
        {"batch_size": 0},
        {"step_size": -1.0},
        {"localisation": -1.0},
        {"stability": 0.0},
    ],
)
def test_impossible_samplers_are_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        Sampler(COUNT, **wrong)
    with pytest.raises(ValueError, match="at least 3"):
        tempered_count(2)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="one entry per parameter"):
        read(Sampler(COUNT), {"w": jnp.ones(5)})


def test_what_lies_below_is_no_plateau():
    sampler = Sampler(inverse_temperature=1e4, step_size=1e-5, localisation=1.0)
    found = eqx.filter_jit(checked_learning_coefficient)(
        KEY,
        lambda weights, _: jnp.sum(weights**2) / 2,
        jnp.ones(6),
        None,
        sampler=sampler,
        planted=similar(6),
    )
    assert float(found.estimate.value) < 0
    assert not bool(found.plateau)
