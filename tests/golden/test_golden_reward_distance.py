"""EPIC, DARD and STARC against recorded numbers.

EPIC: the 3x3 gridworld of Gleave et al. (2021), appendix; numbers computed with the code of
its authors (their tabular code), discount 0.99, five actions,
rewards `R(s)` tiled over action and successor. STARC: random rewards and dynamics, computed
with independent code from the definitions of Skalse et al. (2024) and Wulfe et al. (2022).
"""

from functools import partial
from itertools import combinations

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.tabular.reward_distance import dard, epic, shaped, starc

SPARSE = np.eye(9)[8].reshape(3, 3)
GRIDS = {
    "sparse": SPARSE,
    "centre": np.eye(9)[4].reshape(3, 3),
    "penalty": -SPARSE,
    "dirt": np.array([[0, -1, -1], [0, 0, 0], [-1, -1, 4.0]]),
    "cliff": np.array([[0, -1, -1], [0, 0, 0], [-4, -4, 4.0]]),
}
EPIC_DISTANCES = {
    ("sparse", "centre"): 0.7500,
    ("sparse", "penalty"): 1.0,
    ("sparse", "dirt"): 0.1602,
    ("sparse", "cliff"): 0.3676,
    ("centre", "penalty"): 0.6614,
    ("centre", "dirt"): 0.7071,
    ("centre", "cliff"): 0.6692,
    ("penalty", "dirt"): 0.9871,
    ("penalty", "cliff"): 0.9300,
    ("dirt", "cliff"): 0.2672,
}


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def _tiled(grid):
    return jnp.asarray(np.broadcast_to(grid.ravel()[:, None, None], (9, 5, 9)))


def test_epic_of_the_gridworld_is_that_of_its_authors():
    assert set(EPIC_DISTANCES) == set(combinations(GRIDS, 2))
    for (one, other), expected in EPIC_DISTANCES.items():
        found = epic(_tiled(GRIDS[one]), _tiled(GRIDS[other]), 0.99)
        assert found == pytest.approx(expected, abs=5e-5), (one, other)


def test_epic_does_not_see_the_shaping_of_the_gridworld():
    rows, columns = np.divmod(np.arange(9), 3)
    manhattan = jnp.asarray(4.0 - rows - columns)
    dense = shaped(_tiled(4 * SPARSE - 1), -3 * manhattan, 0.99)
    assert epic(_tiled(SPARSE), dense, 0.99) == pytest.approx(0, abs=1e-6)


def test_epic_of_random_rewards_is_as_recorded():
    rng = np.random.RandomState(0)
    one, other = jnp.asarray(rng.rand(6, 3, 6)), jnp.asarray(rng.rand(6, 3, 6))
    assert epic(one, other, 0.9) == pytest.approx(0.7050364811, abs=1e-9)


def test_distances_of_random_rewards_under_random_dynamics_are_as_recorded():
    rng = np.random.RandomState(0)
    dynamics = rng.dirichlet(np.full(6, 0.5), size=(6, 3))
    one, other, potential = rng.randn(6, 3, 6), rng.randn(6, 3, 6), rng.randn(6)
    spread = rng.randn(6, 3, 6)
    spread = spread - np.sum(spread * dynamics, axis=-1, keepdims=True)
    one, other, potential, spread, dynamics = map(
        jnp.asarray, (one, other, potential, spread, dynamics)
    )

    def distances(rewards):
        value = starc(one, rewards, dynamics, 0.9)
        return [value, epic(one, rewards, 0.9), dard(one, rewards, dynamics, 0.9)]

    near = partial(np.testing.assert_allclose, rtol=0, atol=1e-6)
    apart = [0.53567705, 0.75947739, 0.76447999]
    near(distances(other), apart)
    near(distances(shaped(3 * one, potential, 0.9)), 0)
    spreading = [0, 0.372297, 0.338270]
    near(distances(one + spread), spreading)
    near(distances(-one), 1)
