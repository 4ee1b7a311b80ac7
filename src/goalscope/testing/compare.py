"""What checks are made of: comparing trees of arrays, and saying what is wrong."""

import jax
import numpy as np
from jaxtyping import PyTree

TOLERANCE = 1e-4


def same(one: PyTree, other: PyTree, tolerance: float) -> bool:
    """Return whether two trees of one structure have nearly equal numbers."""

    def close(a, b):
        return np.allclose(a, b, rtol=tolerance, atol=tolerance)

    return bool(jax.tree.all(jax.tree.map(close, one, other)))


def require(condition: bool, reason: str) -> None:
    """Raise `AssertionError` with `reason` unless `condition`."""
    if not condition:
        raise AssertionError(reason)
