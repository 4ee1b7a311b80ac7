import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.training.shuffle import affine_order, is_power_of_two


@pytest.mark.parametrize("size", [1, 2, 8, 64])
@given(st.integers(0, 2**31 - 1))
def test_every_order_is_a_permutation(size, seed):
    orders = affine_order(jax.random.key(seed), size, 3)
    assert orders.shape == (3, size)
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(size), (3, 1)))


def test_blocks_are_spread_evenly_and_otherwise_mixed_as_by_chance():
    size, block, num_orders = 16, 4, 4000
    orders = np.asarray(affine_order(jax.random.key(0), size, num_orders))
    residues = np.sort(orders.reshape(num_orders, -1, block) % block, axis=-1)
    assert np.all(residues == np.arange(block))
    place = np.argsort(orders, axis=1) // block
    together = np.mean(place[:, :, None] == place[:, None, :], axis=0)
    apart = np.subtract.outer(np.arange(size), np.arange(size)) % block != 0
    assert np.all((together[apart] > 0.1) & (together[apart] < 0.4))
    assert abs(together[apart].mean() - 1 / block) < 1e-6


def test_powers_of_two_are_told_from_other_numbers():
    assert [n for n in range(-1, 20) if is_power_of_two(n)] == [1, 2, 4, 8, 16]
