"""A small convolutional network, written as matrix products."""

import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.layers import (
    Dense,
    Embedding,
    check_widths,
    dense,
    embedding,
    normal,
)
from goalscope.worlds.base import AbstractWorld

NUM_OFFSETS = 9
"""Cells in a 3 x 3 neighbourhood."""


class Conv(AbstractAgent[Float[Array, "S C"], tuple[()]]):
    """A convolutional network without memory for grid worlds.

    Convolutions of 3 x 3 with ReLU see the planes of the level, a plane of ones (which ends
    at the border, so that the border can be seen) and a plane with a one at the mouse's
    cell, token 0; then all cells are flattened into a dense layer, to which further tokens
    add rows of a table. The level's share of the first convolution is computed once an
    episode. Convolutions are products with neighbourhoods laid out as rows, because
    batched over agents a convolution primitive is several times slower.
    """

    level: Dense
    mouse: Float[Array, "*b 9 C"]
    hidden: tuple[Dense, ...]
    flat: Dense
    tokens: Embedding
    policy: Dense
    value: Dense
    shape: tuple[int, int] = eqx.field(static=True)

    @staticmethod
    def init(
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        channels: Sequence[int] = (16, 16),
        width: int = 64,
    ) -> "Conv":
        """Return an untrained agent for the grid world `world`; advances `rng`.

        Weights are normal with variance `2 / inputs` (He et al. 2015); the policy head is
        100 times smaller.
        """
        planes, shape = _check_grid(world)
        check_widths((*channels, width))
        pairs = [(NUM_OFFSETS * inputs, outputs) for inputs, outputs in _pairs(channels)]
        others, gain = world.token_sizes[1:], 2**0.5
        return Conv(
            level=dense(rng, NUM_OFFSETS * (planes + 1), channels[0], scale=gain),
            mouse=normal(rng, (NUM_OFFSETS, channels[0]), 1.0),
            hidden=tuple(
                dense(rng, inputs, outputs, scale=gain) for inputs, outputs in pairs
            ),
            flat=dense(rng, math.prod(shape) * channels[-1], width, scale=gain),
            tokens=embedding(rng, others, width),
            policy=dense(rng, width, world.num_actions, scale=0.01),
            value=dense(rng, width, 1),
            shape=shape,
        )

    def embed(self, view: Float[Array, "P H W"]) -> Float[Array, "S C"]:
        planes = jnp.concatenate([view, jnp.ones((1, *self.shape))])
        return jax.vmap(self.level)(neighbourhoods(jnp.moveaxis(planes, 0, -1)))

    def initial_memory(self) -> tuple[()]:
        return ()

    def trunk(
        self, context: Float[Array, "S C"], tokens: Int[Array, " K"]
    ) -> Float[Array, " H"]:
        """Return the activations of the last hidden layer, which both heads read."""
        around = jnp.asarray(one_hot_neighbourhoods(*self.shape))[tokens[0]]
        outputs = jax.nn.relu(context + around @ self.mouse)
        for layer in self.hidden:
            rows = neighbourhoods(outputs.reshape(*self.shape, -1))
            outputs = jax.nn.relu(jax.vmap(layer)(rows))
        flat = self.flat(outputs.ravel())
        if self.tokens.tables:
            flat = flat + self.tokens(tokens[1:])
        return jax.nn.relu(flat)

    def __call__(
        self, context: Float[Array, "S C"], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        outputs = self.trunk(context, tokens)
        return Response(self.policy(outputs), self.value(outputs)[0], memory)


def neighbourhoods(planes: Float[Array, "H W C"]) -> Float[Array, "S nine_C"]:
    """Return each cell's 3 x 3 neighbourhood as a row, zero outside.

    The order is offset before channel: the product of the rows with a `[9 C, O]` matrix is
    the convolution of `planes` with it.

    >>> neighbourhoods(jnp.ones((2, 2, 1)))[0]
    Array([0., 0., 0., 0., 1., 1., 0., 1., 1.], dtype=float32)
    """
    height, width, channels = planes.shape
    padded = jnp.pad(planes, ((1, 1), (1, 1), (0, 0)))
    shifts = itertools.product(range(3), range(3))
    shifted = [padded[row : row + height, col : col + width] for row, col in shifts]
    return jnp.concatenate(shifted, -1).reshape(-1, NUM_OFFSETS * channels)


def one_hot_neighbourhoods(height: int, width: int) -> Float[np.ndarray, "S S 9"]:
    """Return `neighbourhoods` of the plane that is one at a cell only, for every cell."""
    planes = np.pad(
        np.eye(height * width, dtype=np.float32).reshape(-1, height, width),
        ((0, 0), (1, 1), (1, 1)),
    )
    shifts = itertools.product(range(3), range(3))
    shifted = [planes[:, row : row + height, col : col + width] for row, col in shifts]
    return np.stack(shifted, -1).reshape(-1, height * width, NUM_OFFSETS)


def _pairs(channels: Sequence[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(channels))


def _check_grid(world: AbstractWorld) -> tuple[int, tuple[int, int]]:
    """Return number of planes and shape of the grid, or raise `ValueError`."""
    shape, sizes = world.level_shape, world.token_sizes
    if len(shape) != 3 or not sizes or sizes[0] != shape[1] * shape[2]:
        raise ValueError(
            "Conv needs a level part (planes, height, width) and a cell as first token; "
            f"{type(world).__name__} has {shape} and tokens of sizes {sizes}. Use MLP."
        )
    return shape[0], (shape[1], shape[2])
