"""Subspaces and swaps, against linear algebra."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.probing.interchange import (
    Pairs,
    Search,
    fit_subspace,
    interchanged,
    obeys,
    patching_effect,
    reading_from,
    swapped,
)
from goalscope.probing.steering import dose_response, random_directions
from goalscope.probing.subspace import orthonormal, projector, row_space

WIDTH, RANK = 5, 2
basis_of = jax.jit(orthonormal)
swap = jax.jit(swapped)
seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_the_basis_is_orthonormal_and_spans_the_columns(seed):
    columns = np.random.default_rng(seed).normal(size=(WIDTH, RANK)).astype(np.float32)
    basis = basis_of(jnp.asarray(columns))
    np.testing.assert_allclose(basis.T @ basis, np.eye(RANK), atol=1e-3)
    wanted = np.linalg.qr(columns)[0]
    np.testing.assert_allclose(projector(basis), wanted @ wanted.T, atol=2e-3)


@given(seeds)
def test_a_swap_changes_the_subspace_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    base, source = rng.normal(size=(2, WIDTH)).astype(np.float32)
    basis = np.linalg.qr(rng.normal(size=(WIDTH, RANK)))[0].astype(np.float32)
    found = np.asarray(swap(*map(jnp.asarray, (base, source, basis))))
    np.testing.assert_allclose(found @ basis, source @ basis, atol=1e-5)
    rest = np.eye(WIDTH) - basis @ basis.T
    np.testing.assert_allclose(rest @ found, rest @ base, atol=1e-5)


def test_everything_swapped_is_the_source_and_nothing_read_is_the_base():
    base, source = jax.random.normal(jax.random.key(0), (2, WIDTH))
    whole = swap(base, source, jnp.eye(WIDTH))
    np.testing.assert_allclose(whole, source, atol=1e-6)
    unread = swapped(base, source, jnp.eye(WIDTH), jnp.zeros((WIDTH, WIDTH)))
    np.testing.assert_array_equal(unread, base)


def test_the_row_space_of_a_linear_readout_is_exact():
    rng = np.random.default_rng(0)
    readout = rng.normal(size=(WIDTH, 3)).astype(np.float32)
    hidden = jnp.asarray(rng.normal(size=(7, WIDTH)), jnp.float32)
    found = row_space(lambda h, _: h @ readout, hidden, None, share=1.0)
    centred = readout - readout.mean(axis=1, keepdims=True)
    wanted = np.linalg.svd(centred)[0][:, :2]
    np.testing.assert_allclose(found, wanted @ wanted.T, atol=1e-4)


def test_directions_that_are_hardly_read_are_left_out():
    scales = jnp.array([1.0, 0.5, 1e-3, 0.0])

    def downstream(hidden, _):
        return jnp.tanh(jnp.concatenate([hidden * scales, jnp.zeros(1)]))

    hidden = 0.1 * jax.random.normal(jax.random.key(0), (20, 4))
    found = row_space(downstream, hidden, None)
    np.testing.assert_allclose(found, jnp.diag(jnp.array([1.0, 1.0, 0, 0])), atol=1e-2)


def test_a_swap_of_a_named_site_is_an_edit():
    def forward(inputs, edits):
        hidden = edits.get("middle", lambda h: h)(2 * inputs)
        return jnp.sum(hidden, keepdims=True), {"middle": hidden}

    downstream = reading_from(forward, "middle")
    given, rest = jnp.array([1.0, 2.0]), jnp.zeros(2)
    assert downstream(given, rest).tolist() == [3.0]


def test_outputs_obey_if_the_largest_is_a_target():
    outputs = jnp.array([[0.1, 0.9], [0.8, 0.2]])
    targets = jnp.array([[True, False], [True, False]])
    assert obeys(outputs, targets).tolist() == [False, True]
    assert float(patching_effect(jnp.float32(1), jnp.float32(3), jnp.float32(1))) == 1.0


def planted_pairs(seed, num=64):
    """Two outputs read the sign of one hidden direction; nothing reads the rest."""
    rng = np.random.default_rng(seed)
    live = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))[0][:, 0].astype(np.float32)
    base, source = rng.normal(size=(2, num, WIDTH)).astype(np.float32)
    targets = np.stack([source @ live > 0, source @ live <= 0], axis=-1)
    base, source, targets = map(jnp.asarray, (base, source, targets))
    pairs = Pairs(base, source, None, targets, jnp.ones(num))
    return live, pairs


def test_the_search_finds_the_one_direction_that_is_read():
    live, pairs = planted_pairs(1)

    def downstream(hidden, _):
        return 4 * jnp.stack([hidden @ live, -hidden @ live])

    search = Search(rank=1, batch_size=32, num_steps=150)
    basis = fit_subspace(jax.random.key(0), downstream, pairs, search=search)
    assert abs(float(basis[:, 0] @ live)) > 0.99
    assert float(jnp.mean(interchanged(downstream, pairs, basis))) > 0.95


def test_a_rank_that_cannot_be_is_refused():
    _, pairs = planted_pairs(0)
    search = Search(rank=WIDTH + 1)
    with pytest.raises(ValueError, match="5 activations have no subspace of rank 6"):
        fit_subspace(jax.random.key(0), lambda h, _: h[:2], pairs, search=search)
    with pytest.raises(ValueError, match="at least 1; got 0 and 200"):
        Search(rank=0)


def test_doses_move_outputs_in_proportion_and_random_pushes_are_as_large():
    hidden, directions = jax.random.normal(jax.random.key(1), (2, 6, WIDTH))
    doses = jnp.array([-1.0, 0.0, 2.0])
    found = dose_response(lambda h, _: 3 * h, hidden, None, directions, doses)
    wanted = 3 * (hidden[None] + doses[:, None, None] * directions[None])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    random = random_directions(jax.random.key(2), directions)
    norms = (jnp.linalg.norm(each, axis=-1) for each in (random, directions))
    np.testing.assert_allclose(*norms, rtol=1e-5)
    assert not np.allclose(random, directions)
