"""Agents that have the goal of another agent, and act by chance, or blindly, at times."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.worlds.fields import check_range, real


class Noisy(AbstractAgent[Context, Memory]):
    """Acts as `agent` with probability 1 - ε, and by chance with probability ε.

    Fields:
        agent: whose goal it has.
        epsilon: ε, in [0, 1]; whether it acts by chance is drawn anew at every step.
    """

    agent: AbstractAgent[Context, Memory]
    epsilon: Float[Array, "*b"] = eqx.field(converter=real)

    def __check_init__(self):
        check_range("epsilon", self.epsilon, 0, 1)

    def embed(self, view: Float[Array, "..."]) -> Context:
        return self.agent.embed(view)

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        response = self.agent(context, tokens, memory)
        meant = jax.nn.softmax(response.logits)
        mixed = (1 - self.epsilon) * meant + self.epsilon / meant.shape[-1]
        logits = jnp.log(jnp.maximum(mixed, 1e-12))
        return Response(logits, response.value, response.memory)


class PartlyBlind(AbstractAgent[Context, Memory]):
    """Acts as `agent` would if it saw nothing of some planes of the view of a level.

    Fields:
        agent: whose goal it has.
        seen: what each plane is multiplied with: 1 if it is seen, 0 if not, `[P]`.
    """

    agent: AbstractAgent[Context, Memory]
    seen: Float[Array, "*b P"] = eqx.field(converter=real)

    def embed(self, view: Float[Array, "..."]) -> Context:
        seen = self.seen.reshape(-1, *[1] * (view.ndim - 1))
        return self.agent.embed(view * seen)

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        return self.agent(context, tokens, memory)
