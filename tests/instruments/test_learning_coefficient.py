"""Learning coefficients of agents for which they are known exactly."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planted import ActionBiased
from goalscope.agents.recurrent import GRU
from goalscope.agents.reduced_rank import ReducedRankPolicy, exact_coefficients
from goalscope.agents.unread import Unread
from goalscope.instruments.behaviour_probes import divergence, draw_probes
from goalscope.instruments.learning_coefficient import LearningCoefficient
from goalscope.instruments.levels import draw_levels
from goalscope.parameter_groups import ParameterGroup
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner

KEY = jax.random.key(1)
PARTS = ("goal", "capability")


@eqx.filter_jit
def read(instrument, agents, world):
    keys = jax.random.split(KEY, 4)
    measure = eqx.filter_vmap(instrument.measure, in_axes=(0, eqx.if_array(0), None))
    return measure(keys, agents, world)


def planted(world, rank):
    agents = [
        ReducedRankPolicy.init(np.random.default_rng(seed), world, rank=rank)
        for seed in range(4)
    ]
    return jax.tree.map(lambda *each: jnp.stack(each), *agents)


@pytest.mark.parametrize("rank", [pytest.param(1, marks=pytest.mark.science), 2, 3])
def test_groups_of_a_planted_agent_read_their_coefficient(rank):
    world = Corner(shifted_share=1.0, size=7)
    agents = planted(world, rank)
    reading = read(LearningCoefficient(), agents, world)
    first = jax.tree.map(lambda leaf: leaf[0], agents)
    exact = exact_coefficients(first, rank)
    means = np.mean(reading.value, axis=0)
    np.testing.assert_allclose(means, [exact[part] for part in PARTS], rtol=0.18)
    assert np.all(reading.control == 0)
    assert np.all(reading.lower < reading.value)
    assert np.mean(reading.checks) > 0.5


@pytest.mark.science
def test_all_parameters_of_a_planted_agent_read_their_coefficient():
    world = Corner(shifted_share=1.0, size=7)
    instrument = LearningCoefficient(parts=("all",), num_draws=8000, num_burn_in=4000)
    for rank in (1, 2, 3):
        reading = read(instrument, planted(world, rank), world)
        assert np.mean(reading.value) == pytest.approx(4.5 + rank, rel=0.1)


@pytest.fixture(scope="module")
def small():
    return LearningCoefficient(
        num_chains=1, num_burn_in=20, num_draws=100, num_levels=2, num_states=4
    )


def test_the_instrument_keeps_the_contract(small, world):
    agent = ReducedRankPolicy.init(np.random.default_rng(0), world, rank=2)
    check_instrument(small, world, agent, key=KEY)


def test_contents_that_nothing_reads_have_coefficient_zero(small, world):
    rng = np.random.default_rng(0)
    agent = Unread(ReducedRankPolicy.init(rng, world, rank=2), rng.standard_normal(3))
    reading = eqx.filter_jit(small.measure)(KEY, agent, world)
    assert reading.value[0] == 0
    assert reading.value[1] > 0
    assert reading.ceiling[0] == 1.5
    assert np.all(reading.control == 0)


@pytest.mark.science
def test_the_loss_may_be_the_training_objective(small, world, goals):
    trained = dataclasses.replace(small, objective=goals[0], num_draws=20)
    agent = ReducedRankPolicy.init(np.random.default_rng(0), world, rank=2)
    reading = eqx.filter_jit(trained.measure)(KEY, agent, world)
    assert np.all(np.isfinite(reading.value))
    assert not np.all(reading.checks)


def test_settings_that_are_far_too_short_are_refused(small, world):
    agent = ReducedRankPolicy.init(np.random.default_rng(0), world, rank=2)
    hasty = dataclasses.replace(small, step_size=1e-3)
    reading = eqx.filter_jit(hasty.measure)(KEY, agent, world)
    assert not reading.checks[0]


def test_what_cannot_be_measured_is_refused(small, world):
    with pytest.raises(ValueError, match="names of groups"):
        LearningCoefficient(parts=("goal", "goal"))
    with pytest.raises(ValueError, match="at least 1 state"):
        LearningCoefficient(num_states=0)
    rng = np.random.default_rng(0)
    memory = GRU.init(rng, world, width=4, memory_size=3)
    with pytest.raises(TypeError, match="memory"):
        eqx.filter_eval_shape(small.measure, KEY, memory, world)
    agent = ReducedRankPolicy.init(rng, world, rank=1)
    absent = dataclasses.replace(
        small, parts=("eyes",), groups=(ParameterGroup("eyes", ("retina",)),)
    )
    with pytest.raises(ValueError, match="holds no parameter"):
        eqx.filter_eval_shape(absent.measure, KEY, agent, world)


def test_an_agent_that_masks_actions_does_not_diverge_from_itself():
    world = Corner(size=3, horizon=8)
    agent = ActionBiased(np.array([0, 0, -np.inf, -np.inf], np.float32))
    tables = draw_levels(KEY, world, num_levels=2).tables
    probes = draw_probes(KEY, agent, tables, 3, world.horizon)
    assert float(divergence(agent, probes)) == pytest.approx(0, abs=1e-6)
