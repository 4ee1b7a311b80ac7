"""Principal components of a random walk: Antognini and Sohl-Dickstein 2018.

Variance shares `6 / (π² k²)` and cosines for components. Recorded for 300 steps in 5000
dimensions: .611, .153, .067, .037, and |corr(first component, cos πt)| = .9999.
"""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.dynamics import essential_dynamics as dynamics

RECORDED = (0.611, 0.153, 0.067, 0.037)


@pytest.fixture(scope="module")
def walk():
    with jax.enable_x64(True):
        steps = np.random.default_rng(0).standard_normal((300, 5000))
        positions = np.cumsum(steps, axis=0)
        return dynamics.principal_components(jnp.asarray(positions @ positions.T))


def test_shares_of_variance_fall_with_the_square_of_the_rank(walk):
    theory = [dynamics.diffusion_share(rank) for rank in range(1, 5)]
    np.testing.assert_allclose(walk.shares[:4], theory, rtol=0.02)
    np.testing.assert_allclose(walk.shares[:4], RECORDED, rtol=0.02)


def test_components_are_cosines(walk):
    times = (np.arange(300) + 0.5) / 300
    for rank in (1, 2, 3):
        cosine = np.cos(rank * np.pi * times)
        assert abs(np.corrcoef(walk.scores[:, rank - 1], cosine)[0, 1]) > 0.999


def test_shares_are_those_of_a_singular_value_decomposition():
    with jax.enable_x64(True):
        outputs = np.random.default_rng(1).standard_normal((12, 40))
        singular = np.linalg.svd(outputs - outputs.mean(0), compute_uv=False)
        products = jnp.asarray(outputs @ outputs.T)
        shares = dynamics.principal_components(products).shares
        np.testing.assert_allclose(
            shares, singular**2 / np.sum(singular**2), rtol=1e-6, atol=1e-12
        )
        leading = dynamics.leading_shares(products)
        np.testing.assert_allclose(leading, shares[:2], rtol=1e-9)
