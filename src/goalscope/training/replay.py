"""What an agent makes now of what it saw then, for all steps at once."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.layers import Dense
from goalscope.agents.recurrent import unroll

NARROW = 8
"""Layers with at most so many outputs are turned, see `_turned`."""


def replay(
    agent: AbstractAgent,
    views: Float[Array, "B ..."],
    tokens: Int[Array, "T B K"],
    resets: Bool[Array, "T B"],
) -> tuple[Float[Array, "N A"], Float[Array, " N"]]:
    """Return logits and values of `agent` on past observations, `N = T B`, time slowest.

    `views` are the level parts of the observations. Memory starts anew at the first step
    and wherever `resets` is true; gradients flow back through it to the first step.
    """
    agent = jax.tree.map(_turned, agent, is_leaf=lambda node: isinstance(node, Dense))
    contexts = jax.vmap(agent.embed)(views)
    length, count, _ = tokens.shape
    if is_memoryless(agent):
        # One flat axis of samples: with two, XLA transposes copies of the activations.
        repeated = jax.tree.map(
            lambda leaf: jnp.broadcast_to(leaf[None], (length, *leaf.shape)).reshape(
                length * count, *leaf.shape[1:]
            ),
            contexts,
        )
        respond = jax.vmap(agent, (0, 0, None))
        response = respond(repeated, tokens.reshape(length * count, -1), ())
        return response.logits, response.value

    def one(context, tokens, resets):
        response = unroll(agent, context, tokens, resets, agent.initial_memory())
        return response.logits, response.value

    logits, values = jax.vmap(one, (0, 1, 1), 1)(contexts, tokens, resets)
    return logits.reshape(length * count, -1), values.reshape(length * count)


def _turned(node: PyTree) -> PyTree:
    """Return the same layer, whose gradient XLA computes faster if it has few outputs.

    On a CPU the product of many inputs with few outputs takes three times as long as its
    transpose, and the barrier is what keeps XLA from undoing the transposition.
    """
    if not isinstance(node, Dense) or node.weight.shape[-1] > NARROW:
        return node
    return Dense(jax.lax.optimization_barrier(node.weight.T).T, node.bias)


def score(
    logits: Float[Array, "N A"], actions: Int[Array, " N"]
) -> tuple[Float[Array, " N"], Float[Array, " N"]]:
    """Return `log π(a)` of the actions, and the entropies of `π = softmax(logits)`.

    A logit of −∞ masks its action.
    """
    # Actions lead: sums over a short last axis are many times slower on a CPU.
    log_probs = jax.nn.log_softmax(logits.T, axis=0)
    taken = jnp.arange(logits.shape[1])[:, None] == actions[None]
    known = jnp.where(jnp.isneginf(log_probs), 0.0, log_probs)  # 0 log 0 = 0
    entropies = -jnp.sum(jnp.exp(log_probs) * known, axis=0)
    return jnp.sum(jnp.where(taken, log_probs, 0.0), axis=0), entropies


def episode_starts(ended: Bool[Array, "T B"]) -> Bool[Array, "T B"]:
    """Return whether an episode begins at a step, the first step left out."""
    return jnp.concatenate([jnp.zeros_like(ended[:1]), ended[:-1]])
