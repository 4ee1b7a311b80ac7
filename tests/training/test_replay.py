import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.mlp import MLP
from goalscope.agents.recurrent import GRU
from goalscope.goals import reach
from goalscope.rollout import collect
from goalscope.training.replay import episode_starts, replay, score
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, horizon=8)
GOAL = reach(WORLD, "cheese")


def perceptron(rng):
    return MLP.init(rng, WORLD, widths=(8,))


def recurrent(rng):
    return GRU.init(rng, WORLD, width=8, memory_size=8)


@pytest.mark.parametrize("make", [perceptron, recurrent])
def test_replaying_gives_what_the_agent_thought_then(make):
    agent = make(np.random.default_rng(0))

    @eqx.filter_jit
    def both(key):
        k_levels, k_collect = jax.random.split(key)
        levels = jax.vmap(WORLD.sample_level)(jax.random.split(k_levels, 4))
        seen = collect(k_collect, agent, WORLD, GOAL, levels, num_steps=8)
        steps = seen.trajectory
        starts = episode_starts(steps.terminal)
        logits, values = replay(agent, seen.views, steps.tokens, starts)
        return steps, score(logits, steps.actions.ravel())[0], values

    steps, log_probs, values = both(jax.random.key(5))
    assert steps.terminal[:-1].sum() > 0
    np.testing.assert_allclose(log_probs, steps.log_probs.ravel(), atol=1e-5)
    np.testing.assert_allclose(values, steps.values.ravel(), atol=1e-5)


def test_scores_are_those_of_a_softmax():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6, 3)).astype(np.float32)
    actions = rng.integers(0, 3, 6)
    policy = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    log_probs, entropies = score(jnp.asarray(logits), jnp.asarray(actions))
    np.testing.assert_allclose(log_probs, np.log(policy[range(6), actions]), rtol=1e-5)
    np.testing.assert_allclose(entropies, -(policy * np.log(policy)).sum(1), rtol=1e-5)


def test_an_impossible_action_has_no_entropy():
    _, entropies = score(jnp.array([[0.0, -1e9]]), jnp.array([0]))
    assert entropies.tolist() == [0.0]


def test_an_episode_starts_after_another_has_ended():
    ended = jnp.array([[True, False], [False, True], [True, True]])
    expected = [[False, False], [True, False], [False, True]]
    assert episode_starts(ended).tolist() == expected


def test_a_masked_action_adds_nothing_to_the_entropy_nor_to_its_slope():
    logits = jnp.array([[0.0, 0.0, -jnp.inf], [0.0, -jnp.inf, -jnp.inf]])
    log_probs, entropies = score(logits, jnp.array([0, 0]))
    np.testing.assert_allclose(log_probs, [-np.log(2), 0], atol=1e-6)
    np.testing.assert_allclose(entropies, [np.log(2), 0], atol=1e-6)
    slope = jax.grad(lambda logits: score(logits, jnp.array([0, 0]))[1].sum())(logits)
    np.testing.assert_allclose(slope, 0, atol=1e-6)
