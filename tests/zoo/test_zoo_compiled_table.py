"""Tables of what a planner did."""

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.agents.compiled import CompiledTable
from goalscope.worlds.corner import Corner
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.zoo.compiled_table import ROOM, CompiledTableKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=24)


@pytest.fixture(scope="module")
def fixed():
    return FixedLevels.sample(jax.random.key(5), WORLD, num_levels=16)


def _views(levels):
    return np.asarray(jax.vmap(WORLD.observe_level)(levels)).reshape(-1, 32)


def _stored(world, dose):
    rng = np.random.default_rng(0)
    agent = CompiledTableKind().plant(rng, world, feature="cheese", dose=dose)
    assert isinstance(agent, CompiledTable)
    return agent, np.asarray(agent.views).reshape(ROOM, 32)


@pytest.mark.parametrize(("dose", "number"), [(4.0, 4), (16.0, 16), (64.0, 16)])
def test_the_first_of_fixed_levels_are_stored(fixed, dose, number):
    _, views = _stored(fixed, dose)
    expected = np.unique(_views(fixed.levels)[:number], axis=0)
    assert np.array_equal(np.unique(views, axis=0), expected)


def test_in_a_world_without_fixed_levels_they_are_drawn():
    _, views = _stored(WORLD, 8.0)
    assert len(np.unique(views, axis=0)) == 8


def test_it_stores_what_the_planner_does(fixed):
    agent, _ = _stored(fixed, 16.0)

    @eqx.filter_jit
    def policies(agent):
        tables = jax.vmap(lambda level: solve.tabulate(WORLD, level))(fixed.levels)
        return jax.vmap(solve.policy_of, (None, 0))(agent, tables)

    np.testing.assert_allclose(
        policies(agent), np.exp(np.asarray(agent.log_policy))[:16], atol=1e-6
    )
    assert np.asarray(policies(agent)).max() > 0.9
