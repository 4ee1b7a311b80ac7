"""Time to think helps who thinks, and nobody else."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planner import Planner
from goalscope.agents.prepared import Prepared, memories
from goalscope.agents.recurrent import GRU
from goalscope.agents.thinker import Thinker
from goalscope.goals import reach
from goalscope.instruments.thinking_time import ThinkingTime
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner

WORLD = Corner(shifted_share=1.0, size=5, horizon=32)
CHEESE = reach(WORLD, "cheese")
KEY = jax.random.key(4)


@pytest.fixture(scope="module")
def instrument():
    return ThinkingTime((CHEESE, reach(WORLD, "corner")), (1, 4, 12), num_levels=24)


@pytest.fixture(scope="module")
def measure(instrument):
    jitted = eqx.filter_jit(instrument.measure)
    return lambda agent, key=KEY: jitted(key, agent, WORLD)


def _thinker(sweeps):
    return Thinker(WORLD, CHEESE, 64.0, 0.9, sweeps, max_sweeps=4)


@pytest.mark.science
def test_an_agent_that_plans_as_it_goes_gains_from_time(measure):
    gains = []
    for sweeps in (1, 2, 4):
        reading = measure(_thinker(sweeps))
        gains.append(float(reading.value[0]))
        assert np.all(np.diff(reading.value[1:]) > -0.02)
        assert reading.value[-1] > 0.95
    assert gains[0] > 0.05
    assert gains == sorted(gains, reverse=True)


def test_the_gain_exceeds_that_of_time_spent_on_another_level(measure):
    reading = measure(_thinker(1))
    assert reading.value[0] > reading.control[0] + 0.02


@pytest.mark.parametrize("seed", range(3))
def test_for_an_agent_without_memory_it_is_exactly_zero(measure, seed):
    planner = Planner(WORLD, CHEESE, 16.0, 0.9, WORLD.horizon)
    reading = measure(planner, jax.random.key(seed))
    assert float(reading.value[0]) == float(reading.lower[0]) == 0.0
    assert float(reading.upper[0]) == float(reading.control[0]) == 0.0
    assert np.unique(np.asarray(reading.value[1:])).size == 1


def test_a_memory_that_only_counts_gains_exactly_nothing(measure, remembering):
    """Random numbers are the same for every dose, and so is the agent inside."""
    planner = Planner(WORLD, CHEESE, 16.0, 0.9, WORLD.horizon)
    reading = measure(remembering(planner))
    assert float(reading.value[0]) == 0.0


@pytest.mark.science
def test_the_best_number_of_calls_is_not_chosen_by_luck(measure, rng):
    """Untrained recurrent agents: gains are as often losses."""
    gains = []
    for seed in range(8):
        agent = GRU.init(np.random.default_rng(seed), WORLD, width=8, memory_size=6)
        loud = eqx.tree_at(lambda a: a.policy.weight, agent, agent.policy.weight * 300)
        gains.append(float(measure(loud, jax.random.key(seed)).value[0]))
    assert abs(np.mean(gains)) < 0.08


def test_memories_are_those_of_so_many_calls():
    agent = _thinker(1)

    @jax.jit
    def prepare():
        level = WORLD.sample_level(KEY)
        context = agent.embed(WORLD.observe_level(level))
        tokens = WORLD.observe_state(level, WORLD.reset(level))
        return context, tokens, memories(agent, context, tokens, (0, 2, 3))

    context, tokens, found = prepare()
    call = jax.jit(lambda kept: agent(context, tokens, kept).memory)
    kept = agent.initial_memory()
    assert np.array_equal(found[0], kept)
    for calls in (1, 2, 3):
        kept = call(kept)
        if calls > 1:
            np.testing.assert_allclose(found[calls - 1], kept, atol=1e-6)
    prepared = Prepared(agent, found[2])
    assert np.array_equal(prepared.initial_memory(), found[2])


@pytest.mark.science
def test_the_instrument_keeps_its_contract():
    instrument = ThinkingTime((CHEESE,), (1, 2), num_levels=4)
    check_instrument(instrument, WORLD, _thinker(1), key=KEY)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"extra_calls": ()}, "ascend"),
        ({"extra_calls": (0, 1)}, "ascend"),
        ({"extra_calls": (2, 1)}, "ascend"),
        ({"num_levels": 5}, "even"),
        ({"discount": jnp.float32(1.5)}, "discount"),
    ],
)
def test_an_impossible_instrument_is_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        ThinkingTime((CHEESE,), **options)
