"""Agents whose goal formed at a known checkpoint, and whose eyes at another."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.leaky import LeakyGoal
from goalscope.agents.unread import Unread
from goalscope.instruments.goal_parts import GoalParts
from goalscope.testing import check_instrument

KEY = jax.random.key(3)
NUM_CHECKPOINTS = 12
SEES_AT, WANTS_AT = 8, 4


@pytest.fixture(scope="module")
def instrument(goals):
    return GoalParts(goals[0], num_levels=4)


@pytest.fixture(scope="module")
def agent(world):
    """Return one that wants cheese from checkpoint 4 on, and sees well from 8 on.

    Before, it wants nothing, and perceives everything faintly.
    """
    rng = np.random.default_rng(0)
    own = LeakyGoal.init(rng, world, feature="cheese", rewarded="corner", leak=1.0)
    times = np.arange(NUM_CHECKPOINTS)
    stacked = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (NUM_CHECKPOINTS, *leaf.shape)), own
    )
    wants = jnp.asarray(times >= WANTS_AT, jnp.float32)[:, None]
    sees = jnp.asarray(np.where(times >= SEES_AT, 1.0, 0.3), jnp.float32)
    return dataclasses.replace(
        stacked,
        slot=stacked.slot * wants,
        perception=stacked.perception * sees[:, None, None],
    )


@pytest.fixture(scope="module")
def values(instrument, agent, world):
    reading = eqx.filter_jit(instrument.measure)(KEY, agent, world)
    return reading, dict(zip(instrument.readings, reading.value.tolist(), strict=True))


def test_the_goal_changes_when_it_was_made_to(values):
    reading, value = values
    assert value["restricted changes"] == pytest.approx(WANTS_AT / (NUM_CHECKPOINTS - 1))
    assert value["whole changes"] >= value["restricted changes"]
    assert value["lead"] == pytest.approx(
        value["whole changes"] - value["restricted changes"]
    )
    assert np.all(reading.checks)


def test_only_the_whole_earns_what_it_earns(values):
    _, value = values
    assert value["whole"] > value["restricted"] > value["excluded"]


def test_without_its_goal_the_agent_stays_what_it_was(values):
    reading, value = values
    assert value["excluded"] == pytest.approx(float(reading.control[1]), abs=1e-5)


@pytest.mark.science
def test_the_control_is_a_goal_that_nothing_reads(values, instrument, agent, world):
    reading, value = values
    contents = jnp.arange(NUM_CHECKPOINTS * 2.0).reshape(-1, 2)
    unread = Unread(agent, contents)
    found = eqx.filter_jit(instrument.measure)(KEY, unread, world).value
    np.testing.assert_allclose(found[:6], reading.control[:6], rtol=1e-4, atol=1e-5)
    assert found[0] == pytest.approx(value["whole"], rel=1e-5)


@pytest.mark.science
def test_the_instrument_keeps_the_contract(instrument, agent, world):
    check_instrument(instrument, world, agent, key=KEY)


def test_what_cannot_be_measured_is_refused(instrument, agent, world, goals):
    with pytest.raises(ValueError, match="2 levels"):
        GoalParts(goals[0], num_levels=1)
    short = jax.tree.map(lambda leaf: leaf[:3], agent)
    with pytest.raises(ValueError, match="at least 4 checkpoints"):
        eqx.filter_eval_shape(instrument.measure, KEY, short, world)
