"""Planners with a shaped and scaled reward, beside plain ones."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.agents.shaped import Shaped
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.tabular.reward_distance import table_form
from goalscope.worlds.corner import Corner
from goalscope.zoo.scaled_goal import ScaledGoalKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=24)
KIND = ScaledGoalKind()


@pytest.fixture(scope="module")
def tables():
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=8))
    return draw(jax.random.key(3)).tables


@eqx.filter_jit
def policies(agent, tables):
    return jax.vmap(solve.policy_of, (None, 0))(agent, tables)


def _planted(dose):
    agent = KIND.plant(np.random.default_rng(4), WORLD, feature="corner", dose=dose)
    return agent, np.random.default_rng(4).choice((16.0, 32.0, 64.0))


def test_it_does_what_a_planner_for_the_plain_goal_does(tables):
    for dose in KIND.doses:
        agent, beta = _planted(dose)
        plain = Planner(WORLD, reach(WORLD, "corner"), beta, 0.9, WORLD.horizon)
        np.testing.assert_allclose(
            policies(agent, tables), policies(plain, tables), atol=2e-3
        )


def test_its_rewards_look_otherwise_and_are_at_no_distance(tables):
    """The STARC distance of the reward that it plans with to the plain goal is 0."""
    agent, _ = _planted(3.0)
    assert isinstance(agent, Shaped)
    level = jax.tree.map(lambda leaf: leaf[1], tables)
    rewards, going = solve.payments(level, reach(WORLD, "corner"))
    ahead, following = 0.9 * going, level.successors
    potential = agent.potential
    shaping = ahead * potential[following] - potential[:, None]
    written = 3 * rewards + shaping
    assert jnp.mean(jnp.abs(written - rewards)) > 1
    plain, copy = (
        np.ravel(table_form(each, following, ahead)) for each in (rewards, written)
    )
    apart = plain / np.linalg.norm(plain) - copy / np.linalg.norm(copy)
    assert np.linalg.norm(apart) / 2 < 1e-3


def test_agents_of_all_doses_can_be_stacked():
    agents = [_planted(dose)[0] for dose in KIND.doses]
    first, *others = [jax.tree.map(jnp.shape, agent) for agent in agents]
    assert all(other == first for other in others)
    assert len({jax.tree.structure(agent) for agent in agents}) == 1
