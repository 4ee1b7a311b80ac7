"""An agent that answers NaN anywhere is noticed, and nobody else is."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planted import ActionBiased
from goalscope.answers import answered, watched
from goalscope.rollout import rollout
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, horizon=8)
ONE_BAD = jnp.array([0.2, 0.8, jnp.nan])
WAYS = {
    "alone": lambda ask, x: ask(x),
    "compiled": lambda ask, x: jax.jit(ask)(x),
    "side by side": lambda ask, x: jax.vmap(ask)(x),
    "one after the other": lambda ask, x: jax.lax.map(ask, x),
    "within each other": lambda ask, x: jax.lax.map(jax.jit(jax.vmap(ask)), x[:, None]),
    "carried on": lambda ask, x: jax.lax.scan(lambda c, y: (c + ask(y), c), 0.0, x)[0],
    "as a slope": lambda ask, x: jax.grad(lambda x: jnp.sum(ask(x) ** 2))(x),
}


class Failing(AbstractAgent):
    """Acts by chance, and from a step on has no policy."""

    after: int

    def embed(self, view):
        return ()

    def initial_memory(self):
        return jnp.int32(0)

    def __call__(self, context, tokens, memory):
        logits = jnp.where(memory >= self.after, jnp.nan, jnp.zeros(4))
        return Response(logits, jnp.zeros(()), memory + 1)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_is_nan_is_noticed_wherever_it_is_given(way):
    @jax.jit
    def found(values):
        return watched(lambda: WAYS[way](answered, values))

    right, acts = found(jnp.nan_to_num(ONE_BAD))
    assert bool(acts)
    assert not bool(found(ONE_BAD)[1])
    same = WAYS[way](lambda x: x, jnp.nan_to_num(ONE_BAD))
    np.testing.assert_array_equal(right, same)


def test_what_nobody_answered_may_be_nan():
    assert bool(watched(lambda: jnp.log(-answered(jnp.ones(2))))[1])


def plays(agent):
    level = WORLD.sample_level(jax.random.key(0))
    return watched(lambda: rollout(jax.random.key(1), agent, WORLD, level))[1]


@pytest.mark.parametrize(("after", "acts"), [(0, False), (5, False), (8, True)])
def test_an_agent_is_noticed_that_has_no_policy_late_in_its_episode(after, acts):
    assert bool(eqx.filter_jit(plays)(Failing(after))) == acts


@pytest.mark.parametrize("logits", [[np.nan] * 4, [-np.inf] * 4, [np.inf, 0, 0, 0]])
def test_logits_that_are_no_distribution_are_no_policy(logits):
    agent = ActionBiased(np.array(logits, np.float32))
    table = solve.tabulate(WORLD, WORLD.sample_level(jax.random.key(0)))
    assert not bool(watched(lambda: solve.policy_of(agent, table))[1])
    assert not bool(eqx.filter_jit(plays)(agent))


def test_an_agent_that_masks_actions_has_a_policy():
    agent = ActionBiased(np.array([0, 0, -np.inf, -np.inf], np.float32))
    table = solve.tabulate(WORLD, WORLD.sample_level(jax.random.key(0)))
    assert bool(watched(lambda: solve.policy_of(agent, table))[1])
    assert bool(eqx.filter_jit(plays)(agent))
