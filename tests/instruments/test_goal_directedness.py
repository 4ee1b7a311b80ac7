"""Held-out goal-directedness: high for any goal, nothing for none."""

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope.instruments.goal_directedness import GoalDirectedness
from goalscope.testing import check_instrument

KEY = jax.random.key(3)
NUM_LEVELS = 15


@pytest.fixture(scope="module")
def read(goals, world, agent):
    instrument = GoalDirectedness(goals, num_levels=NUM_LEVELS)
    measure = eqx.filter_jit(instrument.measure)

    def one(kind, strength=32.0, *, seed=0):
        reading = measure(jax.random.key(seed), agent(kind, strength, seed=seed), world)
        names = instrument.readings
        numbers = {
            what: dict(zip(names, np.asarray(getattr(reading, what)), strict=True))
            for what in ("value", "lower", "upper", "ceiling", "effect")
        }
        return reading, numbers

    return one


def test_a_goal_predicts_nearly_all_that_can_be_predicted_of_a_planner(read):
    for kind in ("cheese", "corner", "far_corner"):
        _, numbers = read(kind)
        assert numbers["value"]["held_out"] > 0.15, kind
        assert numbers["effect"]["held_out"] > 0.8, kind
        assert numbers["value"]["percentile"] > 0.9, kind
        assert numbers["value"]["over_lookup"] > 0.05, kind


def test_a_stronger_goal_predicts_more(read):
    shares = [read("cheese", beta)[1]["value"]["held_out"] for beta in (2.0, 8.0, 32.0)]
    assert shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize("kind", ["random", "chance", "up and left", "always up"])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_has_no_goal_reads_none(read, kind, seed):
    _, numbers = read(kind, seed=seed)
    assert numbers["value"]["held_out"] <= 0.02
    assert numbers["value"]["over_lookup"] <= 0.02


def test_habits_predict_and_are_not_a_goal(read):
    _, numbers = read("up and left")
    assert numbers["value"]["over_chance"] > 0.1
    assert numbers["value"]["over_chance"] == pytest.approx(
        numbers["ceiling"]["over_chance"], abs=0.02
    )


def test_beta_is_that_of_the_planner_and_has_its_sign(read):
    _, numbers = read("cheese", 16.0)
    assert numbers["value"]["beta cheese"] == pytest.approx(16, rel=0.02)
    assert abs(numbers["value"]["beta corner"]) < 8
    reading, numbers = read("cheese", -4.0)
    assert numbers["value"]["beta cheese"] == pytest.approx(-4, rel=0.05)
    assert numbers["upper"]["beta cheese"] < 0
    assert bool(reading.checks[1])


def test_an_agent_that_could_not_be_better_has_no_known_beta(read):
    reading, numbers = read("cheese", 1e5)
    assert numbers["value"]["beta cheese"] == pytest.approx(256, rel=0.01)
    assert not bool(reading.checks[1])


def test_the_instrument_keeps_its_contract(goals, world, agent):
    instrument = GoalDirectedness(goals, num_levels=NUM_LEVELS)
    check_instrument(instrument, world, agent("cheese", 4.0), key=KEY)


def test_an_agent_with_memory_is_read_from_what_it_does(
    goals, world, agent, remembering, read
):
    instrument = GoalDirectedness(goals, num_levels=NUM_LEVELS)
    measure = eqx.filter_jit(instrument.measure)
    _, exact = read("cheese")
    played = measure(jax.random.key(0), remembering(agent("cheese")), world)
    value = dict(zip(instrument.readings, np.asarray(played.value), strict=True))
    assert 0 <= value["held_out"] < exact["value"]["held_out"] + 0.2
    assert value["beta cheese"] > 4
    assert 0 < int(played.count) < NUM_LEVELS * 10


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"num_levels": 10}, "take 9"),
        ({"num_levels": 0}, "take 3"),
        ({"discount": 1.0}, "discount"),
    ],
)
def test_what_cannot_be_measured_is_refused(goals, options, reason):
    with pytest.raises(ValueError, match=reason):
        GoalDirectedness(goals, **options)


def test_controls_ask_for_readings_that_exist(goals):
    instrument = GoalDirectedness(goals)
    assert {case.reading for case in instrument.controls()} <= set(instrument.readings)
    assert instrument.question
    assert instrument.unit
