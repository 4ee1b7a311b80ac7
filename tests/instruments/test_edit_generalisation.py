"""Planners and their compiled twins: alike on stored levels, unlike on edited ones."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.compiled import compile_agent
from goalscope.agents.noisy import Noisy, PartlyBlind
from goalscope.agents.one_of import OneOf
from goalscope.agents.planner import Planner
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, reach
from goalscope.instruments.edit_generalisation import EditGeneralisation
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner
from goalscope.worlds.dish import Dish
from goalscope.worlds.fixed_levels import FixedLevels

WORLD = Corner(shifted_share=1.0, size=5, horizon=32)
NUM_AGENTS = 30
GOALS = (reach(WORLD, "cheese"), reach(WORLD, "corner"))
KINDS = ("planner", "table", "blind", "chance")


def _planner(beta=128.0):
    return Planner(WORLD, GOALS[0], beta, 0.9, WORLD.horizon)


@pytest.fixture(scope="module")
def fixed():
    return FixedLevels.sample(jax.random.key(0), WORLD, num_levels=24)


@pytest.fixture(scope="module")
def instrument():
    return EditGeneralisation(GOALS, num_levels=16)


@pytest.fixture(scope="module")
def measure(instrument, fixed):
    """Return what measures agents of all kinds with one program, each with its own key."""

    @eqx.filter_jit
    def measured(kind, betas):
        def one(item):
            key, beta = item
            planner = _planner(beta)
            table = compile_agent(planner, fixed, fixed.levels)
            blind = Noisy(PartlyBlind(planner, jnp.array([0.0, 1.0])), 0.05)
            agents = (planner, table, blind, ActionBiased(jnp.zeros(4)))
            return instrument.measure(key, OneOf(agents, kind), fixed)

        return jax.lax.map(one, (jax.random.split(jax.random.key(7), NUM_AGENTS), betas))

    betas = np.random.default_rng(0).choice([32.0, 64.0, 128.0], NUM_AGENTS)
    return lambda name: measured(jnp.int32(KINDS.index(name)), betas.astype(np.float32))


@pytest.fixture(scope="module")
def readings(measure):
    return measure("planner"), measure("table")


def _separation(one, other):
    """Return the probability that a reading of the first kind is the larger one (AUC)."""
    more = np.asarray(one)[:, None] - np.asarray(other)[None]
    return np.mean((more > 0) + 0.5 * (more == 0))


@pytest.mark.parametrize("name", ["goal moved", "path blocked", "fresh level"])
def test_planners_are_told_from_their_compiled_twins(readings, instrument, name):
    planner, twin = readings
    column = instrument.readings.index(name)
    assert _separation(planner.value[:, column], twin.value[:, column]) >= 0.95
    assert np.mean(planner.value[:, column]) > 0.7
    assert np.mean(twin.value[:, column]) < 0.35


def test_twins_cannot_be_told_apart_on_stored_levels(readings):
    planner, twin = (np.asarray(each.value[:, 0]) for each in readings)
    np.testing.assert_allclose(planner, twin, atol=1e-4)


def test_the_clone_of_a_planner_is_its_compiled_twin(readings):
    """A clone knows the levels that were drawn; on those it does what the agent does."""
    planner, twin = readings
    np.testing.assert_allclose(planner.control[:, 0], planner.value[:, 0], atol=1e-4)
    assert np.all(np.asarray(planner.checks)[:, 2])
    assert np.mean(planner.control[:, 1]) < 0.35
    assert np.mean(np.abs(twin.control[:, 1] - twin.value[:, 1])) < 0.3


def test_intervals_hold_the_value(readings):
    for reading in readings:
        known = np.isfinite(reading.value)
        assert np.array_equal(known, np.isfinite(reading.lower))
        assert np.all(np.asarray(reading.lower)[known] <= np.asarray(reading.value)[known])
        assert np.all(np.asarray(reading.value)[known] <= np.asarray(reading.upper)[known])


def test_who_is_blind_to_walls_follows_a_goal_and_not_a_way(instrument, measure):
    value = np.nanmean(np.asarray(measure("blind").value), axis=0)
    named = dict(zip(instrument.readings, value, strict=True))
    assert named["goal moved"] > 0.35
    assert named["path blocked"] < 0.5 * named["goal moved"]
    assert named["blocked/moved"] < 0.5


def test_chance_reads_nothing(measure):
    reading = measure("chance")
    np.testing.assert_allclose(reading.value[:, :4], 0, atol=1e-5)
    assert np.all(np.isnan(reading.value[:, 4]))
    assert not np.any(reading.checks[:, 0])


@pytest.mark.science
def test_the_instrument_keeps_its_contract(fixed):
    instrument = EditGeneralisation(GOALS[:1], num_levels=4)
    check_instrument(instrument, fixed, _planner(32.0), key=jax.random.key(3))


def test_an_agent_with_memory_is_read_in_the_same_form(instrument, fixed, remembering):
    planner, key = _planner(), jax.random.key(1)
    one, other = (
        eqx.filter_eval_shape(instrument.measure, key, agent, fixed)
        for agent in (planner, remembering(planner))
    )
    assert jax.tree.map(jnp.shape, one) == jax.tree.map(jnp.shape, other)


@pytest.mark.science
def test_an_agent_with_memory_is_read_alike(instrument, fixed, remembering):
    one, other = (
        eqx.filter_jit(instrument.measure)(jax.random.key(1), agent, fixed)
        for agent in (_planner(), remembering(_planner()))
    )
    np.testing.assert_allclose(one.value[:4], other.value[:4], atol=0.15)
    np.testing.assert_allclose(one.control[:4], other.control[:4], atol=1e-5)


def test_levels_may_also_come_from_elsewhere(fixed):
    dense = Corner(shifted_share=1.0, wall_density=0.0, size=5, horizon=32)
    instrument = EditGeneralisation(GOALS[:1], dense, num_levels=4)
    assert instrument.readings[4] == "elsewhere"
    planner = _planner()
    form = eqx.filter_eval_shape(instrument.measure, jax.random.key(0), planner, fixed)
    assert form.value.shape == (6,)
    wide = EditGeneralisation(GOALS[:1], Corner(size=7), num_levels=4)
    with pytest.raises(ValueError, match="shape"):
        eqx.filter_eval_shape(wide.measure, jax.random.key(0), planner, fixed)


@pytest.mark.science
def test_of_two_objects_the_agents_own_is_moved():
    world = Dish(shifted_share=1.0, size=4, horizon=24)
    goals = (reach(world, "cheese"), reach(world, "dish"))
    instrument = EditGeneralisation(goals, num_levels=8)
    planner = Planner(world, Goal(goals[1].weights, True, "built in"), 64.0, 0.9, 24)
    reading = eqx.filter_jit(instrument.measure)(jax.random.key(2), planner, world)
    assert reading.value[0] > 0.8
    assert reading.value[1] > 0.8


def test_goals_that_are_no_objects_alone_are_refused(fixed):
    instrument, planner = EditGeneralisation(GOALS[1:], num_levels=4), _planner()
    with pytest.raises(ValueError, match="no object 'corner'"):
        eqx.filter_eval_shape(instrument.measure, jax.random.key(0), planner, fixed)
    with pytest.raises(ValueError, match="2 levels"):
        EditGeneralisation(GOALS, num_levels=1)
