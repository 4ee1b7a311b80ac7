"""Reduced-rank regression, the network whose learning coefficient is known exactly.

`M` inputs, `H` hidden units, `N` outputs, all linear: `f(x) = W₂ W₁ x`, with a truth of
rank `r ≤ H`. Where `r < H`, its minima are not isolated, and no Hessian describes them.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key


class Dimensions(NamedTuple):
    """Inputs `M`, hidden units `H`, outputs `N`, rank `r` of the truth."""

    inputs: int
    hidden: int
    outputs: int
    rank: int

    @property
    def num_parameters(self) -> int:
        return self.hidden * (self.inputs + self.outputs)


class Weights(NamedTuple):
    """`W₁` of shape `[H, M]`, and `W₂` of shape `[N, H]`."""

    first: Float[Array, "*b H M"]
    second: Float[Array, "*b N H"]


def exact_coefficient(dimensions: Dimensions) -> float:
    """Return the learning coefficient λ of reduced-rank regression, in all four cases.

    With `s = H + r`: if `N + r ≤ M + H`, `M + r ≤ N + H` and `s ≤ M + N`,
    `λ = [2 s (M + N) − s² − (M − N)² + odd] / 8` with `odd = 1` where `M + H + N + r` is
    odd; if `M + H < N + r`, `λ = (H M − H r + N r) / 2`; if `N + H < M + r`,
    `λ = (H N − H r + M r) / 2`; if `M + N < s`, `λ = M N / 2` (Aoyagi and Watanabe 2005).

    >>> exact_coefficient(Dimensions(5, 3, 5, 2))
    9.5
    """
    inputs, hidden, outputs, rank = _checked(dimensions)
    if inputs + hidden < outputs + rank:
        return (hidden * inputs - hidden * rank + outputs * rank) / 2
    if outputs + hidden < inputs + rank:
        return (hidden * outputs - hidden * rank + inputs * rank) / 2
    if inputs + outputs < hidden + rank:
        return inputs * outputs / 2
    span, odd = hidden + rank, (inputs + hidden + outputs + rank) % 2
    return (2 * span * (inputs + outputs) - span**2 - (inputs - outputs) ** 2 + odd) / 8


def true_weights(rng: np.random.Generator, dimensions: Dimensions) -> Weights:
    """Return weights `~ N(0, 1 / inputs of the layer)`; the last `H − r` units are zero."""
    inputs, hidden, outputs, rank = _checked(dimensions)
    used = np.arange(hidden) < rank
    first = rng.standard_normal((hidden, inputs)) * used[:, None] / inputs**0.5
    second = rng.standard_normal((outputs, hidden)) * used / hidden**0.5
    return Weights(jnp.asarray(first), jnp.asarray(second))


def even_weights(dimensions: Dimensions) -> Weights:
    """Return weights of this rank whose non-zero singular values are all 1."""
    inputs, hidden, outputs, rank = _checked(dimensions)
    used = np.diag(np.arange(hidden) < rank).astype(np.float32)
    first = np.pad(used, ((0, 0), (0, max(inputs - hidden, 0))))[:, :inputs]
    second = np.pad(used, ((0, max(outputs - hidden, 0)), (0, 0)))[:outputs]
    return Weights(jnp.asarray(first), jnp.asarray(second))


def gaussian_moments(
    key: Key[Array, ""], num_inputs: int, *, num_data: int
) -> Float[Array, "M M"]:
    """Return `XᵀX / n` of `num_data` inputs `~ N(0, I)`. Consumes `key`."""
    inputs = jax.random.normal(key, (num_data, num_inputs))
    return inputs.T @ inputs / num_data


def excess_loss(
    weights: Weights, truth: Weights, moments: Float[Array, "M M"]
) -> Float[Array, ""]:
    """Return half the mean squared error of noise-free targets, summed over outputs.

    `½ tr(Δ C Δᵀ)` with `Δ = W₂ W₁ − W₂* W₁*` and moments `C` of the inputs: all that data
    say about the loss.
    """
    error = weights.second @ weights.first - truth.second @ truth.first
    return jnp.sum((error @ moments) * error) / 2


def similar(num_parameters: int, *, largest: int = 8) -> Dimensions:
    """Return a singular problem of about so many parameters, with at most `largest` inputs.

    `H` and `r` are odd and `M = N`, so that λ has multiplicity 1 and is approached without
    logarithmic terms.

    >>> similar(30), similar(4)
    (Dimensions(inputs=5, hidden=3, outputs=5, rank=1), Dimensions(inputs=2, ...))
    """
    offered = []
    for width in range(2, max(largest, 2) + 1):
        hidden = width // 2 + (width // 2 + 1) % 2
        rank = hidden // 2 + (hidden // 2 + 1) % 2
        offered.append(Dimensions(width, hidden, width, rank))
    return min(offered, key=lambda each: abs(each.num_parameters - num_parameters))


def _checked(dimensions: Dimensions) -> Dimensions:
    inputs, hidden, outputs, rank = dimensions
    if min(inputs, hidden, outputs) < 1 or not 0 <= rank <= min(inputs, hidden, outputs):
        raise ValueError(
            f"{dimensions}: sizes are at least 1, and the rank lies between 0 and the "
            "smallest of them"
        )
    return dimensions
