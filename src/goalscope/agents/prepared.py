"""Agents that have been called before their first action, and remember it."""

from typing import Any, Generic

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Context, Memory, Response


class Prepared(AbstractAgent[Context, Memory], Generic[Context, Memory]):
    """Behaves like `agent`, from `memory` on."""

    agent: AbstractAgent[Context, Memory]
    memory: Memory

    def embed(self, view: Float[Array, "..."]) -> Context:
        return self.agent.embed(view)

    def initial_memory(self) -> Memory:
        return self.memory

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        return self.agent(context, tokens, memory)


def memories(
    agent: AbstractAgent, context: Any, tokens: Int[Array, " K"], doses: tuple[int, ...]
) -> Any:
    """Return the memory after each number of calls on one observation, `[D, ...]`.

    `doses` ascend; no call leaves the memory of the start of an episode.
    """

    def call(memory: Any, _: None) -> tuple[Any, Any]:
        after = agent(context, tokens, memory).memory
        return after, after

    fresh = agent.initial_memory()
    _, later = jax.lax.scan(call, fresh, None, length=doses[-1])
    return jax.tree.map(
        lambda start, rest: jnp.concatenate([start[None], rest])[np.array(doses)],
        fresh,
        later,
    )
