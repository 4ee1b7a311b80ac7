"""Reduced-rank regression: the formula at its borders, and the loss against data."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.dynamics.reduced_rank import (
    Dimensions,
    even_weights,
    exact_coefficient,
    excess_loss,
    gaussian_moments,
    similar,
    true_weights,
)

SIZES = st.integers(1, 12)


@st.composite
def shapes(draw):
    inputs, hidden, outputs = draw(SIZES), draw(SIZES), draw(SIZES)
    rank = draw(st.integers(0, min(inputs, hidden, outputs)))
    return Dimensions(inputs, hidden, outputs, rank)


@given(shapes())
def test_the_coefficient_is_symmetric_and_no_more_than_that_of_a_regular_model(dimensions):
    inputs, hidden, outputs, rank = dimensions
    value = exact_coefficient(dimensions)
    assert value == exact_coefficient(Dimensions(outputs, hidden, inputs, rank))
    assert 0 < value <= dimensions.num_parameters / 2
    assert value <= inputs * outputs / 2
    assert value * 8 == round(value * 8)


@given(shapes())
def test_a_truth_of_full_rank_leaves_as_many_equations_as_such_matrices_have_freedom(
    dimensions,
):
    inputs, _, outputs, rank = dimensions
    if rank:
        exact = Dimensions(inputs, rank, outputs, rank)
        assert exact_coefficient(exact) == rank * (inputs + outputs - rank) / 2


@given(shapes())
def test_a_simpler_truth_has_a_smaller_coefficient(dimensions):
    inputs, hidden, outputs, rank = dimensions
    if rank:
        simpler = Dimensions(inputs, hidden, outputs, rank - 1)
        assert exact_coefficient(simpler) <= exact_coefficient(dimensions)


@given(shapes())
def test_weights_have_the_rank_of_the_truth(dimensions):
    random = true_weights(np.random.default_rng(0), dimensions)
    for weights in (random, even_weights(dimensions)):
        product = np.asarray(weights.second) @ np.asarray(weights.first)
        assert np.linalg.matrix_rank(product, tol=1e-4) == dimensions.rank
        assert not weights.first[dimensions.rank :].any()
    even = np.linalg.svd(product, compute_uv=False)
    np.testing.assert_allclose(even[: dimensions.rank], 1.0, rtol=1e-5)


def test_the_loss_from_moments_is_the_loss_from_data():
    dimensions = Dimensions(4, 3, 2, 1)
    truth, other = (
        jax.tree.map(jnp.float32, true_weights(np.random.default_rng(seed), dimensions))
        for seed in (0, 1)
    )
    moments = gaussian_moments(jax.random.key(3), 4, num_data=50)
    inputs = np.asarray(jax.random.normal(jax.random.key(3), (50, 4)))
    errors = inputs @ np.asarray(other.second @ other.first - truth.second @ truth.first).T
    expected = np.mean(np.sum(errors**2, axis=1)) / 2
    assert excess_loss(other, truth, moments) == pytest.approx(expected, rel=1e-4)
    assert excess_loss(truth, truth, moments) == 0


@given(st.integers(1, 5000))
def test_a_similar_problem_is_singular_and_small(number):
    dimensions = similar(number)
    assert sum(dimensions) % 2 == 0
    assert max(dimensions) <= 8
    assert exact_coefficient(dimensions) < dimensions.num_parameters / 2


def test_impossible_problems_are_refused():
    with pytest.raises(ValueError, match="rank lies between"):
        exact_coefficient(Dimensions(2, 2, 2, 3))
    with pytest.raises(ValueError, match="sizes are at least 1"):
        even_weights(Dimensions(0, 2, 2, 0))
