"""What an agent does in one and the same level under different cues."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.answers import answered
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.rollout import rollout
from goalscope.worlds.cued import Cued, CuedLevel

SIGNS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)
"""Cue and placebo."""
PAIRS = ((0, 2), (1, 3), (0, 1), (2, 3))
"""Which `SIGNS` are compared: the first two differ in the cue, the others in placebo."""


class Contrast(eqx.Module):
    """Behaviour in each level under two cues `C` and two placebos `P`.

    Fields:
        first: probability that each goal is the first to pay, `[L, C, P, G]`.
        cue: divergence of policies between cues, mean over placebos, bits, `[L]`.
        placebo: divergence of policies between placebos, mean over cues, bits, `[L]`.
    """

    first: Float[Array, "*b C P G"]
    cue: Float[Array, "*b"]
    placebo: Float[Array, "*b"]


def contrast(
    key: Key[Array, ""], agent: AbstractAgent, world: Cued, sheet: Sheet, goals: Goal
) -> Contrast:
    """Return behaviour under all four pairs of signs, with leading axis `L`.

    Exact for agents without memory: goals from all starts, policies compared in the states
    in which an episode can start, weighted as it does. An agent with memory plays one
    episode a level and pair of signs, with the same random numbers; its policies are
    compared along what it sees in the episodes under the first sign, told that it were
    under the other. `goals` are stacked. Consumes `key`.
    """
    if is_memoryless(agent):
        return jax.lax.map(lambda table: _exact(agent, world, table, goals), sheet.tables)

    def one(item):
        return _played(item[0], agent, world, item[1], goals)

    keys = jax.random.split(key, sheet.tables.terminal.shape[0])
    return jax.lax.map(one, (keys, sheet.levels))


def jensen_shannon(
    policies: Float[Array, "*b A"], others: Float[Array, "*b A"]
) -> Float[Array, "*b"]:
    """Return the Jensen-Shannon divergence, in bits: 0 for equals, 1 for strangers.

    `H((p + q) / 2) − (H(p) + H(q)) / 2` (Lin 1991).

    >>> one, other = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    >>> float(jensen_shannon(one, other)), float(jensen_shannon(one, one))
    (1.0, 0.0)
    """
    mixed = _entropy((policies + others) / 2)
    gap = mixed - (_entropy(policies) + _entropy(others)) / 2
    return jnp.maximum(gap, 0.0) / jnp.log(2.0)


def _entropy(chances: Float[Array, "*b A"]) -> Float[Array, "*b"]:
    return jnp.sum(jax.scipy.special.entr(chances), axis=-1)


def _under_signs(world: Cued, tokens: Int[Array, "S K"]) -> Int[Array, "4 S K"]:
    """Return tokens as they are under each cue and placebo, the placebo fastest."""

    def under(signs: Int[Array, "2"]) -> Int[Array, "S K"]:
        return tokens.at[:, world.cue_token :].set(signs[None])

    return jax.vmap(under)(jnp.asarray(SIGNS))


def _exact(agent: AbstractAgent, world: Cued, table: solve.Table, goals: Goal) -> Contrast:
    context, memory = agent.embed(table.view), agent.initial_memory()

    def act(tokens):
        return jax.nn.softmax(agent(context, tokens, memory).logits)

    def first(policy):
        reached = solve.first_reached(table, policy, goals, num_steps=world.horizon)
        return table.start @ reached

    policies = answered(jax.vmap(jax.vmap(act))(_under_signs(world, table.tokens)))
    apart = [jensen_shannon(policies[i], policies[j]) @ table.start for i, j in PAIRS]
    reached = jax.vmap(first)(policies)
    return Contrast(reached.reshape(2, 2, -1), *_means(apart))


def _played(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: Cued,
    level: CuedLevel,
    goals: Goal,
) -> Contrast:
    context = agent.embed(world.observe_level(level))

    def episode(signs):
        cue, placebo = signs
        signed = world.with_placebo(world.with_cue(level, cue), placebo)
        return rollout(key, agent, world, signed)

    def answer(memory, tokens):
        response = agent(context, tokens, memory)
        return response.memory, jax.nn.softmax(response.logits)

    def answers(tokens):
        return jax.lax.scan(answer, agent.initial_memory(), tokens)[1]

    episodes = jax.vmap(episode)(jnp.asarray(SIGNS))
    told = jax.vmap(_under_signs, (None, 0))(world, episodes.tokens)
    policies = answered(jax.vmap(jax.vmap(answers))(told))
    shares = episodes.happened / jnp.maximum(
        jnp.sum(episodes.happened, 1, keepdims=True), 1
    )
    apart = [jensen_shannon(policies[i, i], policies[i, j]) @ shares[i] for i, j in PAIRS]
    first = jax.vmap(_first, (None, 0))(goals, episodes.features)
    return Contrast(first.reshape(2, 2, -1), *_means(apart))


def _means(apart: list[Float[Array, ""]]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the mean divergence between cues, and between placebos."""
    return (apart[0] + apart[1]) / 2, (apart[2] + apart[3]) / 2


def _first(goals: Goal, features: Float[Array, "T F"]) -> Float[Array, " G"]:
    """Return which goals are the first to pay; several at once share it."""
    pays = jax.vmap(Goal.reward, (0, None), out_axes=-1)(goals, features) != 0
    any_pays = jnp.any(pays, axis=-1)
    parts = pays / jnp.maximum(jnp.sum(pays, axis=-1, keepdims=True), 1)
    before = jnp.cumsum(any_pays) - any_pays
    return jnp.sum(parts * (before == 0)[:, None], axis=0)
