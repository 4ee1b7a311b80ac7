"""Agents with memory, and how they are unrolled through time."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from goalscope.agents.base import (
    AbstractAgent,
    Context,
    Memory,
    Response,
    is_memoryless,
)
from goalscope.agents.layers import Dense, Embedding, check_widths, dense, embedding
from goalscope.worlds.base import AbstractWorld

Answer = TypeVar("Answer")


class AbstractRecurrentAgent(AbstractAgent[Context, Memory], Generic[Context, Memory]):
    """An agent whose response is `heads(advance(inputs(context, tokens), memory))`.

    What does not depend on memory is in `inputs`, and what memory does not depend on is in
    `heads`: `unroll` computes both for all steps at once, outside its loop.
    """

    @abstractmethod
    def inputs(self, context: Context, tokens: Int[Array, " K"]) -> Float[Array, " I"]:
        """Return what is added to the memory's share of the recurrent layer."""

    @abstractmethod
    def advance(
        self, projected: Float[Array, " I"], memory: Memory
    ) -> tuple[Memory, Float[Array, " H"]]:
        """Return the next memory and the features that the heads read."""

    @abstractmethod
    def heads(
        self, features: Float[Array, " H"]
    ) -> tuple[Float[Array, " A"], Float[Array, ""]]:
        """Return logits and value."""

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        memory, features = self.advance(self.inputs(context, tokens), memory)
        return Response(*self.heads(features), memory)


class GRU(AbstractRecurrentAgent[Float[Array, " W"], Float[Array, " H"]]):
    """A gated recurrent unit (Cho et al. 2014; the reset gate after the product).

    `x` is a tanh layer over the level part and the state tokens; with `i = x W_i + b_i` and
    `m = h W_m + b_m`, each in three parts: `r = σ(i_r + m_r)`, `z = σ(i_z + m_z)`,
    `n = tanh(i_n + r m_n)`, `h′ = (1 - z) n + z h`. The heads read `h′`.
    """

    level: Dense
    tokens: Embedding
    project: Dense
    recur: Dense
    policy: Dense
    value: Dense

    @staticmethod
    def init(
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        width: int = 64,
        memory_size: int = 32,
    ) -> "GRU":
        """Return an untrained agent for `world`; advances `rng`, runs nothing in JAX."""
        check_widths((width, memory_size))
        return GRU(
            level=dense(rng, math.prod(world.level_shape), width),
            tokens=embedding(rng, world.token_sizes, width),
            project=dense(rng, width, 3 * memory_size),
            recur=dense(rng, memory_size, 3 * memory_size),
            policy=dense(rng, memory_size, world.num_actions, scale=0.01),
            value=dense(rng, memory_size, 1),
        )

    def embed(self, view: Float[Array, "..."]) -> Float[Array, " W"]:
        return self.level(jnp.ravel(view))

    def initial_memory(self) -> Float[Array, " H"]:
        return jnp.zeros(self.recur.weight.shape[0])

    def inputs(
        self, context: Float[Array, " W"], tokens: Int[Array, " K"]
    ) -> Float[Array, " I"]:
        return self.project(jnp.tanh(context + self.tokens(tokens)))

    def advance(
        self, projected: Float[Array, " I"], memory: Float[Array, " H"]
    ) -> tuple[Float[Array, " H"], Float[Array, " H"]]:
        i_reset, i_update, i_new = jnp.split(projected, 3)
        m_reset, m_update, m_new = jnp.split(self.recur(memory), 3)
        reset = jax.nn.sigmoid(i_reset + m_reset)
        update = jax.nn.sigmoid(i_update + m_update)
        memory = (1 - update) * jnp.tanh(i_new + reset * m_new) + update * memory
        return memory, memory

    def heads(
        self, features: Float[Array, " H"]
    ) -> tuple[Float[Array, " A"], Float[Array, ""]]:
        return self.policy(features), self.value(features)[0]


def unroll(
    agent: AbstractAgent[Context, Memory],
    context: Context,
    tokens: Int[Array, "T K"],
    resets: Bool[Array, " T"],
    memory: Memory,
) -> Response[Memory]:
    """Return the responses to a sequence of tokens, `[T, ...]`, and the last memory.

    The same as calling the agent step by step, where memory starts from `memory` and is
    replaced by `initial_memory` before every step at which `resets` is true. All steps
    share one `context`.
    """
    start = agent.initial_memory()
    if is_memoryless(agent):
        responses = jax.vmap(agent, (None, 0, None))(context, tokens, memory)
        logits, value = responses.logits, responses.value
    elif isinstance(agent, AbstractRecurrentAgent):
        projected = jax.vmap(agent.inputs, (None, 0))(context, tokens)
        memory, features = _scan(agent.advance, start, projected, resets, memory)
        logits, value = jax.vmap(agent.heads)(features)
    else:

        def advance(tokens, memory):
            response = agent(context, tokens, memory)
            return response.memory, (response.logits, response.value)

        memory, (logits, value) = _scan(advance, start, tokens, resets, memory)
    return Response(logits, value, memory)


def _scan(
    advance: Callable[[Array, Memory], tuple[Memory, Answer]],
    start: Memory,
    items: PyTree,
    resets: Bool[Array, " T"],
    memory: Memory,
) -> tuple[Memory, Answer]:
    """Return the last memory and all answers of `advance(item, memory)`, with resets."""

    def step(memory, item_and_reset):
        item, reset = item_and_reset
        fresh = jax.tree.map(lambda new, old: jnp.where(reset, new, old), start, memory)
        return advance(item, fresh)

    return jax.lax.scan(step, memory, (items, resets))
