"""Bits of planners, of chance, and of levels where they can be counted."""

from math import comb

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope.agents.planner import Planner
from goalscope.agents.planted import uniform
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.optimisation_power import OptimisationPower
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner

KEY = jax.random.key(9)
EMPTY = Corner(shifted_share=1.0, size=3, wall_density=0.0, horizon=16)


@pytest.fixture(scope="module")
def instrument(goals):
    return OptimisationPower(goals, num_levels=16, num_particles=64)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _planner(world, feature, strength):
    goal = reach(world, feature)
    return Planner(world, goal, strength, 0.9, world.horizon)


@pytest.mark.science
def test_it_keeps_the_contract(goals, world, rng):
    small = OptimisationPower(goals, num_levels=4, num_particles=8)
    check_instrument(small, world, uniform(rng, world), key=KEY)


@pytest.mark.science
def test_bits_are_for_the_goal_that_is_pursued(instrument, world):
    for which, feature in enumerate(("cheese", "corner")):
        reading = _measure(instrument, KEY, _planner(world, feature, 256.0), world)
        assert reading.value[which] > max(3, 2 * reading.value[1 - which])
        np.testing.assert_allclose(reading.value[which], reading.ceiling[which], rtol=0.25)
        assert reading.checks[0]


def test_bits_rise_with_how_well_it_is_pursued(instrument, world):
    strengths = (-64.0, 2.0, 16.0, 256.0)
    agents = [_planner(world, "cheese", strength) for strength in strengths]
    bits = [_measure(instrument, KEY, each, world).value[0] for each in agents]
    assert np.all(np.diff(bits) > 0)
    assert bits[0] < 1


def test_chance_has_hardly_any_bits(instrument, world, rng):
    reading = _measure(instrument, KEY, uniform(rng, world), world)
    assert np.all(reading.value < 1.44)
    assert np.all(reading.control < 1.44)


@pytest.mark.science
def test_bits_without_walls_are_those_of_counting_shortest_ways(instrument):
    """From `r` rows and `c` columns away, `C(r+c, r)` ways have probability `4^-(r+c)`.

    No longer way earns as much.
    """
    many = OptimisationPower(instrument.goals, num_levels=16, num_particles=512)
    reading = _measure(many, KEY, _planner(EMPTY, "cheese", 4096.0), EMPTY)
    levels = draw_levels(jax.random.split(KEY, 4)[0], EMPTY, num_levels=16).levels
    start, cheese = np.divmod(levels.start, 3), np.divmod(levels.cheese, 3)
    rows, columns = np.abs(np.array(start) - np.array(cheese))
    bits = [
        2 * (r + c) - np.log2(comb(r + c, r)) for r, c in zip(rows, columns, strict=True)
    ]
    assert reading.value[0] == pytest.approx(np.mean(bits), abs=0.15)
    assert reading.ceiling[0] == pytest.approx(np.mean(bits), abs=0.15)


def test_it_is_refused_if_it_cannot_be_measured(goals):
    with pytest.raises(ValueError, match="at least 2 levels"):
        OptimisationPower(goals, num_levels=1)
