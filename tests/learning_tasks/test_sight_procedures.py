"""Procedures of the experiment, and training beside a slow loop of another optimiser."""

import equinox as eqx
import jax
import numpy as np
import optax
import pytest
from jax import numpy as jnp

from goalscope.experiments.first_sight import SIZES, first_sight
from goalscope.learning_tasks.examples import example, stacked
from goalscope.learning_tasks.growth import training_loss
from goalscope.learning_tasks.procedures import (
    along_training,
    at_start,
    over_all_inputs,
    visibility,
)
from goalscope.learning_tasks.training import Rule, course, start

TASK = {"kind": "addition", "modulus": 7, "share": 0.6}
NETWORK = {"width": 8, "activation": "quadratic"}
RULE = {"learning_rate": 1e-2, "decay": 1.0, "updates": 60}


def SILENT(value):  # noqa: N802
    return None


def test_training_steps_are_those_of_adam_with_decoupled_decay():
    network, cases = example(np.random.default_rng(0), TASK, NETWORK)
    rule = Rule(jnp.float32(1e-2), jnp.float32(0.5), jnp.int32(2))
    found, _ = course(stacked([network]), stacked([cases]), rule, num_looks=2)
    slow = optax.adamw(1e-2, b2=0.98, weight_decay=0.5)
    state = slow.init(network)  # pyright: ignore[reportArgumentType]
    for _ in range(4):
        gradient = eqx.filter_grad(training_loss)(network, cases)
        updates, state = slow.update(gradient, state, network)
        network = eqx.apply_updates(network, updates)
    for mine, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(network), strict=True):
        np.testing.assert_allclose(mine[0], theirs, rtol=2e-4, atol=2e-6)


def test_conditions_are_traced():
    """One program serves every share, rule of training and number of updates."""
    before = course._cached._cache_size()  # pyright: ignore[reportFunctionMemberAccess]
    for share, updates, rate in ((0.3, 60, 1e-2), (0.6, 120, 3e-3), (0.8, 180, 1e-3)):
        rule = {"learning_rate": rate, "decay": rate, "updates": updates}
        task = {**TASK, "share": share}
        along_training(np.arange(2), 0, SILENT, task=task, network=NETWORK, rule=rule)
    assert course._cached._cache_size() <= before + 1  # pyright: ignore[reportFunctionMemberAccess]


def test_an_agent_is_the_same_beside_any_others():
    for function, options in ((at_start, {}), (along_training, {"rule": RULE})):
        both = [
            function(np.array(numbers), 3, SILENT, task=TASK, network=NETWORK, **options)  # pyright: ignore[reportArgumentType]
            for numbers in ([0, 1, 2], [2])
        ]
        for name in both[0].readings:
            together, alone = (found.readings[name] for found in both)
            np.testing.assert_array_equal(together.value[2:], alone.value, name)
            np.testing.assert_array_equal(together.control[2:], alone.control, name)


def test_starts_read_shares_of_the_training_margin():
    network, cases = example(np.random.default_rng([3, 1]), TASK, NETWORK)
    growth = start(stacked([network]), stacked([cases]))
    found = at_start(np.array([1]), 3, SILENT, task=TASK, network=NETWORK)
    readings = found.readings["start"]
    value = readings.value[0, 0]
    ratio = float(growth.held[0] / growth.training[0])
    assert value[0] == pytest.approx(ratio, rel=1e-5)
    assert value[1] == float(ratio > 0)
    assert value[2] == float(ratio < 0)
    assert value[4] == pytest.approx(value[0] - value[3], abs=1e-5)
    assert value[8] == pytest.approx(-29 / 20)
    assert readings.control[0, 0, 0] == value[5]
    assert readings.checks.all()


def test_training_reads_every_look_and_shuffled_answers_predict_nothing():
    found = along_training(
        np.arange(2), 0, SILENT, task=TASK, network=NETWORK, rule=RULE, shuffle=True
    )
    assert found.updates == tuple(range(61))
    assert set(found.readings) == {"course"}
    assert found.readings["course"].value.shape == (2, 61, 11)
    with pytest.raises(ValueError, match="multiple of 60"):
        along_training(np.arange(2), 0, SILENT, task=TASK, rule={**RULE, "updates": 61})


def test_all_inputs_of_an_odd_parity_show_nothing():
    odd = over_all_inputs(np.arange(3), 0, SILENT, degree=3).readings["inputs"].value
    np.testing.assert_array_equal(odd[:, 0], [[np.nan, np.nan, 0.0]] * 3)
    even = over_all_inputs(np.arange(3), 0, SILENT, degree=2).readings["inputs"].value
    assert np.all(even[:, 0, 0] > 5)
    assert np.all(even[:, 0, 1] == 1)


def test_what_stands_out_is_told_by_its_size():
    pull = np.array([[3.0], [-2.0], [1.0], [0.5]])
    over, first, largest = visibility(pull, 2)
    assert (over, first, largest) == (pytest.approx(2.5 / 0.75), 1.0, 3.0)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_has_arms_for_its_claims(size):
    experiment = first_sight(**SIZES[size])
    named = {arm for claim in experiment.claims for arm in claim.arms_needed()}
    assert named <= set(experiment.arms)
    hashes = [claim.rule_hash() for claim in experiment.claims]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.science
def test_held_out_growth_turns_positive_before_addition_is_learnt():
    rule = {"learning_rate": 3e-3, "decay": 1.0, "updates": 1200}
    task, network = {**TASK, "modulus": 23}, {**NETWORK, "width": 128}
    found = along_training(
        np.arange(4), 0, SILENT, task=task, network=network, rule=rule
    ).readings["course"]
    value = found.value
    assert np.all(value[:, 0, 0] < 0)
    assert np.all(value[:, -1, 0] > 0.3)
    assert np.all(value[:, -1, 1] > 0.95)
    assert np.all(value[:, 0, 3] <= value[:, 0, 4])
