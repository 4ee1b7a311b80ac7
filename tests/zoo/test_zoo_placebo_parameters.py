"""Agents with contents that nothing reads: goal pressure reads exactly nothing."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.unread import Unread
from goalscope.goals import reach
from goalscope.instruments.goal_pressure import GoalPressure
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.pressure_readings import READINGS
from goalscope.parameter_groups import find_group, flat_group
from goalscope.testing import check_agent
from goalscope.worlds.corner import Corner
from goalscope.zoo.placebo_parameters import PlaceboParametersKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KIND = PlaceboParametersKind()


def plant(dose, seed=0) -> Unread:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, WORLD, feature="corner", dose=dose)
    assert isinstance(agent, Unread)
    return agent


@pytest.mark.science
def test_its_contents_change_nothing_that_it_does():
    table = jax.tree.map(
        lambda leaf: leaf[0], draw_levels(jax.random.key(0), WORLD, num_levels=1).tables
    )
    agent = plant(1.0)
    emptied = eqx.tree_at(lambda agent: agent.contents, agent, jnp.zeros(8))
    one, other = (solve.policy_of(each, table) for each in (agent, emptied))
    assert jnp.array_equal(one, other)


def test_the_dose_is_the_size_of_the_contents():
    sizes = [
        np.mean([jnp.std(plant(dose, seed).contents) for seed in range(20)])
        for dose in KIND.doses
    ]
    np.testing.assert_allclose(sizes, KIND.doses, rtol=0.3)


@pytest.mark.parametrize("dose", [0.01, 10.0])
def test_goal_pressure_reads_exactly_nothing(dose):
    instrument = GoalPressure(reach(WORLD, "cheese"), num_levels=4)
    agent = plant(dose)
    reading = READ(instrument, agent)
    values = dict(zip(READINGS, reading.value, strict=True))
    exact = ("magnitude ratio", "signal to noise", "fisher ratio", "pressure")
    assert [float(values[name]) for name in exact] == [0, 0, 0, 0]
    assert values["goal share of step"] == 0
    assert values["loss when exchanged"] == 0
    assert np.isnan(values["noise scale"])
    assert np.all(reading.checks)


READ = eqx.filter_jit(
    lambda instrument, agent: instrument.measure(jax.random.key(1), agent, WORLD)
)


def test_the_agent_keeps_the_contract():
    agent = plant(1.0)
    check_agent(agent, WORLD, key=jax.random.key(2))
    assert flat_group(agent, find_group(agent, "goal")).size == 8
