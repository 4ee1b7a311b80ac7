"""The eight symmetries of a square maze: where cells go, and which moves become which."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

NUM_SYMMETRIES = 8
IDENTITY, TRANSPOSE = 0, 4
STEPS = np.array([(-1, 0), (0, -1), (1, 0), (0, 1)])
"""Rows and columns by which a maze's actions move: up, left, down, right."""


class Symmetry(NamedTuple):
    """What a symmetry does.

    Fields:
        cells: where each cell goes, `[S]`.
        actions: which move each move becomes, `[A]`.
    """

    cells: Int[np.ndarray, " S"]
    actions: Int[np.ndarray, " A"]


def symmetry(size: int, number: int) -> Symmetry:
    """Return one symmetry of a maze of `size` by `size` cells.

    Numbers 0 to 3 are turns by as many quarters, 4 to 7 the same after the transposition,
    which is 4 alone.

    >>> symmetry(2, TRANSPOSE).cells.tolist(), symmetry(2, TRANSPOSE).actions.tolist()
    ([0, 2, 1, 3], [1, 0, 3, 2])
    """
    before = np.arange(size**2).reshape(size, size)
    before = before.T if number >= TRANSPOSE else before
    cells = np.argsort(np.rot90(before, number % 4).ravel()).astype(np.int32)
    step = np.eye(2, dtype=int)[::-1] if number >= TRANSPOSE else np.eye(2, dtype=int)
    quarter = np.array([[0, -1], [1, 0]])
    moved = STEPS @ (np.linalg.matrix_power(quarter, number % 4) @ step).T
    actions = [STEPS.tolist().index(vector) for vector in moved.tolist()]
    return Symmetry(cells, np.array(actions, np.int32))


def inverse(permutation: Int[np.ndarray, " N"]) -> Int[np.ndarray, " N"]:
    """Return the permutation that undoes this one."""
    return np.argsort(permutation).astype(np.int32)
