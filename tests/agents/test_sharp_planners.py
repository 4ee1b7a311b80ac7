"""Planners at every temperature: however sharp they are, they act, and near greedily."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.agents.planted import optimal_policy
from goalscope.agents.shaped import Shaped
from goalscope.agents.thinker import Thinker
from goalscope.calibrating.evasion import Evasive
from goalscope.goals import collect, reach, stack
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.profiles import Planners, log_likelihoods
from goalscope.worlds.corner import Corner

BETAS = (1.0, 1e5, 1e6, 1e9, 1e20, 1e38)
WORLD = Corner(size=3, horizon=64)
MAZE = "#####\n#@..#\n#.#.#\n#..*#\n#####"
TABLE = solve.tabulate(WORLD, WORLD.parse_level(MAZE))
CORNER = collect(WORLD, "corner")
CHEESE = reach(WORLD, "cheese")
START = 0
DISCOUNT = 0.99


def planner(beta):
    return Planner(WORLD, CORNER, beta, DISCOUNT, WORLD.horizon)


KINDS = {
    "planner": planner,
    "shaped": lambda beta: Shaped(planner(beta), jnp.linspace(-1, 1, WORLD.num_states)),
    "evasive": lambda beta: Evasive(planner(beta), 0.0, 1.0, 1.0),
    "thinker": lambda beta: Thinker(WORLD, CORNER, beta, DISCOUNT, 8),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_planner_acts_however_sharp_it_is(kind):
    act = eqx.filter_jit(lambda agent: solve.policy_of(agent, TABLE))
    for beta in BETAS:
        policy = np.asarray(act(KINDS[kind](beta)))
        np.testing.assert_allclose(policy.sum(axis=-1), 1, atol=1e-5)
        if beta > 1:  # in the corner already, it stays: against either wall
            assert policy[START, :2].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("beta", [1e9, -1e9])
def test_the_gradient_of_a_sharp_planner_is_finite(beta):
    def liked(beta):
        policy = solve.soft_policy(TABLE, CORNER, beta, DISCOUNT, num_steps=64)
        return jnp.sum(jnp.exp(policy) * jnp.arange(4.0)[None])

    assert np.isfinite(eqx.filter_jit(jax.grad(liked))(jnp.float32(beta)))


def test_many_sharp_planners_at_once_act_as_each_alone():
    tables = jax.tree.map(lambda leaf: leaf[None], TABLE)
    together = eqx.filter_jit(soft_policies)(
        tables, stack((CORNER,)), jnp.array(BETAS), jnp.float32(DISCOUNT), num_steps=64
    )
    policy = np.exp(together[0, :, :, 0])
    np.testing.assert_allclose(policy.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(policy[START, :2, 1:].sum(axis=0), 1, atol=1e-4)


def test_sharp_planners_have_a_likelihood():
    strengths = jnp.array(BETAS)
    sharp = Planners(strengths, jnp.full(6, DISCOUNT), jnp.full(6, 64, jnp.int32))
    counts = jnp.zeros((1, *TABLE.successors.shape)).at[0, START, 0].set(1.0)
    tables = jax.tree.map(lambda leaf: leaf[None], TABLE)
    found = log_likelihoods(tables, counts, CORNER, sharp, num_steps=64)
    assert np.isfinite(np.asarray(found)).all()


def test_a_planner_of_infinite_strength_is_refused():
    with pytest.raises(ValueError, match="must be finite"):
        planner(np.inf)


@pytest.mark.parametrize("discount", [0.99, 1.0, jnp.float32(1.0)])
def test_an_optimal_agent_gets_there_with_and_without_a_discount(discount):
    policy = optimal_policy(TABLE, CHEESE, discount, num_steps=16)
    for each in (policy, solve.greedy(policy)):
        earned = solve.evaluate(TABLE, each, CHEESE, 1.0, num_steps=16)[START]
        assert float(earned) == pytest.approx(1.0)
