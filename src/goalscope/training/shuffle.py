"""Shuffling without sorting."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Int, Key


def affine_order(key: Key[Array, ""], size: int, num_orders: int) -> Int[Array, "R size"]:
    """Return `num_orders` orders of `0 .. size - 1`: `i ↦ (a i + c) mod size`, `a` odd.

    A permutation wherever `size` is a power of two, without a sort. Blocks of `n = 2^k`
    entries are spread evenly (each remainder modulo `n` occurs once); otherwise any two
    entries share a block about as often as by chance. Consumes `key`.
    """
    bits = jax.random.bits(key, (num_orders, 2, 1))
    index = jnp.arange(size, dtype=jnp.uint32)[None]
    order = (bits[:, 0] | 1) * index + bits[:, 1]
    return (order & (size - 1)).astype(jnp.int32)


def is_power_of_two(number: int) -> bool:
    """Return whether `number` is 1, 2, 4, 8, ..."""
    return number > 0 and number & (number - 1) == 0
