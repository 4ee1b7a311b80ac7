import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.agents.base import is_memoryless
from goalscope.agents.mlp import MLP


def _slow(agent, view, tokens, activation):
    """The perceptron on one dense vector: planes, then the one-hot tokens."""
    tables = agent.tokens.tables
    hot = [np.eye(len(table))[token] for table, token in zip(tables, tokens, strict=True)]
    inputs = np.concatenate([np.ravel(view), *hot])
    weight = np.concatenate([agent.level.weight, *tables])
    outputs = activation(inputs @ weight + agent.level.bias)
    for layer in agent.hidden:
        outputs = activation(outputs @ np.asarray(layer.weight) + layer.bias)
    logits = outputs @ np.asarray(agent.policy.weight) + agent.policy.bias
    return logits, (outputs @ np.asarray(agent.value.weight) + agent.value.bias)[0]


@pytest.mark.parametrize(
    ("name", "function"), [("tanh", np.tanh), ("relu", lambda x: np.maximum(x, 0))]
)
def test_the_perceptron_equals_a_dense_network_on_one_hot_tokens(
    world, table, rng, name, function
):
    agent = MLP.init(rng, world, widths=(8, 6), activation=name)
    context = agent.embed(table.view)
    for tokens in table.tokens[::3]:
        response = agent(context, tokens, ())
        logits, value = _slow(agent, table.view, tokens, function)
        np.testing.assert_allclose(response.logits, logits, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(response.value, value, rtol=1e-4, atol=1e-6)


def test_an_untrained_perceptron_is_nearly_uniform(world, table, rng):
    policy = solve.policy_of(MLP.init(rng, world, widths=(8,)), table)
    np.testing.assert_allclose(policy, 0.25, atol=0.02)


def test_the_same_generator_gives_the_same_agent(world):
    first, second, other = (
        MLP.init(np.random.default_rng([5, number]), world, widths=(8,))
        for number in (0, 0, 1)
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, first, second))
    assert not np.array_equal(first.level.weight, other.level.weight)


def test_a_perceptron_has_no_memory(world, rng):
    assert is_memoryless(MLP.init(rng, world, widths=(8,)))
