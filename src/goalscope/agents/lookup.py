"""An agent that knows what to do by heart, whatever the level."""

import math

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.layers import normal
from goalscope.worlds.base import AbstractWorld

MAX_ROWS = 1_000_000


class LookupTable(AbstractAgent[tuple[()], tuple[()]]):
    """Free logits and a free value for every combination of state tokens.

    It ignores the level part of an observation. Tokens `t` have the row
    `((t_0 V_1 + t_1) V_2 + t_2) ...`.

    Fields:
        logits: preferences, `[Π V_k, A]`.
        values: estimated returns, `[Π V_k]`, in reward units.
        sizes: the vocabulary sizes `V_k`.
    """

    logits: Float[Array, "*b M A"] = eqx.field(converter=jnp.asarray)
    values: Float[Array, "*b M"] = eqx.field(converter=jnp.asarray)
    sizes: tuple[int, ...] = eqx.field(static=True)

    @staticmethod
    def init(
        rng: np.random.Generator, world: AbstractWorld, *, scale: float = 0.01
    ) -> "LookupTable":
        """Return an untrained table with logits `~ N(0, scale²)` and zero values."""
        rows = math.prod(world.token_sizes)
        if rows > MAX_ROWS:
            raise ValueError(
                f"{type(world).__name__} has {rows} combinations of state tokens, and a "
                f"LookupTable at most {MAX_ROWS} rows; use MLP, with a row per token"
            )
        logits = normal(rng, (rows, world.num_actions), scale)
        return LookupTable(logits, np.zeros(rows, np.float32), world.token_sizes)

    def embed(self, view: Float[Array, "..."]) -> tuple[()]:
        return ()

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: tuple[()], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        row = row_of(tokens, self.sizes)
        return Response(self.logits[row], self.values[row], memory)


def row_of(tokens: Int[Array, "*b K"], sizes: tuple[int, ...]) -> Int[Array, "*b"]:
    """Return the number of this combination of tokens, the last token fastest.

    >>> int(row_of(jnp.array([2, 1]), (4, 3)))
    7
    """
    row = jnp.zeros(tokens.shape[:-1], jnp.int32)
    for index, size in enumerate(sizes):
        row = row * size + tokens[..., index]
    return row
