"""Agents that let others act, by a cue: what they do, and what is no part of it."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.gated import Gated
from goalscope.agents.planted import ActionBiased
from goalscope.agents.recurrent import GRU
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued

WORLD = Cued(Corner(shifted_share=1.0, size=3, horizon=16))
ONE = np.array([2.0, 0.0, -1.0, 0.5], np.float32)
OTHER = np.array([-1.0, 0.0, 0.0, 3.0], np.float32)


def _gated(shares):
    return Gated((ActionBiased(ONE), ActionBiased(OTHER)), shares, WORLD.cue_token)


def _policy(agent, cue):
    tokens = jnp.array([4, 0, cue, 1])
    return jax.nn.softmax(agent(agent.embed(jnp.zeros((2, 3, 3))), tokens, ()).logits)


@pytest.mark.parametrize("leak", [0.0, 0.3, 1.0])
def test_probabilities_are_mixed_and_not_preferences(leak):
    agent = _gated(np.array([[1 - leak, leak], [0.0, 1.0]]))
    one, other = np.exp(ONE) / np.exp(ONE).sum(), np.exp(OTHER) / np.exp(OTHER).sum()
    mixed = (1 - leak) * one + leak * other
    np.testing.assert_allclose(_policy(agent, 0), mixed, rtol=1e-5)
    np.testing.assert_allclose(_policy(agent, 1), other, rtol=1e-5)
    np.testing.assert_allclose(_policy(agent, 2), other, rtol=1e-5)


def test_who_has_no_share_gets_no_gradient():
    def log_chance(agent):
        return jnp.log(_policy(agent, 0)[0])

    agent = _gated(np.array([[1.0, 0.0], [0.0, 1.0]]))
    gradient = eqx.filter_grad(log_chance)(agent)
    assert np.all(gradient.agents[1].logits == 0)
    assert np.any(gradient.agents[0].logits != 0)
    assert np.all(np.isfinite(gradient.shares))


def test_each_agent_keeps_its_own_memory(rng):
    network = GRU.init(rng, WORLD, width=4, memory_size=3)
    agent = Gated((ActionBiased(ONE), network), np.eye(2), WORLD.cue_token)
    assert agent.initial_memory()[1].shape == (3,)
    view, tokens = jnp.ones((2, 3, 3)), jnp.array([4, 0, 1, 1])
    first = agent(agent.embed(view), tokens, agent.initial_memory())
    alone = network(network.embed(view), tokens, network.initial_memory())
    np.testing.assert_allclose(first.memory[1], alone.memory, rtol=1e-6)
    np.testing.assert_allclose(
        first.logits, jax.nn.log_softmax(alone.logits), rtol=1e-5, atol=1e-6
    )
    assert _gated(np.eye(2)).initial_memory() == ()


def test_a_share_for_every_agent_is_demanded():
    with pytest.raises(ValueError, match="one column an agent"):
        _gated(np.ones((2, 3)) / 3)
