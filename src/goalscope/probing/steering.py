"""Pushing activations along a direction, both ways and by all amounts."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from goalscope.probing.interchange import Downstream


def class_means(
    hidden: Float[Array, "N D"],
    labels: Int[Array, " N"],
    counts: Float[Array, " N"],
    *,
    num_classes: int,
) -> Float[Array, "K D"]:
    """Return the mean activations of each class, 0 for a class without examples.

    The difference of two of them is a steering direction.

    >>> hidden = jnp.array([[1.0], [3.0], [9.0]])
    >>> means = class_means(hidden, jnp.array([0, 0, 1]), jnp.ones(3), num_classes=2)
    >>> means.tolist()
    [[2.0], [9.0]]
    """
    hot = jax.nn.one_hot(labels, num_classes, dtype=hidden.dtype) * counts[:, None]
    return (hot.T @ hidden) / jnp.maximum(jnp.sum(hot, axis=0), 1e-9)[:, None]


def random_directions(
    key: Key[Array, ""], directions: Float[Array, "*b D"]
) -> Float[Array, "*b D"]:
    """Return directions drawn uniformly, with the norms of these. Consumes `key`.

    They are the control of steering: how much any push of that size does.
    """
    draws = jax.random.normal(key, directions.shape, directions.dtype)
    norms = jnp.linalg.norm(directions, axis=-1, keepdims=True)
    return draws * norms / jnp.linalg.norm(draws, axis=-1, keepdims=True)


def dose_response(
    downstream: Downstream,
    hidden: Float[Array, "N D"],
    rest: PyTree,
    directions: Float[Array, "N D"],
    doses: Float[Array, " M"],
) -> Float[Array, "M N O"]:
    """Return the outputs with `h + α v` in place of `h`, for every dose `α`.

    Take doses of both signs: where only one of them does anything, the direction removes
    something rather than sets it.
    """

    def at(dose):
        return jax.vmap(downstream)(hidden + dose * directions, rest)

    return jax.lax.map(at, doses)
