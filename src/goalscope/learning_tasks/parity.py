"""Sparse parity: draws of inputs, and the gradient over all inputs. No JAX.

The answer is the product of `k` of `n` signs. At a start where the network says 0 (every
hidden unit has a twin of opposite sign) the gradient of the logistic loss on the weights
from input `i` to hidden unit `j` is

    ∂L/∂w_ij = −½ E[y a_j 1(w_j·x + b_j > 0) x_i].

The step function is ½ + ½ sign. Without bias, sign is an odd function of `x`; for odd `k`,
`y x_i` is an even one, so both parts vanish: nothing of the rule is visible. With even
`k`, with biases, or with unbalanced inputs they do not (Barak et al. 2022).
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Bits(NamedTuple):
    """Examples of a parity task.

    Fields:
        signs: inputs of ±1, `[N, n]`.
        answer: product of the first `k` signs, `[N]`.
        wrong: product of the next `k` signs, `[N]`.
    """

    signs: Float[np.ndarray, "N n"]
    answer: Float[np.ndarray, " N"]
    wrong: Float[np.ndarray, " N"]


def all_signs(length: int) -> Float[np.ndarray, "N n"]:
    """Return all 2ⁿ inputs.

    >>> all_signs(2).tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    return np.array(list(itertools.product((-1.0, 1.0), repeat=length)))


def draw(
    random: np.random.Generator, *, count: int, length: int, degree: int, share_up: float
) -> Bits:
    """Return examples without repetition where all 2ⁿ inputs are balanced and few enough.

    Args:
        random: what draws them.
        count: number of examples.
        length: `n`, signs of an input.
        degree: `k`, signs that matter.
        share_up: probability of +1.

    Raises:
        ValueError: if the wrong rule finds no signs of its own.
    """
    if 2 * degree > length:
        raise ValueError(
            f"two rules of {degree} signs do not fit into {length}; make inputs longer"
        )
    if share_up == 0.5 and 2**length <= 4 * count:
        if 2**length < count:
            raise ValueError(
                f"there are {2**length} inputs of length {length}, not {count}"
            )
        signs = random.permutation(all_signs(length))[:count]
    else:
        signs = np.where(random.random((count, length)) < share_up, 1.0, -1.0)
    wrong = signs[:, degree : 2 * degree].prod(axis=1)
    return Bits(signs, signs[:, :degree].prod(axis=1), wrong)


def population_gradient(
    weights: Float[np.ndarray, "n H"],
    biases: Float[np.ndarray, " H"],
    outer: Float[np.ndarray, " H"],
    *,
    degree: int,
    share_up: float = 0.5,
) -> Float[np.ndarray, "n H"]:
    """Return the gradient on the first layer over all 2ⁿ inputs, at an output of 0.

    `∂L/∂w_ij = −½ Σ_x P(x) y a_j 1(w_j·x + b_j > 0) x_i`. With balanced inputs all terms
    are whole multiples of 2⁻ⁿ before `a_j` comes in, so that zero is exactly zero.

    Args:
        weights: from inputs to hidden ReLU units.
        biases: of the hidden units.
        outer: weights of the output, `a`.
        degree: the rule is the product of the first `degree` signs.
        share_up: probability of +1 in every place.
    """
    signs = all_signs(len(weights))
    ups = (signs > 0).sum(axis=1)
    chance = share_up**ups * (1 - share_up) ** (len(weights) - ups)
    active = (signs @ weights + biases > 0).astype(float)
    pull = (chance * signs[:, :degree].prod(axis=1))[:, None] * signs
    return -0.5 * (pull.T @ active) * outer
