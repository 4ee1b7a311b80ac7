"""An agent that lets other agents act, some under one cue and some under another."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Response
from goalscope.worlds.fields import real


class Gated(AbstractAgent[tuple, tuple]):
    """Acts as one of `agents` at every step, drawn anew with probabilities set by a cue.

    `π(a|s) = Σ_i p(i|cue) π_i(a|s)`: probabilities are mixed, not preferences, so that a
    part of 0 is no part at all, in behaviour and in gradients. Two goals and an identity
    matrix make an agent that changes its goal with the cue; one goal at two temperatures
    one that changes its competence.

    Fields:
        agents: those that act; all of them see everything and keep their own memory.
        shares: probability `p(i|cue)` that each acts under each cue, `[C, N]`; cues beyond
            the last row count as the last.
        token: which token of the state is the cue.
    """

    agents: tuple[AbstractAgent, ...]
    shares: Float[Array, "*b C N"] = eqx.field(converter=real)
    token: int = eqx.field(static=True)

    def __check_init__(self):
        if self.shares.shape[-1] != len(self.agents):
            raise ValueError(
                f"shares are {self.shares.shape} for {len(self.agents)} agents; give one "
                "row a cue and one column an agent"
            )

    def embed(self, view: Float[Array, "..."]) -> tuple:
        return tuple(agent.embed(view) for agent in self.agents)

    def initial_memory(self) -> tuple:
        memories = tuple(agent.initial_memory() for agent in self.agents)
        return memories if jax.tree.leaves(memories) else ()

    def __call__(
        self, context: tuple, tokens: Int[Array, " K"], memory: tuple
    ) -> Response[tuple]:
        memories = memory or tuple(agent.initial_memory() for agent in self.agents)
        answers = [
            agent(seen, tokens, kept)
            for agent, seen, kept in zip(self.agents, context, memories, strict=True)
        ]
        shares = self.shares[jnp.minimum(tokens[self.token], self.shares.shape[0] - 1)]
        some = shares > 0
        logs = jnp.where(some, jnp.log(jnp.where(some, shares, 1.0)), -jnp.inf)
        policies = jax.nn.log_softmax(jnp.stack([answer.logits for answer in answers]))
        return Response(
            logsumexp(policies + logs[:, None], axis=0),
            jnp.sum(shares * jnp.stack([answer.value for answer in answers])),
            tuple(answer.memory for answer in answers) if memory else (),
        )
