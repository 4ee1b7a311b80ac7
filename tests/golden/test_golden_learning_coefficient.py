"""Learning coefficients that are known exactly, read by sampling.

Reduced-rank regression: Aoyagi and Watanabe 2005, "Stochastic complexities of reduced rank
regression in Bayesian estimation". 1000 Gaussian inputs, noise-free targets, half the
summed squared error, 4 chains of 4000 draws after 2000, ε = 2e-4, γ = 1, started at the
truth. Monomials: Watanabe 2009, `∏ w_i^{2 k_i}` has `λ = 1 / (2 max k_i)`.
"""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.dynamics.local_learning_coefficient import (
    checked_learning_coefficient,
    local_learning_coefficient,
)
from goalscope.dynamics.reduced_rank import (
    Dimensions,
    Weights,
    exact_coefficient,
    excess_loss,
    gaussian_moments,
    true_weights,
)
from goalscope.dynamics.sampler import Sampler, tempered_count

TABLE = {
    Dimensions(5, 3, 5, 0): 6.5,
    Dimensions(5, 4, 5, 0): 8.0,
    Dimensions(4, 3, 8, 0): 6.0,
    Dimensions(8, 3, 4, 0): 6.0,
    Dimensions(5, 3, 5, 2): 9.5,
    Dimensions(10, 6, 8, 3): 30.0,
    Dimensions(20, 10, 20, 4): 115.5,
}
LARGE = [dimensions for dimensions in TABLE if dimensions.num_parameters > 100]
SMALL = [dimensions for dimensions in TABLE if dimensions not in LARGE]
COUNT = tempered_count(1000)
WHOLE = Weights(jnp.ones(()), jnp.ones(()))
WRONG = [(1e-5, 1.0), (1e-5, 1000.0), (2e-4, 1000.0), (5e-3, 1.0), (5e-3, 1000.0)]


@pytest.mark.parametrize("dimensions", TABLE)
def test_the_formula_gives_the_published_coefficient(dimensions):
    assert exact_coefficient(dimensions) == TABLE[dimensions]


def problem(dimensions: Dimensions):
    """Return the loss, the truth and the data of reduced-rank regression."""
    rng = np.random.default_rng(0)
    truth = jax.tree.map(lambda w: w.astype(jnp.float32), true_weights(rng, dimensions))
    moments = gaussian_moments(jax.random.key(1), dimensions.inputs, num_data=1000)
    return (lambda weights, data: excess_loss(weights, truth, data)), truth, moments


@eqx.filter_jit
def read(dimensions: Dimensions, moving: Weights) -> jax.Array:
    loss, truth, moments = problem(dimensions)
    mask = jax.tree.map(jnp.broadcast_to, moving, jax.tree.map(jnp.shape, truth))
    estimate = local_learning_coefficient(
        jax.random.key(2), loss, truth, moments, sampler=Sampler(COUNT), mask=mask
    )
    return estimate.value


@pytest.mark.parametrize("dimensions", SMALL)
def test_reduced_rank_regression_reads_within_a_tenth(dimensions):
    assert read(dimensions, WHOLE) == pytest.approx(TABLE[dimensions], rel=0.1)


@pytest.mark.science
@pytest.mark.parametrize("dimensions", LARGE)
def test_large_reduced_rank_regression_reads_within_a_tenth(dimensions):
    assert read(dimensions, WHOLE) == pytest.approx(TABLE[dimensions], rel=0.1)


@pytest.mark.parametrize("layer", [0, 1])
def test_one_layer_alone_reads_half_of_its_equations(layer):
    moving = Weights(*(jnp.ones(()) * (index == layer) for index in range(2)))
    assert read(Dimensions(5, 3, 5, 2), moving) == pytest.approx(5.0, rel=0.1)


@eqx.filter_jit
def check(sampler: Sampler):
    loss, truth, moments = problem(Dimensions(5, 3, 5, 2))
    return checked_learning_coefficient(
        jax.random.key(3),
        loss,
        truth,
        moments,
        sampler=sampler,
        planted=Dimensions(5, 3, 5, 1),
    )


def test_good_settings_have_a_plateau_and_read_the_planted_problem():
    checked = check(Sampler(COUNT))
    assert checked.plateau, checked
    assert checked.planted, checked
    assert checked.estimate.value == pytest.approx(9.5, rel=0.1)
    assert checked.estimate.lower < checked.estimate.value < checked.estimate.upper


@pytest.mark.parametrize(("step_size", "localisation"), WRONG)
def test_settings_known_to_be_wrong_are_refused(step_size, localisation):
    checked = check(Sampler(COUNT, step_size=step_size, localisation=localisation))
    assert not (checked.plateau and checked.planted), checked


@pytest.mark.parametrize(
    ("powers", "truth"), [((0, 1), 0.5), ((1, 1), 0.5), ((2, 2), 0.25), ((3, 3), 1 / 6)]
)
def test_strongly_singular_minima_are_under_estimated(powers, truth):
    def loss(weights, powers):
        return jnp.prod(weights ** (2 * powers))

    @eqx.filter_jit
    def monomial(powers):
        sampler = Sampler(COUNT, step_size=1e-3, num_draws=20000, num_burn_in=5000)
        return local_learning_coefficient(
            jax.random.key(4), loss, jnp.zeros(2), powers, sampler=sampler
        )

    read = float(monomial(jnp.array(powers)).value)
    if 0 in powers:
        assert read == pytest.approx(truth, rel=0.15)
    else:
        assert 0.4 * truth < read < 0.9 * truth
