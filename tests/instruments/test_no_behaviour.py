"""No instrument says anything about an agent that has no behaviour."""

import importlib
import pkgutil

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import trials
from goalscope.agents.planted import ActionBiased
from goalscope.agents.recurrent import GRU
from goalscope.calibrating.planting import plant
from goalscope.discovery import find
from goalscope.instruments.first_choice import FirstChoice
from goalscope.instruments.goal_posterior import GoalPosterior

NUM_LEVELS = 6
KEY = jax.random.key(3)
TRIALS = sorted(module.name for module in pkgutil.iter_modules(trials.__path__))


def broken(agent):
    """Return the agent whose numbers are all NaN, as after training that diverged."""
    return jax.tree.map(
        lambda leaf: jnp.full_like(leaf, np.nan) if eqx.is_inexact_array(leaf) else leaf,
        agent,
    )


def assert_says_nothing(instrument, agent, world):
    reading = eqx.filter_jit(instrument.measure)(KEY, agent, world)
    for numbers in (reading.value, reading.lower, reading.upper):
        assert np.isnan(numbers).all()
    assert reading.checks.size
    assert not np.any(reading.checks)


@pytest.mark.parametrize("name", TRIALS)
def test_an_agent_without_behaviour_has_no_readings_and_fails_the_checks(name):
    trial = importlib.import_module(f"goalscope.trials.{name}").trial()
    worlds = trial.worlds()
    world = worlds["corner"] if "corner" in worlds else worlds["dish"]
    instrument = trial.instrument(world, NUM_LEVELS)
    if set(instrument.needs) <= {"behaviour", "world model"}:
        agent = ActionBiased(np.full(world.num_actions, np.nan, np.float32))
    else:
        kind = trial.cases[0].kind
        planted = plant(kind, world, half="tuning", seed=0, count=1).agents
        agent = broken(jax.tree.map(lambda leaf: leaf[0], planted))
    assert_says_nothing(instrument, agent, world)


def test_every_instrument_has_a_trial():
    assert len(TRIALS) == len(find("instruments"))


@pytest.mark.parametrize("kind", [GoalPosterior, FirstChoice])
def test_an_agent_with_memory_and_no_behaviour_has_no_readings(kind, goals, world, rng):
    agent = broken(GRU.init(rng, world, width=4, memory_size=3))
    assert_says_nothing(kind(goals, num_levels=NUM_LEVELS), agent, world)
