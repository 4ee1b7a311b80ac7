"""Decisions that an agent takes, kept to see how far another is from taking them."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal

FLOOR = -27.6
"""Logarithms of probabilities that are smaller count as that: agents may mask actions."""


class Probes(eqx.Module):
    """Decisions that must stay the same: levels, states in them, and the policy there."""

    views: Float[Array, "..."]
    tokens: Int[Array, "*b L V K"]
    log_policy: Float[Array, "*b L V A"]


def draw_probes(
    key: Key[Array, ""],
    agent: AbstractAgent,
    tables: solve.Table,
    num_states: int,
    num_steps: int,
) -> Probes:
    """Return states drawn from those that the agent visits. Consumes `key`."""
    anything = Goal(jnp.zeros(tables.features.shape[-1]), False, "none")

    def one(key: Key[Array, ""], table: solve.Table):
        policy = solve.policy_of(agent, table)
        visits = solve.occupancy(table, policy, anything, 1.0, num_steps=num_steps)
        counted = jnp.where(table.terminal, 0.0, visits)
        states = jax.random.categorical(key, jnp.log(counted), shape=(num_states,))
        return table.tokens[states], jnp.maximum(jnp.log(policy[states]), FLOOR)

    keys = jax.random.split(key, tables.terminal.shape[0])
    tokens, log_policy = jax.vmap(one)(keys, tables)
    return Probes(tables.view, tokens, log_policy)


def divergence(agent: AbstractAgent, probes: Probes) -> Float[Array, ""]:
    """Return the mean KL divergence of a policy from that of the probes."""

    def one(view: Float[Array, "..."], tokens: Int[Array, "V K"]) -> Float[Array, "V A"]:
        context, memory = agent.embed(view), agent.initial_memory()
        respond = jax.vmap(lambda tokens: agent(context, tokens, memory).logits)
        return jnp.maximum(jax.nn.log_softmax(respond(tokens)), FLOOR)

    logs = jax.vmap(one)(probes.views, probes.tokens)
    ratios = probes.log_policy - logs
    return jnp.mean(jnp.sum(jnp.exp(probes.log_policy) * ratios, axis=-1))
