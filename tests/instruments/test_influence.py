"""The influence of things at a distance ends where a planner's sight ends."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.compiled import compile_agent
from goalscope.agents.planner import Planner
from goalscope.agents.planted import RandomDeterministic, uniform
from goalscope.goals import reach
from goalscope.instruments.influence import Influence
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner
from goalscope.worlds.fixed_levels import FixedLevels

WORLD = Corner(shifted_share=1.0, size=5, horizon=32)
CHEESE = reach(WORLD, "cheese")
KEY = jax.random.key(4)


@pytest.fixture(scope="module")
def fixed():
    return FixedLevels.sample(jax.random.key(0), WORLD, num_levels=48)


@pytest.fixture(scope="module")
def measure(fixed):
    jitted = eqx.filter_jit(Influence((CHEESE,), max_distance=5, num_levels=48).measure)
    return lambda agent, key=KEY: jitted(key, agent, fixed)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_planner_is_influenced_as_far_as_it_sees(measure, depth):
    """With `k` backups, it sees what is `k + 1` steps away."""
    reading = measure(Planner(WORLD, CHEESE, 32.0, 0.9, depth))
    assert reading.value[0] == reading.lower[0] == reading.upper[0] == depth + 1
    felt = np.asarray(reading.value[1:])
    assert np.all(felt[: depth + 1] > 0.5)
    assert np.all(felt[depth + 1 :] < 1e-5)


def test_irrelevant_edits_hardly_matter_to_a_planner(measure):
    reading = measure(Planner(WORLD, CHEESE, 64.0, 0.9, WORLD.horizon))
    assert reading.value[0] == 5
    assert reading.control[0] == 0
    assert np.all(np.asarray(reading.control[1:]) < 0.02)


def test_influence_fades_for_a_discounting_planner(measure):
    felt = np.asarray(measure(Planner(WORLD, CHEESE, 32.0, 0.5, WORLD.horizon)).value)
    assert np.all(np.diff(felt[1:]) < 0)
    assert felt[0] >= 2


def test_chance_and_tables_feel_nothing(measure, fixed, rng):
    """A table does not see an edit that leaves its level the nearest."""
    reading = measure(uniform(rng, WORLD))
    np.testing.assert_allclose(reading.value, 0, atol=1e-6)
    assert not reading.checks[1]


def test_a_table_is_influenced_less_than_the_planner_it_copied(measure, fixed):
    planner = Planner(WORLD, CHEESE, 64.0, 0.9, WORLD.horizon)
    table = compile_agent(planner, fixed, fixed.levels)
    ours, theirs = (np.asarray(measure(agent).value[1:]) for agent in (table, planner))
    assert np.sum(ours) < 0.5 * np.sum(theirs)


def test_who_acts_differently_in_every_level_is_not_influenced(measure, rng):
    """Every edit changes what a hash of the level does, relevant or not."""
    for _ in range(3):
        reading = measure(RandomDeterministic.init(rng, WORLD))
        assert reading.value[0] == 0
        assert np.all(np.asarray(reading.value[1:]) > 1)


@pytest.mark.science
def test_the_instrument_keeps_its_contract():
    instrument = Influence((CHEESE,), max_distance=3, num_levels=12)
    planner = Planner(WORLD, CHEESE, 4.0, 0.9, WORLD.horizon)
    check_instrument(instrument, WORLD, planner, key=KEY)


@pytest.mark.science
def test_distances_wider_than_the_levels_are_not_measured():
    world = Corner(shifted_share=1.0, size=2, horizon=8)
    goal = reach(world, "cheese")
    instrument = Influence((goal,), max_distance=3, num_levels=8)
    planner = Planner(world, goal, 4.0, 0.9, 8)
    reading = eqx.filter_jit(instrument.measure)(KEY, planner, world)
    assert np.isnan(reading.value[3])
    assert not reading.checks[0]


def test_goals_that_are_no_objects_are_refused(fixed):
    instrument = Influence((CHEESE, reach(WORLD, "corner")), num_levels=4)
    planner = Planner(WORLD, CHEESE, 4.0, 0.9, WORLD.horizon)
    with pytest.raises(ValueError, match="no object 'corner'"):
        eqx.filter_eval_shape(instrument.measure, KEY, planner, fixed)
    with pytest.raises(ValueError, match="threshold"):
        Influence((CHEESE,), jnp.float32(-1.0))
    with pytest.raises(ValueError, match="1 distance"):
        Influence((CHEESE,), max_distance=0)
