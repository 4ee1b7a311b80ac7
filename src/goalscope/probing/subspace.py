"""Subspaces of activations: orthonormal bases, projectors, and what is read downstream."""

from collections.abc import Callable

import jax
from jax import numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PyTree

JITTER = 1e-6


def orthonormal(directions: Float[Array, "D R"]) -> Float[Array, "D R"]:
    """Return an orthonormal basis of the span of the columns, differentiably.

    Gram-Schmidt, by the Cholesky factor of the columns' inner products.

    >>> basis = orthonormal(jnp.array([[3.0, 3.0], [0.0, 2.0]]))
    >>> jnp.round(jnp.abs(basis), 3).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    gram = directions.T @ directions
    jitter = JITTER * jnp.trace(gram) / gram.shape[0]
    factor = jnp.linalg.cholesky(gram + jitter * jnp.eye(gram.shape[0], dtype=gram.dtype))
    return solve_triangular(factor, directions.T, lower=True).T


def row_space(
    downstream: Callable[[Float[Array, " D"], PyTree], Float[Array, " O"]],
    hidden: Float[Array, "N D"],
    inputs: PyTree,
    *,
    share: float = 0.99,
) -> Float[Array, "D D"]:
    """Return the projector on the directions that `downstream` reads.

    The leading eigenvectors of `E[JᵀJ / ‖J‖²]`, `J` the Jacobian of the outputs in the
    activations, as few as hold `share` of its trace. For a linear readout and `share=1`
    this is exactly its row space; else an approximation that leaves out what the outputs
    hardly depend on. Outputs count relative to their mean, which a softmax ignores.

    Args:
        downstream: activations and the rest of one input, to the outputs.
        hidden: activations of each input.
        inputs: the rest of each input, leading axis `N` on every array.
        share: of the trace; at 1 all but what rounding leaves.
    """

    def centred(hidden, rest):
        outputs = downstream(hidden, rest)
        return outputs - jnp.mean(outputs)

    def squared(example):
        jacobian = jax.jacrev(centred)(*example)
        size = jnp.sum(jacobian**2)
        return jacobian.T @ jacobian / jnp.maximum(size, jnp.finfo(size.dtype).tiny)

    moment = jnp.mean(jax.vmap(squared)((hidden, inputs)), axis=0)
    values, vectors = jnp.linalg.eigh(moment)
    values = jnp.maximum(values, 0)
    smaller = jnp.cumsum(values)
    floor = jnp.maximum(1 - share, 10 * values.shape[0] * jnp.finfo(values.dtype).eps)
    kept = smaller > floor * jnp.maximum(smaller[-1], jnp.finfo(values.dtype).tiny)
    return (vectors * kept[None]) @ vectors.T


def projector(basis: Float[Array, "D R"]) -> Float[Array, "D D"]:
    """Return the projector on the span of an orthonormal basis, `P Pᵀ`."""
    return basis @ basis.T
