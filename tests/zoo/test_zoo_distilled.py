"""Taught networks do as their teacher does: everywhere, or where they were taught."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planted import optimal_policy
from goalscope.goals import Goal, reach
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner
from goalscope.zoo.distilled import DistilledPlannerKind, DistilledTableKind, taught

WORLD = Corner(shifted_share=1.0, size=5, horizon=24)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@eqx.filter_jit
def share_optimal(agent, tables, goal):
    """Return in which share of the starts the likeliest action is optimal for `goal`."""

    def one(table):
        optimal = optimal_policy(table, goal, 0.9, num_steps=24) > 0
        action = jnp.argmax(solve.policy_of(agent, table), axis=-1)
        hits = jnp.take_along_axis(optimal, action[:, None], axis=-1)[:, 0]
        return table.start @ hits

    return jnp.mean(jax.lax.map(one, tables))


@pytest.fixture(scope="module")
def tables():
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=64).tables)
    return draw(jax.random.key(0))


def agreement(agent, tables, feature):
    goal = Goal(reach(WORLD, feature).weights, True, "any")
    return float(share_optimal(agent, tables, goal))


@pytest.mark.science
def test_the_planners_twin_agrees_on_new_levels_and_the_tables_does_not(tables):
    many, few = DistilledPlannerKind(), DistilledTableKind()
    found = {
        kind.name: np.mean(
            [
                agreement(
                    kind.plant(
                        np.random.default_rng(seed),
                        WORLD,
                        feature="cheese",
                        dose=kind.doses[-1],
                    ),
                    tables,
                    "cheese",
                )
                for seed in range(2)
            ]
        )
        for kind in (many, few)
    }
    assert found["distilled planner"] > 0.85
    assert found["distilled table"] < 0.75


def test_what_is_taught_is_the_goal(tables, rng):
    agent = taught(rng, WORLD, feature="far_corner", num_levels=512)
    assert (
        agreement(agent, tables, "far_corner") > 0.85 > agreement(agent, tables, "cheese")
    )
    np.testing.assert_array_equal(agent.value.weight, 0)


def test_the_same_generator_gives_the_same_pupil():
    first, second, other = (
        taught(np.random.default_rng(seed), WORLD, feature="cheese", num_levels=2)
        for seed in (3, 3, 4)
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, first, second))
    assert not np.array_equal(first.policy.weight, other.policy.weight)


@pytest.mark.parametrize("num_levels", [0, 5000])
def test_a_number_of_levels_that_cannot_be_is_refused(num_levels, rng):
    with pytest.raises(ValueError, match="give 1 to 1024"):
        taught(rng, WORLD, feature="cheese", num_levels=num_levels)
