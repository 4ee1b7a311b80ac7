"""Telling goals apart, against all sequences of actions of a tiny level."""

from functools import partial
from itertools import product

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import Goal, collect, reach, stack
from goalscope.separate import distinguishing
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, shifted_share=0.5)
GOALS = stack(
    (
        reach(WORLD, "cheese"),
        reach(WORLD, "corner"),
        collect(WORLD, "far_corner"),
        Goal([0.5, -0.3, 0.0, 0.2], False, "mixed"),
        Goal([0.0, 0.0, 0.0, 0.0], False, "nothing"),
    )
)
NUM_STEPS = 5
APART = """
#####
#...#
#.#*#
#@#.#
#####
"""
ALIKE = """
#####
#*..#
#.#.#
#..@#
#####
"""


@eqx.filter_jit
def losses(level, discount, num_steps=NUM_STEPS):
    table = solve.tabulate(WORLD, level)
    return distinguishing(table, GOALS, discount, num_steps=num_steps)


@eqx.filter_jit
def every_return(table, start, discount):
    """Return what every sequence of actions from `start` earns each goal, `[G, N]`."""
    sequences = jnp.array(list(product(range(4), repeat=NUM_STEPS)))

    def episode(actions):
        def step(state, action):
            return table.successors[state, action], table.features[state, action]

        features = jax.lax.scan(step, start, actions)[1]
        return jax.vmap(lambda goal: goal.returns(features, discount))(GOALS)

    return jax.vmap(episode, out_axes=1)(sequences)


@pytest.mark.parametrize("discount", [0.9, 1.0])
@pytest.mark.parametrize("picture", [APART, ALIKE], ids=["apart", "alike"])
def test_losses_are_the_worst_of_all_sequences_that_are_optimal_for_the_other(
    picture, discount
):
    level = WORLD.parse_level(picture)
    table = solve.tabulate(WORLD, level)
    expected = np.zeros((5, 5))
    for start in np.flatnonzero(table.start):
        returns = np.asarray(every_return(table, jnp.int32(start), discount))
        for j, other in enumerate(returns):
            optimal = other >= other.max() - 1e-5
            worst = returns.max(axis=1) - returns[:, optimal].min(axis=1)
            expected[:, j] += float(table.start[start]) * worst
    np.testing.assert_allclose(losses(level, discount), expected, atol=1e-5)


def test_an_agent_that_pursues_a_goal_optimally_loses_nothing_of_it():
    loss = losses(WORLD.parse_level(APART), 0.95, 16)
    np.testing.assert_allclose(np.diag(loss), 0, atol=1e-5)


def test_cheese_and_corner_cannot_be_told_apart_where_the_cheese_is_in_the_corner():
    alike, apart = (losses(WORLD.parse_level(each), 0.95, 16) for each in (ALIKE, APART))
    assert np.abs(alike[:2, :2]).max() < 1e-5
    assert apart[0, 1] > 0.5
    assert apart[1, 0] > 0.4


def test_an_agent_without_a_goal_can_lose_everything():
    level = WORLD.parse_level(APART)
    table = solve.tabulate(WORLD, level)
    best = jax.vmap(partial(solve.optimal_values, num_steps=16), (None, 0, None))
    expected = best(table, GOALS, 0.95)[:3] @ table.start
    np.testing.assert_allclose(losses(level, 0.95, 16)[:3, 4], expected, rtol=1e-5)


def test_losses_scale_with_the_goal_that_is_lost():
    level = WORLD.parse_level(APART)
    table = eqx.filter_jit(solve.tabulate)(WORLD, level)
    doubled = eqx.tree_at(lambda goals: goals.weights, GOALS, 2 * GOALS.weights)
    twice = distinguishing(table, doubled, 0.95, num_steps=16)
    np.testing.assert_allclose(twice, 2 * losses(level, 0.95, 16), rtol=1e-4, atol=1e-5)
