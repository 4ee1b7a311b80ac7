"""Pieces of networks: initialised on the host with NumPy, applied to one observation."""

from collections.abc import Callable, Sequence
from typing import Literal

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

Activation = Literal["tanh", "relu"]

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class Dense(eqx.Module):
    """An affine map, `y = x W + b`."""

    weight: Float[Array, "*b I O"]
    bias: Float[Array, "*b O"]

    def __call__(self, inputs: Float[Array, " I"]) -> Float[Array, " O"]:
        return inputs @ self.weight + self.bias


class Embedding(eqx.Module):
    """One table per token: a dense layer on one-hot tokens, as a sum of rows."""

    tables: tuple[Float[Array, "*b _ O"], ...]

    def __call__(self, tokens: Int[Array, " K"]) -> Float[Array, " O"]:
        rows = [table[token] for table, token in zip(self.tables, tokens, strict=True)]
        return sum(rows[1:], rows[0])


def dense(
    rng: np.random.Generator, num_inputs: int, num_outputs: int, *, scale: float = 1.0
) -> Dense:
    """Return a layer with weights `~ N(0, scale² / num_inputs)` and zero bias.

    Unit-variance inputs give outputs of standard deviation `scale` (LeCun et al. 1998).
    """
    weight = normal(rng, (num_inputs, num_outputs), scale / max(num_inputs, 1) ** 0.5)
    return Dense(weight, jnp.asarray(np.zeros(num_outputs, np.float32)))


def embedding(
    rng: np.random.Generator, sizes: Sequence[int], num_outputs: int, *, scale: float = 1.0
) -> Embedding:
    """Return tables with entries `~ N(0, scale² / K)`: the sum has deviation `scale`."""
    std = scale / max(len(sizes), 1) ** 0.5
    return Embedding(tuple(normal(rng, (size, num_outputs), std) for size in sizes))


def normal(rng: np.random.Generator, shape: tuple[int, ...], std: float) -> Array:
    """Return a float32 array of independent `N(0, std²)`, drawn on the host."""
    return jnp.asarray(rng.standard_normal(shape, np.float32) * np.float32(std))


def activate(name: Activation, inputs: Float[Array, " I"]) -> Float[Array, " I"]:
    """Return the activation function of this name applied to `inputs`."""
    return _ACTIVATIONS[name](inputs)


def check_activation(name: str) -> None:
    """Raise `ValueError` unless `name` is an activation function."""
    if name not in _ACTIVATIONS:
        raise ValueError(f"no activation {name!r}; choose one of {', '.join(_ACTIVATIONS)}")


def check_widths(widths: Sequence[int]) -> None:
    """Raise `ValueError` unless there is at least one hidden layer and all are positive."""
    if not widths or any(width < 1 for width in widths):
        raise ValueError(f"widths are one positive number per hidden layer; got {widths!r}")
