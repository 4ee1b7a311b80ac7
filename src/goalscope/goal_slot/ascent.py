"""Steps of Adam uphill, on any part of an agent."""

import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, PyTree

_ADAM = optax.scale_by_adam(eps=1e-5)


def begin(parameters: PyTree) -> PyTree:
    """Return the state of `ascend` before the first step."""
    return _ADAM.init(parameters)


def ascend(
    parameters: PyTree,
    gradient: PyTree,
    state: PyTree,
    rate: Float[Array, ""] | float,
    max_norm: float = 1.0,
) -> tuple[PyTree, PyTree]:
    """Return parameters and state after one step, the gradient clipped to `max_norm`."""
    norm = optax.tree.norm(gradient)
    clip = jnp.minimum(1.0, max_norm / jnp.maximum(norm, 1e-12))
    clipped = jax.tree.map(lambda leaf: leaf * clip, gradient)
    direction, state = _ADAM.update(clipped, state)
    moved = jax.tree.map(lambda leaf, step: leaf + rate * step, parameters, direction)
    return moved, state
