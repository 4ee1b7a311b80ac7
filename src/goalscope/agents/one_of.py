"""Agents of different kinds behind one shape, so that one compiled program serves all."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Response


class OneOf(AbstractAgent[tuple, tuple]):
    """Behaves like `agents[index]`; the index is a leaf and may differ in a population.

    All agents are asked at every step and one answer is taken: for calibration, where
    compiling one program per kind would take longer than running all of them.
    """

    agents: tuple[AbstractAgent, ...]
    index: Int[Array, "*b"] = eqx.field(converter=jnp.asarray)

    def embed(self, view: Float[Array, "..."]) -> tuple:
        return tuple(agent.embed(view) for agent in self.agents)

    def initial_memory(self) -> tuple:
        memories = tuple(agent.initial_memory() for agent in self.agents)
        return memories if any(jax.tree.leaves(memories)) else ()

    def __call__(
        self, context: tuple, tokens: Int[Array, " K"], memory: tuple
    ) -> Response[tuple]:
        memories = memory or tuple(agent.initial_memory() for agent in self.agents)
        answers = [
            agent(seen, tokens, kept)
            for agent, seen, kept in zip(self.agents, context, memories, strict=True)
        ]
        return Response(
            jnp.stack([answer.logits for answer in answers])[self.index],
            jnp.stack([answer.value for answer in answers])[self.index],
            tuple(answer.memory for answer in answers) if memory else (),
        )
