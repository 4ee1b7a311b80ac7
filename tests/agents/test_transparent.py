"""What every transparent agent must satisfy, and the perceptron's edits by hand."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.mlp import MLP
from goalscope.agents.written import WrittenNetwork

MAKERS = {
    "perceptron": lambda rng, world: MLP.init(rng, world, widths=(8, 6)),
    "written": lambda rng, world: WrittenNetwork.init(rng, world, feature="cheese"),
    "told": lambda rng, world: GoalConditioned.init(
        rng, world, feature="cheese", copied="corner"
    ),
}


@eqx.filter_jit
def forward(agent, view, tokens, edits):
    return agent.forward(view, tokens, (), edits)


@eqx.filter_jit
def called(agent, view, tokens):
    return agent(agent.embed(view), tokens, ())


@pytest.fixture(params=MAKERS)
def agent(request, rng, world):
    return MAKERS[request.param](rng, world)


def test_without_edits_forward_is_the_agent(agent, table):
    for tokens in table.tokens[::4]:
        response, activations = forward(agent, table.view, tokens, {})
        alone = called(agent, table.view, tokens)
        np.testing.assert_array_equal(response.logits, alone.logits)
        np.testing.assert_array_equal(response.value, alone.value)
        assert set(activations) == set(agent.sites)
        assert all(values.ndim == 1 for values in activations.values())
        np.testing.assert_array_equal(activations["logits"], response.logits)


def test_edits_that_change_nothing_change_nothing(agent, table):
    edits = {site: lambda values: values for site in agent.sites}
    plain = forward(agent, table.view, table.tokens[1], {})
    same = forward(agent, table.view, table.tokens[1], edits)
    assert jax.tree.all(jax.tree.map(np.array_equal, plain, same))


def test_patched_logits_are_the_answer(agent, tables):
    tokens = tables.tokens[0, 3]
    source, seen = forward(agent, tables.view[1], tokens, {})
    edits = {"logits": eqx.Partial(lambda values, _: values, seen["logits"])}
    patched, _ = forward(agent, tables.view[0], tokens, edits)
    np.testing.assert_array_equal(patched.logits, source.logits)


def test_an_unknown_site_is_refused(agent, table):
    with pytest.raises(
        ValueError, match=f"no site nowhere; this agent has {agent.sites[0]}"
    ):
        agent.forward(table.view, table.tokens[0], (), {"nowhere": lambda h: h})


def test_the_perceptron_continues_from_an_edited_layer(rng, world, table):
    agent = MLP.init(rng, world, widths=(8, 6))
    given = jnp.asarray(rng.normal(size=8), jnp.float32)
    response, seen = agent.forward(
        table.view, table.tokens[2], (), {"hidden_0": lambda _: given}
    )
    layer = agent.hidden[0]
    after = np.tanh(np.asarray(given) @ np.asarray(layer.weight) + layer.bias)
    np.testing.assert_allclose(seen["hidden_1"], after, rtol=1e-5)
    wanted = after @ np.asarray(agent.policy.weight) + agent.policy.bias
    np.testing.assert_allclose(response.logits, wanted, rtol=1e-4, atol=1e-6)


def test_rewards_given_to_a_written_network_are_sought(rng, world, table):
    agent = WrittenNetwork.init(rng, world, feature="cheese")
    other = WrittenNetwork.init(rng, world, feature="far_corner")
    edits = {"reward": eqx.Partial(lambda values, _: values, other.bias)}
    for tokens in table.tokens[::3]:
        moved, _ = forward(agent, table.view, tokens, edits)
        wanted = called(other, table.view, tokens)
        np.testing.assert_allclose(moved.logits, wanted.logits, rtol=1e-5, atol=1e-6)
