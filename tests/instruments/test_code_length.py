"""Lengths of codes against sending one decision after the other."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.goals import stack
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.code_length import READINGS, CodeLength
from goalscope.instruments.decisions import play
from goalscope.instruments.levels import draw_levels
from goalscope.testing import check_instrument

KEY = jax.random.key(11)
BETAS = np.array([1.0, 8.0, 64.0], np.float32)
NUM_LEVELS, NUM_DECISIONS = 16, 12


@pytest.fixture(scope="module")
def instrument(goals):
    return CodeLength(
        goals,
        inverse_temperatures=BETAS,
        num_levels=NUM_LEVELS,
        num_decisions=NUM_DECISIONS,
    )


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


@pytest.mark.science
def test_it_keeps_the_contract(instrument, world, agent):
    check_instrument(instrument, world, agent("cheese", 4.0), key=KEY)
    assert instrument.readings == READINGS


@pytest.mark.science
@pytest.mark.parametrize("kind", ["cheese", "up and left"])
def test_the_goal_takes_what_sending_decisions_one_by_one_takes(
    instrument, world, goals, agent, kind
):
    """The predictive probability of each action, given all decisions sent before."""
    k_levels, k_agent, _, _ = jax.random.split(KEY, 4)
    sheet = draw_levels(k_levels, world, num_levels=NUM_LEVELS)
    steps = {"num_steps": world.horizon}
    policies = soft_policies(
        sheet.tables, stack(goals), jnp.asarray(BETAS), jnp.float32(0.9), **steps
    )
    known = jax.jit(
        lambda key: play(
            key, agent(kind), world, sheet, stack(goals), num_decisions=NUM_DECISIONS
        )
    )(k_agent)
    policies = np.exp(np.asarray(policies, np.float64))
    belief, bits, number = np.full((2, 3), 1 / 6), 0.0, 0
    for level, step in zip(*np.nonzero(np.asarray(known.counted)), strict=True):
        state, action = known.states[level, step], known.actions[level, step]
        chances = policies[level, int(state), int(action)]
        bits -= np.log2(np.sum(belief * chances))
        belief = belief * chances / np.sum(belief * chances)
        number += 1
    reading = _measure(instrument, KEY, agent(kind), world)
    assert int(reading.count) == number
    assert reading.value[2] == pytest.approx(bits / number, rel=1e-3)
    assert reading.value[0] == pytest.approx(2 - bits / number, abs=1e-3)


def test_a_goal_saves_most_of_a_planner_and_a_table_most_of_a_habit(
    instrument, world, agent
):
    planner = _measure(instrument, KEY, agent("cheese", 64.0), world).value
    assert planner[0] > planner[1] + 0.3
    habit = _measure(instrument, KEY, agent("always up"), world).value
    assert habit[1] > habit[0] + 0.3


def test_nothing_saves_bits_of_random_behaviour(instrument, world, agent):
    keys = jax.random.split(KEY, 12)
    saved = [_measure(instrument, key, agent("chance"), world).value[:2] for key in keys]
    assert np.all(np.mean(saved, axis=0) < 0)
    random = [_measure(instrument, key, agent("random"), world).value[0] for key in keys]
    assert np.mean(random) < 0.05


def test_it_is_refused_if_it_cannot_be_measured(goals):
    with pytest.raises(ValueError, match="at least 2 levels"):
        CodeLength(goals, num_levels=1)
    with pytest.raises(ValueError, match="its negative as the goal"):
        CodeLength(goals, inverse_temperatures=np.array([-1.0]))
