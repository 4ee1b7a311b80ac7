"""Agents that wandered and agents that went somewhere, along training."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.lookup import LookupTable
from goalscope.agents.mlp import MLP
from goalscope.instruments.essential_dynamics import EssentialDynamics
from goalscope.testing import check_instrument
from goalscope.zoo.random_walk import RandomWalkKind

KEY = jax.random.key(2)
KIND = RandomWalkKind(num_checkpoints=20)
NUM_AGENTS = 24


@pytest.fixture(scope="module")
def instrument():
    return EssentialDynamics(num_levels=4, num_walks=39)


@pytest.fixture(scope="module")
def read(instrument, world):
    """Return the readings of many agents, by name."""
    measure = eqx.filter_vmap(instrument.measure, in_axes=(0, eqx.if_array(0), None))
    together = eqx.filter_jit(measure)

    def run(agents):
        stacked = jax.tree.map(lambda *each: jnp.stack(each), *agents)
        reading = together(jax.random.split(KEY, len(agents)), stacked, world)
        columns = np.asarray(reading.value).T
        return reading, dict(zip(instrument.readings, columns, strict=True))

    return run


def wandering(world, seed, dose=0.1) -> LookupTable:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, world, feature="cheese", dose=dose)
    assert isinstance(agent, LookupTable)
    return agent


def learning(world, seed, drift=0.05):
    """Return a table that wanders, and drifts in one direction."""
    walk = wandering(world, seed)
    direction = np.random.default_rng(seed + 999).standard_normal(walk.logits.shape[1:])
    times = np.arange(20)[:, None, None]
    logits = walk.logits + jnp.asarray(drift * times * direction, jnp.float32)
    return LookupTable(logits, walk.values, walk.sizes)


@pytest.mark.science
def test_the_instrument_keeps_the_contract(instrument, world):
    check_instrument(instrument, world, wandering(world, 0), key=KEY)


@pytest.mark.science
def test_agents_that_wander_have_no_excess(read, world):
    reading, values = read([wandering(world, seed) for seed in range(NUM_AGENTS)])
    assert abs(np.mean(values["excess"])) < 0.05
    assert abs(np.mean(values["persistence"])) < 0.03
    assert np.mean(values["p-value"] <= 0.05) <= 0.2
    assert 0.3 < np.mean(values["p-value"]) < 0.7
    assert np.all(reading.checks)


def test_agents_that_go_somewhere_are_found(read, world):
    _, values = read([learning(world, seed) for seed in range(NUM_AGENTS)])
    assert np.mean(values["p-value"] <= 0.05) > 0.9
    assert np.mean(values["excess"]) > 0.05
    assert np.mean(values["persistence"]) > 0.1


def test_an_agent_that_stands_still_has_not_moved(read, world):
    still = [wandering(world, seed, dose=0.0) for seed in range(NUM_AGENTS)]
    reading, values = read(still)
    assert not np.any(reading.checks[:, 1])
    assert np.all(values["first share"] == 0)
    assert np.all(values["p-value"] == 1)


@pytest.mark.science
def test_probabilities_do_not_hear_what_is_never_done(world):
    walk = wandering(world, 0)
    certain = LookupTable(walk.logits.at[..., 0].add(60.0), walk.values, walk.sizes)
    instrument = EssentialDynamics("probabilities", num_levels=4, num_walks=39)
    reading = eqx.filter_jit(instrument.measure)(KEY, certain, world)
    assert not reading.checks[1]


def test_what_cannot_be_measured_is_refused(instrument, world):
    with pytest.raises(ValueError, match="2 levels"):
        EssentialDynamics(num_levels=1)
    one = MLP.init(np.random.default_rng(0), world, widths=(4,))
    with pytest.raises(ValueError, match="leading axis of at least 3"):
        eqx.filter_eval_shape(instrument.measure, KEY, one, world)
