"""Kinds with written weights: their goals are what was written."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.planted import optimal_policy
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner
from goalscope.worlds.keys import Keys
from goalscope.zoo.goal_conditioned import GoalConditionedKind
from goalscope.zoo.unused_copy import UnusedCopyKind
from goalscope.zoo.written_network import WrittenNetworkKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KINDS = (WrittenNetworkKind(), GoalConditionedKind(), UnusedCopyKind())


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@eqx.filter_jit
def share_optimal(agent, tables, goal):
    """Return in which share of the starts the likeliest action is optimal for `goal`."""

    def one(table):
        optimal = optimal_policy(table, goal, 0.9, num_steps=16) > 0
        action = jnp.argmax(solve.policy_of(agent, table), axis=-1)
        hits = jnp.take_along_axis(optimal, action[:, None], axis=-1)[:, 0]
        return table.start @ hits

    return jnp.mean(jax.lax.map(one, tables))


@pytest.fixture(scope="module")
def tables():
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=16).tables)
    return draw(jax.random.key(0))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_agents_pursue_the_goal_that_they_are_given(kind, tables, rng):
    for feature in ("cheese", "far_corner"):
        agent = kind.plant(rng, WORLD, feature=feature, dose=kind.doses[0])
        goal = eqx.tree_at(
            lambda g: g.weights, reach(WORLD, "cheese"), reach(WORLD, feature).weights
        )
        assert float(share_optimal(agent, tables, goal)) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_agents_of_one_kind_can_be_stacked(kind, rng):
    agents = [
        kind.plant(rng, WORLD, feature=feature, dose=dose)
        for feature, dose in (("cheese", kind.doses[0]), ("corner", kind.doses[-1]))
    ]
    assert len({jax.tree.structure(agent) for agent in agents}) == 1
    shapes = [jax.tree.map(np.shape, agent) for agent in agents]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_worlds_that_cannot_be_read_are_not_supported(kind):
    assert kind.supports(WORLD)
    assert not kind.supports(Keys(size=4))


def test_the_copy_is_of_another_goal_and_as_large_as_its_dose(rng):
    kind = UnusedCopyKind()
    for dose in kind.doses:
        agent = kind.plant(rng, WORLD, feature="cheese", dose=dose)
        assert isinstance(agent, GoalConditioned)
        used, copied = np.asarray(agent.goals)
        assert used @ copied == 0
        np.testing.assert_allclose(
            np.linalg.norm(copied @ agent.embeddings[1]), dose, rtol=1e-5
        )
        assert not np.any(agent.readout[8:])
