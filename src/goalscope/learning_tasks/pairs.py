"""Tasks on pairs of tokens: modular addition, a grid, a table without a rule. No JAX."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

STEPS = ("up", "down", "left", "right")


class PairTask(NamedTuple):
    """What the right answer to every pair is.

    Fields:
        labels: the answer, `[A, B]`.
        wrong: the answer under another rule, as rich as the right one, `[A, B]`.
        valid: which pairs occur, `[A, B]`.
        num_answers: how many answers there are.
    """

    labels: Int[np.ndarray, "A B"]
    wrong: Int[np.ndarray, "A B"]
    valid: Bool[np.ndarray, "A B"]
    num_answers: int


def addition(modulus: int, random: np.random.Generator) -> PairTask:
    """Return addition modulo a number; the wrong rule adds a constant, `a + b + δ`.

    >>> addition(5, np.random.default_rng(0)).labels[3].tolist()
    [3, 4, 0, 1, 2]
    """
    tokens = np.arange(modulus)
    labels = (tokens[:, None] + tokens) % modulus
    shift = int(random.integers(1, modulus))
    return PairTask(labels, (labels + shift) % modulus, np.ones_like(labels, bool), modulus)


def ruleless(modulus: int, random: np.random.Generator) -> PairTask:
    """Return the answers of modular addition dealt at random to all pairs.

    Nothing explains them but a table of all pairs: what grows on pairs that are held out
    grows for no reason of the rule's.
    """
    answers = np.arange(modulus * modulus) % modulus
    labels, wrong = (
        random.permutation(answers).reshape(modulus, modulus) for _ in range(2)
    )
    return PairTask(labels, wrong, np.ones_like(labels, bool), modulus)


def stepping(side: int, random: np.random.Generator, *, wrapped: bool) -> PairTask:
    """Return in which of four directions to step from a cell towards another.

    The step is along the longer of the two distances. Where they are equal it is down,
    right, up or left for a cell that lies below right, above right, above left or below
    left: each answer is right equally often. A table of the pairs that were seen explains
    training as well as this rule does. The wrong rule is the same rule on a grid whose
    cells are shuffled, separately for here and there.

    Args:
        side: the grid has side × side cells; a pair is (here, there).
        random: shuffles the cells of the wrong rule.
        wrapped: whether the grid is a torus, on which no cell lies in a corner; its side
            is odd, so that no two ways are equally short.

    Raises:
        ValueError: for a torus of even side.
    """
    if wrapped and side % 2 == 0:
        raise ValueError(f"the side of a torus is odd; got {side}")
    row, column = np.divmod(np.arange(side * side), side)
    down, right = row - row[:, None], column - column[:, None]
    if wrapped:
        half = side // 2
        down, right = ((each + half) % side - half for each in (down, right))
    labels = _longer_way(down, right)
    here, there = random.permutation(side * side), random.permutation(side * side)
    valid = ~np.eye(side * side, dtype=bool)
    return PairTask(labels, labels[here][:, there], valid, len(STEPS))


def _longer_way(
    down: Int[np.ndarray, "A B"], right: Int[np.ndarray, "A B"]
) -> Int[np.ndarray, "A B"]:
    vertical = (abs(down) > abs(right)) | ((abs(down) == abs(right)) & (down * right > 0))
    return np.where(vertical, (down > 0).astype(int), 2 + (right > 0).astype(int))
