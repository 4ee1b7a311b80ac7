"""Trajectories with and without a story, and the test that tells them apart."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.dynamics.essential_dynamics import (
    diffused_products,
    diffusion_share,
    leading_shares,
    persistence,
    principal_components,
)

NUM_CHECKPOINTS = 24


def products(positions):
    return jnp.asarray(positions @ positions.T, jnp.float32)


def walk(seed, drift=0.0, sizes=None):
    """Return positions of a walk in 200 dimensions, with steps of unit length."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((NUM_CHECKPOINTS, 200)) / 200**0.5
    steps[:, 0] += drift
    return np.cumsum(steps * (1.0 if sizes is None else sizes[:, None]), axis=0)


@jax.jit
def p_value(key, products):
    keys = jax.random.split(key, 39)
    null = jax.vmap(lambda key: leading_shares(diffused_products(key, products))[0])(keys)
    return (1 + jnp.sum(null >= leading_shares(products)[0])) / 40


def test_a_line_is_one_component_and_never_turns():
    line = products(np.arange(NUM_CHECKPOINTS)[:, None] * np.ones((1, 3)))
    components = principal_components(line)
    assert components.shares[0] == pytest.approx(1.0, abs=1e-5)
    assert persistence(line) == pytest.approx(1.0, abs=1e-4)
    assert jnp.all(jnp.abs(jnp.diff(components.scores[:, 0])) > 0)


def test_a_turn_is_two_components():
    times = np.arange(NUM_CHECKPOINTS)
    turn = np.stack([np.minimum(times, 12), np.maximum(times - 12, 0)], axis=1)
    shares = leading_shares(products(turn.astype(float)))
    assert jnp.sum(shares) == pytest.approx(1.0, abs=1e-5)
    assert shares[1] > 0.05


def test_nothing_moves_is_no_component():
    still = products(np.ones((NUM_CHECKPOINTS, 3)))
    assert jnp.all(leading_shares(still) == 0)
    assert persistence(still) == 0


@pytest.mark.parametrize("sizes", [None, np.geomspace(1, 0.05, NUM_CHECKPOINTS)])
def test_a_random_walk_is_called_structured_no_more_often_than_it_should(sizes):
    walks = jnp.stack([products(walk(seed, sizes=sizes)) for seed in range(200)])
    p_values = jax.vmap(p_value)(jax.random.split(jax.random.key(0), 200), walks)
    assert jnp.mean(p_values <= 0.05) <= 0.1
    assert 0.4 < jnp.mean(p_values) < 0.6


def test_a_drift_is_found():
    drifting = jnp.stack([products(walk(seed, drift=0.6)) for seed in range(200)])
    p_values = jax.vmap(p_value)(jax.random.split(jax.random.key(1), 200), drifting)
    assert jnp.mean(p_values <= 0.05) > 0.9


def test_a_turned_walk_has_steps_of_the_same_length():
    original = products(walk(3))
    turned = diffused_products(jax.random.key(2), original)
    lengths = [
        np.diag(m)[1:] + np.diag(m)[:-1] - 2 * np.diag(m, 1) for m in (original, turned)
    ]
    np.testing.assert_allclose(*lengths, rtol=1e-3, atol=1e-4)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="counted from 1"):
        diffusion_share(0)
    with pytest.raises(ValueError, match="at least 3 checkpoints"):
        persistence(jnp.eye(2))
