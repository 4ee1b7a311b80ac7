"""Weights on goals: the planted ones come back, with intervals that hold them."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planner import Planner
from goalscope.goals import Goal, reach
from goalscope.instruments.linear_goal import LinearGoal
from goalscope.testing import check_instrument

NUM_LEVELS = 24


@pytest.fixture(scope="module")
def instrument(goals):
    return LinearGoal(goals, num_levels=NUM_LEVELS, num_decisions=16)


@pytest.fixture(scope="module")
def read(instrument, world, agent):
    measure = eqx.filter_jit(instrument.measure)

    def one(kind, strength=16.0, *, seed=0):
        agent_ = agent(kind, strength, seed=seed)
        return measure(jax.random.key(seed), agent_, world)

    return one


def assert_near(reading, truth):
    """Check that the first weights are those of `truth`, at four standard deviations."""
    values, upper = (np.asarray(x)[: len(truth)] for x in (reading.value, reading.upper))
    assert np.all(np.abs(values - truth) <= 4 * (upper - values) / 1.96)


def test_the_weight_of_the_goal_is_the_inverse_temperature(read):
    for kind, truth in (("cheese", (8.0, 0.0)), ("corner", (0.0, 8.0))):
        reading = read(kind, 8.0)
        assert_near(reading, truth)
        own = int(np.argmax(truth))
        assert reading.lower[own] > 2
        assert reading.value[2] > 0.05
        assert jnp.all(reading.checks)


def test_an_agent_that_flees_has_a_negative_weight(read):
    reading = read("cheese", -4.0)
    assert reading.value[0] < -1
    assert_near(reading, (-4.0, 0.0))


@pytest.mark.parametrize("kind", ["chance", "random"])
def test_what_has_no_goal_gains_nothing(read, kind):
    reading = read(kind, seed=2)
    assert reading.value[2] < 0.05
    assert abs(reading.value[0]) < 6


def test_a_mixed_goal_has_two_weights(instrument, world):
    weights = jnp.array([6.0, 3.0, 0.0, 0.0])
    agent = Planner(world, Goal(weights, True, "built in"), 1.0, 0.9, world.horizon)
    reading = eqx.filter_jit(instrument.measure)(jax.random.key(4), agent, world)
    assert_near(reading, (6.0, 3.0))
    assert reading.lower[0] > 1


def test_goals_that_always_go_together_are_not_identified(world, agent):
    twins = reach(world, "corner"), Goal(reach(world, "square").weights, True, "square")
    instrument = LinearGoal(twins, num_levels=4, num_decisions=8)
    reading = eqx.filter_jit(instrument.measure)(
        jax.random.key(0), agent("corner", 8.0), world
    )
    assert not bool(reading.checks[1])
    assert np.all(np.asarray(reading.upper - reading.lower)[:2] > 100)


def test_the_instrument_keeps_its_contract(instrument, world, agent):
    check_instrument(instrument, world, agent("cheese", 4.0), key=jax.random.key(1))


@pytest.mark.parametrize(
    "options",
    [{"num_levels": 7}, {"num_levels": 2}, {"num_decisions": 0}, {"discount": 1.0}],
)
def test_what_cannot_be_measured_is_refused(goals, options):
    with pytest.raises(ValueError, match=r"halves|discount"):
        LinearGoal(goals, **options)


def test_controls_ask_for_readings_that_exist(instrument):
    asked = {case.reading for case in instrument.controls()} - {"own goal"}
    assert asked <= set(instrument.readings)
    assert set(instrument.candidates) < set(instrument.readings)
