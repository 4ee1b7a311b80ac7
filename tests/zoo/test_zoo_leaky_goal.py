"""Agents that let their goal through a little: at both ends they are planners."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.leaky import LeakyGoal
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.parameter_groups import find_group, flat_group
from goalscope.testing import check_agent
from goalscope.worlds.corner import Corner
from goalscope.zoo.leaky_goal import LeakyGoalKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KIND = LeakyGoalKind()


@pytest.fixture(scope="module")
def tables():
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=3).tables)
    return draw(jax.random.key(0))


@eqx.filter_jit
def policies(agent, tables):
    return jax.vmap(solve.policy_of, (None, 0))(agent, tables)


@eqx.filter_jit
def planned(tables, feature):
    goal = reach(WORLD, feature)
    return jax.vmap(
        lambda table: jnp.exp(solve.soft_policy(table, goal, 6.0, 0.9, num_steps=16))
    )(tables)


def plant(dose, seed=0) -> LeakyGoal:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, WORLD, feature="corner", dose=dose)
    assert isinstance(agent, LeakyGoal)
    return agent


def test_without_a_leak_it_plans_for_the_reward_and_with_all_of_it_for_its_own(tables):
    for dose, feature in ((0.0, "cheese"), (1.0, "corner")):
        found = policies(plant(dose), tables)
        np.testing.assert_allclose(found, planned(tables, feature), atol=2e-4)


def test_half_a_leak_is_the_geometric_mean_of_both(tables):
    half = eqx.tree_at(lambda agent: agent.leak, plant(0.1), jnp.float32(0.5))
    mixed = jnp.sqrt(planned(tables, "cheese") * planned(tables, "corner"))
    mixed = mixed / jnp.sum(mixed, axis=-1, keepdims=True)
    np.testing.assert_allclose(policies(half, tables), mixed, atol=2e-4)


def test_the_slot_names_the_goal_that_it_was_given():
    agent = plant(0.01)
    slot = flat_group(agent, find_group(agent, "goal"))
    assert WORLD.feature_names[int(jnp.argmax(slot))] == "corner"
    assert not jnp.array_equal(agent.rewarded, agent.slot)
    assert flat_group(agent, find_group(agent, "capability")).size == 16


def test_agents_of_all_doses_can_be_stacked():
    shapes = [jax.tree.structure(plant(dose, seed)) for seed, dose in enumerate(KIND.doses)]
    assert len(set(shapes)) == 1
    assert KIND.doses[0] == 0
    assert KIND.supports(WORLD)


@pytest.mark.science
def test_the_agent_keeps_the_contract():
    check_agent(plant(0.3), WORLD, key=jax.random.key(1))


def test_impossible_agents_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="leak"):
        LeakyGoal.init(rng, WORLD, feature="corner", rewarded="cheese", leak=1.5)
    with pytest.raises(ValueError, match="no feature 'gold'"):
        LeakyGoal.init(rng, WORLD, feature="gold", rewarded="cheese", leak=0.5)
