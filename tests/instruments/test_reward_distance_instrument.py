"""Distances of goals that agents were built with, and of rewards written out in full."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planner import Planner
from goalscope.goals import Goal, collect, reach, stack
from goalscope.instruments.goal_geometry import cosines_of, inner_products
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.reward_distance import KINDS, RewardDistance
from goalscope.tabular import reward_distance
from goalscope.testing import check_instrument

KEY = jax.random.key(4)
NUM_LEVELS = 12


@pytest.fixture(scope="module")
def instrument(goals):
    return RewardDistance(
        goals[0],
        goals,
        inverse_temperatures=np.array([1.0, 8.0, 64.0]),
        num_levels=NUM_LEVELS,
        num_decisions=16,
    )


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


@pytest.mark.science
def test_it_keeps_the_contract(instrument, world, agent):
    check_instrument(instrument, world, agent("cheese", 4.0), key=KEY)
    assert instrument.readings == ("cheese", "corner", *KINDS)


def test_an_agent_with_the_intended_goal_reads_zero_and_its_enemy_one(
    instrument, world, agent
):
    friend = _measure(instrument, KEY, agent("cheese"), world)
    np.testing.assert_allclose(friend.value[jnp.array([0, 2, 3, 4])], 0, atol=0.02)
    assert friend.upper[2] < 0.1 < friend.value[1]
    enemy = _measure(instrument, KEY, agent("cheese", -32.0), world)
    np.testing.assert_allclose(enemy.value[jnp.array([0, 2, 3, 4])], 1, atol=0.15)
    proxy = _measure(instrument, KEY, agent("corner"), world)
    np.testing.assert_allclose(proxy.value[1], 0, atol=0.02)
    np.testing.assert_allclose(proxy.value[0], friend.value[1], atol=0.02)


def test_an_agent_without_a_goal_is_about_as_far_as_goals_at_random(
    instrument, world, agent
):
    reading = _measure(instrument, KEY, agent("chance"), world)
    np.testing.assert_allclose(reading.value, np.sqrt(0.5), atol=0.1)
    np.testing.assert_allclose(reading.control[2:], np.sqrt(0.5), atol=0.1)
    assert jnp.all(reading.upper - reading.lower < 1 + 1e-6)


@pytest.mark.science
def test_who_takes_either_of_two_goals_is_between_them(instrument, world, goals):
    weights = (goals[0].weights + goals[1].weights) / 2
    torn = Planner(world, Goal(weights, True, "either"), 64.0, 0.9, world.horizon)
    reading = _measure(instrument, KEY, torn, world)
    assert jnp.all((reading.value > 0.1) & (reading.value < 0.65))


def test_factors_of_the_intended_goal_make_no_difference_but_its_sign_does(
    instrument, world, agent
):
    plain = _measure(instrument, KEY, agent("corner", 6.0), world)
    twice, against = (
        eqx.tree_at(lambda each: each.intended.weights, instrument, weights)
        for weights in (3 * instrument.intended.weights, -instrument.intended.weights)
    )
    scaled = _measure(twice, KEY, agent("corner", 6.0), world)
    np.testing.assert_allclose(scaled.value, plain.value, atol=1e-3)
    opposite = _measure(against, KEY, agent("cheese"), world)
    np.testing.assert_allclose(opposite.value[2:], 1, atol=0.02)


@pytest.mark.science
def test_distances_are_those_of_the_whole_level_written_out(instrument, world):
    """States of all levels as one process with a last state, in double precision."""
    goals = (reach(world, "cheese"), collect(world, "corner"))
    instrument = eqx.tree_at(lambda each: each.goals, instrument, goals)
    instrument = eqx.tree_at(lambda each: each.intended, instrument, goals[0])
    sheet = draw_levels(KEY, world, num_levels=3)
    found = jnp.sum(jax.lax.map(instrument._products, sheet.tables), axis=0)
    inner = np.zeros((2, 2))
    for level in range(3):
        table = jax.tree.map(
            lambda leaf, level=level: np.asarray(leaf)[level], sheet.tables
        )
        forms = [_full_form(table, goal) for goal in goals]
        asked = (np.asarray(table.start) > 0) & ~table.terminal
        forms = [form[:-1][asked] / np.sqrt(4 * asked.sum()) for form in forms]
        inner += [[np.sum(one * other) for other in forms] for one in forms]
    np.testing.assert_allclose(found[0, :2, :2], inner, rtol=1e-4, atol=1e-6)


def _full_form(table, goal):
    rewards = np.asarray(table.features) @ np.asarray(goal.weights)
    num_states = len(rewards)
    over = table.terminal[table.successors] | (bool(goal.once) & (rewards != 0))
    successors = np.where(over, num_states, table.successors)
    successors = np.vstack([successors, np.full((1, 4), num_states)])
    rewards = np.vstack([rewards, np.zeros((1, 4))])
    with jax.enable_x64(True):
        tiled = np.broadcast_to(rewards[..., None], (*rewards.shape, num_states + 1))
        dynamics = np.eye(num_states + 1)[successors]
        form = reward_distance.value_form(
            jnp.asarray(tiled, jnp.float64), jnp.asarray(dynamics), 0.9
        )
        return np.asarray(form)


def test_an_intended_goal_that_never_pays_has_no_distance(instrument, world, agent):
    nothing = jnp.zeros(world.num_features)
    idle = eqx.tree_at(lambda each: each.intended.weights, instrument, nothing)
    reading = _measure(idle, KEY, agent("cheese"), world)
    assert jnp.all(jnp.isnan(reading.value[2:]))
    assert jnp.all(jnp.isfinite(reading.value[:2]))
    assert reading.checks.tolist()[1] is False


def test_a_proxy_that_asks_for_the_same_is_noticed(instrument, world, agent):
    cheese = instrument.goals[0]
    twin = Goal(cheese.weights, cheese.once, "corner")
    same = eqx.tree_at(lambda each: each.goals, instrument, (cheese, twin))
    reading = _measure(same, KEY, agent("cheese"), world)
    assert reading.checks.tolist()[2] is False
    assert _measure(instrument, KEY, agent("cheese"), world).checks[2]


def test_it_is_refused_if_it_cannot_be_measured(goals):
    with pytest.raises(ValueError, match="stay finite"):
        RewardDistance(goals[0], goals, discount=1.0)
    with pytest.raises(ValueError, match="at least 2 levels"):
        RewardDistance(goals[0], goals, num_levels=1)


@pytest.mark.parametrize("scale", [1e-20, 1e-9, 1e20])
def test_the_angle_between_goals_does_not_know_their_units(sheet, goals, scale):
    table = jax.tree.map(lambda leaf: leaf[0], sheet.tables)
    scaled = Goal(goals[0].weights * scale, goals[0].once, "")
    cosines = cosines_of(inner_products(table, stack((*goals, scaled)), 0.9))
    np.testing.assert_allclose(cosines[:, 0, 2], 1, atol=1e-5)
    np.testing.assert_allclose(cosines[:, 1, 2], cosines[:, 1, 0], atol=1e-5)
