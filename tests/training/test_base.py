import jax
import numpy as np
import optax
import pytest
from jax import numpy as jnp

from goalscope.agents.mlp import MLP
from goalscope.training.base import adam_init, adam_step, finite
from goalscope.worlds.corner import Corner

AGENT = MLP.init(np.random.default_rng(0), Corner(size=2), widths=(4,))


def noise(seed, scale):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: jnp.asarray(scale * rng.normal(size=leaf.shape), jnp.float32), AGENT
    )


@pytest.mark.parametrize("scale", [1e-3, 10.0])
def test_a_step_of_adam_is_optax_clipping_and_adam(scale):
    reference = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(0.1, eps=1e-5))
    agent, state = AGENT, adam_init(AGENT)
    expected = jax.tree.leaves(AGENT)
    reference_state = reference.init(expected)
    for seed in range(3):
        gradient = noise(seed, scale)
        agent, state = adam_step(
            agent,
            gradient,
            state,
            learning_rate=jnp.array(0.1),
            max_norm=jnp.array(0.5),
        )
        leaves = jax.tree.leaves(gradient)
        updates, reference_state = reference.update(leaves, reference_state)
        expected = jax.tree.map(jnp.add, expected, updates)
    for one, other in zip(jax.tree.leaves(agent), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_an_agent_without_gradient_stays():
    still = jax.tree.map(jnp.zeros_like, AGENT)
    agent, _ = adam_step(
        AGENT,
        still,
        adam_init(AGENT),
        learning_rate=jnp.array(0.1),
        max_norm=jnp.array(0.5),
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, agent, AGENT))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_one_number_that_is_not_finite_is_noticed(number):
    assert finite(AGENT)
    bias = AGENT.value.bias.at[0].set(number)
    assert not finite(
        jax.tree.map(lambda leaf: bias if leaf is AGENT.value.bias else leaf, AGENT)
    )
