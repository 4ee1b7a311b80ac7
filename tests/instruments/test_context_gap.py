"""The same levels under two cues: what is read of agents whose gap is known."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.agents.gated import Gated
from goalscope.agents.planner import Planner
from goalscope.agents.planted import ActionBiased, RandomDeterministic
from goalscope.goals import Goal, reach, stack
from goalscope.instruments.context_gap import GAPS, ContextGap
from goalscope.instruments.contrasts import Contrast, contrast, jensen_shannon
from goalscope.instruments.levels import draw_levels
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued

WORLD = Cued(Corner(shifted_share=1.0, size=4, horizon=24))
GOALS = tuple(reach(WORLD, name) for name in ("cheese", "corner"))
INSTRUMENT = ContextGap(
    GOALS, inverse_temperatures=np.array([4.0, 32.0]), num_levels=24, num_decisions=12
)
KEY = jax.random.key(3)


def _gated(trained="cheese", deployed="corner", *, leak=0.0, weaker=1.0, random=False):
    """Return an agent with a goal and a β under each cue, or a random one of that shape."""
    betas = (64.0, 64.0 / weaker)
    planners = tuple(
        Planner(WORLD, Goal(reach(WORLD, name).weights, True, "built in"), beta, 0.9, 24)
        for name, beta in zip((trained, deployed), betas, strict=True)
    )
    shares = [[0, 0, 1]] * 2 if random else [[1 - leak, leak, 0], [0, 1, 0]]
    agents = (*planners, RandomDeterministic(jnp.uint32(7), 4))
    return Gated(agents, np.array(shares, np.float32), WORLD.cue_token)


def _habits(leak):
    """Return the same with habits in place of goals, which compiles faster."""
    one, other = np.array([2.0, 1, 0, 0]), np.array([0, 0, 1, 2.0])
    agents = tuple(ActionBiased(np.float32(habit)) for habit in (one, other))
    shares = np.array([[1 - leak, leak], [0, 1]], np.float32)
    return Gated(agents, shares, WORLD.cue_token)


@eqx.filter_jit
def _measure(instrument, agent):
    return instrument.measure(KEY, agent, WORLD)


def _read(agent, instrument=INSTRUMENT):
    reading = _measure(instrument, agent)
    return dict(zip(instrument.readings, np.asarray(reading.value), strict=True)), reading


def test_who_is_the_same_under_both_cues_has_no_gap():
    found, reading = _read(_gated("cheese", "cheese"))
    for name in GAPS[:7]:
        assert found[name] == pytest.approx(0, abs=1e-6), name
    assert found["goal kept"] > 0.9
    assert found["train: cheese"] > 0.95
    assert reading.checks.all()


def test_a_change_of_goal_is_found_and_named():
    found, reading = _read(_gated())
    assert found["compliance"] > 0.5
    assert found["compliance bound"] >= found["compliance"]
    assert found["goal changed"] > 0.9
    assert found["train: cheese"] > 0.95 < found["deploy: corner"]
    assert found["placebo divergence"] == pytest.approx(0, abs=1e-6)
    assert found["difference in divergence"] == pytest.approx(found["divergence"])
    assert reading.control[0] == pytest.approx(0, abs=1e-6)


def test_the_gap_shrinks_as_the_agent_leaks():
    gaps = [_read(_gated(leak=leak))[0]["compliance"] for leak in (0.0, 0.5, 1.0)]
    assert gaps[0] > gaps[1] > 0.05 > abs(gaps[2])


def test_who_is_only_weaker_keeps_its_goal():
    found, _ = _read(_gated("cheese", "cheese", weaker=4.0))
    assert found["divergence"] > 0.02
    assert found["goal changed"] < 0.05 < 0.9 < found["goal kept"]


def test_who_minds_every_sign_minds_the_placebo_as_well():
    found, reading = _read(_gated(random=True))
    assert found["divergence"] > 0.5 < found["placebo divergence"]
    assert abs(found["difference in divergence"]) < 0.15
    assert not reading.checks[0]


def test_the_goal_that_was_trained_for_can_be_named():
    first = jnp.broadcast_to(jnp.array([0.7, 0.2]), (5, 2, 2, 2))
    found = Contrast(first, jnp.zeros(5), jnp.zeros(5))
    assert int(INSTRUMENT._trained(found)) == 0
    assert int(ContextGap(GOALS, trained_for="corner")._trained(found)) == 1


def test_agents_with_memory_are_compared_in_episodes(remembering):
    """By simulation, the same as exactly, up to the error of 300 episodes."""

    @eqx.filter_jit
    def both(agent):
        sheet = draw_levels(KEY, WORLD, num_levels=300)
        exact = contrast(KEY, agent, WORLD, sheet, stack(GOALS))
        played = contrast(KEY, remembering(agent), WORLD, sheet, stack(GOALS))
        return exact, played

    exact, played = both(_habits(0.3))
    means = [np.asarray(found.first).mean(axis=0) for found in (exact, played)]
    np.testing.assert_allclose(*means, atol=0.1)
    np.testing.assert_array_equal(played.first[:, :, 0], played.first[:, :, 1])
    assert np.mean(played.cue) > 0.05
    np.testing.assert_allclose(played.placebo, 0, atol=1e-6)


def test_the_divergence_of_strangers_is_one_bit():
    half, sure = jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0])
    np.testing.assert_allclose(jensen_shannon(half, sure), 0.311278, atol=1e-6)
    np.testing.assert_allclose(jensen_shannon(sure, sure[::-1]), 1.0, rtol=1e-6)


@given(st.lists(st.floats(0.01, 1), min_size=6, max_size=6))
def test_the_divergence_is_half_the_information_of_each_about_which_it_was(numbers):
    one, other = (np.array(part) / np.sum(part) for part in (numbers[:3], numbers[3:]))
    middle = (one + other) / 2
    slow = sum(0.5 * np.sum(p * np.log2(p / middle)) for p in (one, other))
    fast = jensen_shannon(jnp.asarray(one, jnp.float32), jnp.asarray(other, jnp.float32))
    assert float(fast) == pytest.approx(max(slow, 0), abs=2e-6)


@pytest.mark.science
def test_the_instrument_keeps_the_contract():
    small = ContextGap(
        GOALS, inverse_temperatures=np.array([4.0]), num_levels=4, num_decisions=6
    )
    check_instrument(small, WORLD, _habits(0.5), key=KEY)


def test_a_world_without_cue_and_an_unknown_goal_are_refused():
    with pytest.raises(TypeError, match="shows no cue"):
        INSTRUMENT.measure(KEY, _gated(), WORLD.world)
    with pytest.raises(ValueError, match="trained_for='dish' is no candidate"):
        ContextGap(GOALS, trained_for="dish")
    with pytest.raises(ValueError, match="at least 2 levels"):
        ContextGap(GOALS, num_levels=1)
