"""Goal pressure on agents whose leak is known, and on a bandit written out by hand."""

import dataclasses

import equinox as eqx
import jax
import jax.flatten_util
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.leaky import LeakyGoal
from goalscope.agents.mlp import MLP
from goalscope.agents.recurrent import GRU
from goalscope.agents.reduced_rank import ReducedRankPolicy
from goalscope.dynamics.noise_ratio import signal_to_noise
from goalscope.instruments.goal_pressure import GoalPressure
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.pressure_readings import READINGS
from goalscope.instruments.pressure_terms import (
    behaviour_changes,
    exchanged,
    expected_return,
    flat_gradients,
    step_along,
    take_apart,
)
from goalscope.parameter_groups import ParameterGroup, find_group
from goalscope.testing import check_instrument

KEY = jax.random.key(0)
LEAKS = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
NUM_LEVELS = 16


@pytest.fixture(scope="module")
def instrument(goals):
    return GoalPressure(goals[0], toward=goals[1], num_levels=NUM_LEVELS)


@pytest.fixture(scope="module")
def leaky(world):
    rng = np.random.default_rng(0)
    return LeakyGoal.init(rng, world, feature="corner", rewarded="cheese", leak=0.1)


@eqx.filter_jit
def read(instrument, agent, world):
    return instrument.measure(KEY, agent, world)


@pytest.fixture(scope="module")
def by_leak(instrument, world, leaky):
    """Return the readings of agents that differ in their leak, on the same levels."""
    agents = [dataclasses.replace(leaky, leak=leak) for leak in LEAKS]
    return [read(instrument, agent, world) for agent in agents]


def column(readings, name, field="value"):
    return np.array([getattr(r, field)[READINGS.index(name)] for r in readings])


def test_the_instrument_keeps_the_contract(instrument, world):
    agent = ReducedRankPolicy.init(np.random.default_rng(1), world, rank=3)
    check_instrument(instrument, world, agent, key=KEY)


def test_training_and_deployment_are_worlds_of_one_kind(instrument, world, leaky):
    later = dataclasses.replace(instrument, deploy=dataclasses.replace(world, size=5))
    with pytest.raises(ValueError, match="worlds of one kind"):
        eqx.filter_eval_shape(later.measure, KEY, leaky, world)


def test_the_magnitude_ratio_is_linear_in_the_leak(by_leak):
    ratios = column(by_leak, "magnitude ratio")
    assert ratios[0] == 0
    slopes = ratios[1:5] / LEAKS[1:5]
    np.testing.assert_allclose(slopes, slopes[0], rtol=0.2)
    assert np.all(np.diff(ratios) > 0)


def test_signal_to_noise_does_not_see_how_small_the_leak_is(by_leak):
    ratios = column(by_leak, "signal to noise")
    assert ratios[0] == 0
    np.testing.assert_allclose(ratios[1:4], ratios[1], rtol=0.25)
    capable = column(by_leak, "capability signal to noise")
    assert np.all(capable > 0)


def test_the_part_of_a_step_that_is_the_goal_falls_with_the_fourth_power(by_leak):
    shares = column(by_leak, "goal share of step")
    assert shares[0] == 0
    assert shares[3] / shares[2] == pytest.approx(3.0**4, rel=0.3)
    fisher = column(by_leak, "fisher ratio")
    assert fisher[3] / fisher[2] == pytest.approx(3.0**2, rel=0.2)


def test_placebo_reads_exactly_nothing_and_checks_hold(by_leak):
    for name in ("magnitude ratio", "signal to noise", "goal share of step", "pressure"):
        assert np.all(column(by_leak, name, "control") == 0)
    assert all(np.all(reading.checks) for reading in by_leak[:6])


@pytest.mark.parametrize("sign", [1, -1])
def test_training_pushes_towards_what_it_pays_for(sign, instrument, world, leaky, goals):
    paid = eqx.tree_at(lambda goal: goal.weights, goals[1], sign * goals[0].weights)
    value = read(dataclasses.replace(instrument, toward=paid), leaky, world).value
    assert sign * value[READINGS.index("pressure")] > 0.8


def test_only_a_goal_that_acts_loses_when_it_is_exchanged(
    by_leak, instrument, world, leaky
):
    assert column(by_leak, "loss when exchanged")[0] == 0
    own = dataclasses.replace(leaky, slot=leaky.rewarded, leak=1.0)
    lost = dict(zip(READINGS, read(instrument, own, world).value, strict=True))
    assert lost["loss when exchanged"] > 0.1
    assert lost["loss when ablated"] > 0.1


def test_one_world_twice_has_a_step_ratio_near_one(by_leak):
    ratios = by_leak[3]
    index = READINGS.index("step ratio")
    assert 0.3 < ratios.value[index] < 3
    assert ratios.lower[index] < 1 < ratios.upper[index]


@pytest.fixture(scope="module")
def terms(world, goals):
    """Return a small network in pieces, with its tables and gradients."""
    agent = MLP.init(np.random.default_rng(2), world, widths=(5,))
    groups = (
        ParameterGroup("goal", ("policy",)),
        ParameterGroup("capability", ("level", "tokens")),
    )
    parts, build = take_apart(
        agent, *(find_group(agent, group.name, groups) for group in groups)
    )
    tables = draw_levels(KEY, world, num_levels=4).tables
    each = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4), goals[0])

    def earned(parts, table, goal):
        return expected_return(build(parts), table, goal, jnp.float32(0.9), num_steps=200)

    run = eqx.filter_jit(lambda: flat_gradients(parts, earned, tables, each))
    return agent, parts, build, tables, earned, run()


def test_gradients_are_those_of_the_policy_gradient_theorem(terms, goals):
    agent, _, _, tables, _, (_, gradients) = terms
    table = jax.tree.map(lambda leaf: leaf[0], tables)

    @eqx.filter_jit
    def surrogate_gradient(agent):
        policy = solve.policy_of(agent, table)
        values = solve.evaluate(table, policy, goals[0], 0.9, num_steps=200)
        visits = solve.occupancy(table, policy, goals[0], 0.9, num_steps=200)
        rewards, going = solve.payments(table, goals[0])
        actions = rewards + 0.9 * going * values[table.successors]

        def surrogate(agent):
            chosen = solve.policy_of(agent, table)
            return jnp.sum(visits[:, None] * chosen * actions)

        return eqx.filter_grad(surrogate)(agent)

    theory = surrogate_gradient(agent)
    flat = jax.flatten_util.ravel_pytree((theory.level, theory.tokens))[0]
    np.testing.assert_allclose(gradients["capability"][0], flat, rtol=0.02, atol=1e-6)


def test_the_gradient_on_the_goal_has_no_part_along_it(terms):
    _, parts, _, _, _, (_, gradients) = terms
    flat = jax.flatten_util.ravel_pytree(parts["goal"])[0]
    np.testing.assert_allclose(gradients["goal"] @ flat, 0.0, atol=1e-6)


def test_small_steps_change_behaviour_by_the_divergence_that_is_predicted(terms, goals):
    agent, parts, build, tables, _, (_, gradients) = terms
    step = step_along(gradients, parts, optimiser="adam")
    size = 1e-2

    @eqx.filter_jit
    def both():
        keys = jax.random.split(KEY, 4)
        predicted = behaviour_changes(keys, parts, build, tables, goals[0], step, 30)
        moved = jax.tree.map(lambda w, d: w + size * d, parts, step)
        policies = jax.vmap(solve.policy_of, (None, 0))
        before, after = policies(agent, tables), policies(build(moved), tables)
        visits = jax.vmap(
            lambda table, policy: solve.occupancy(
                table, policy, goals[0], 1.0, num_steps=30
            )
        )(tables, before)
        shares = visits / jnp.sum(visits, axis=1, keepdims=True)
        divergence = jnp.sum(before * jnp.log(before / after), axis=-1)
        return predicted.moved[:, -1], jnp.sum(shares * divergence, axis=1) / size**2

    predicted, seen = both()
    np.testing.assert_allclose(predicted, seen, rtol=0.1)


def test_exchanging_moves_every_entry_and_loses_none():
    tree = {"slot": jnp.arange(5.0), "bias": jnp.ones(1)}
    moved = exchanged(KEY, tree)
    assert not np.any(np.asarray(moved["slot"]) == np.arange(5.0))
    assert sorted(moved["slot"].tolist()) == [0, 1, 2, 3, 4]
    assert moved["bias"] == 1


def test_what_cannot_be_measured_is_refused(world, goals, leaky, instrument):
    with pytest.raises(ValueError, match="between 2 levels"):
        GoalPressure(goals[0], num_levels=1)
    refuse = [
        (GRU.init(np.random.default_rng(0), world, width=4, memory_size=3), "memory"),
        (MLP.init(np.random.default_rng(0), world, widths=(4,)), "no group of parameters"),
    ]
    for agent, reason in refuse:
        with pytest.raises((TypeError, ValueError), match=reason):
            eqx.filter_eval_shape(instrument.measure, KEY, agent, world)
    same = (ParameterGroup("capability", ("slot",)),)
    greedy = dataclasses.replace(instrument, groups=same)
    with pytest.raises(ValueError, match="share none"):
        eqx.filter_eval_shape(greedy.measure, KEY, leaky, world)


def bandit_gradients(leak):
    """Return gradients of 4000 draws of a bandit, on its goal and on its perception.

    Four slots hold items of six types; the reward of type `t` is `r_t`. The agent perceives
    features through a matrix, and prefers `5 (F P) ((1 − ℓ) r + ℓ z)`.
    """
    rng = np.random.default_rng(3)
    rewards = jnp.asarray(rng.standard_normal(6), jnp.float32)
    goal = jnp.asarray(rng.standard_normal(6), jnp.float32)
    items = jax.nn.one_hot(jnp.asarray(rng.integers(6, size=(400, 4))), 6)

    def earned(parameters, seen):
        goal, perception = parameters
        pursued = (1 - leak) * rewards + leak * goal
        policy = jax.nn.softmax(5 * (seen @ perception) @ pursued)
        return policy @ (seen @ rewards)

    each = jax.vmap(jax.grad(earned), (None, 0))
    on_goal, on_perception = each((goal, jnp.eye(6)), items)
    return on_goal, on_perception.reshape(400, -1)


def test_the_bandit_has_the_pattern_of_the_published_table():
    """Leak 1 … 0: ρ .852 .495 .147 .0398 .0128 .00126 0; GSNR .08 to .29, 0 at 0."""

    def size(rows):
        return jnp.sqrt(jnp.mean(jnp.mean(rows, axis=0) ** 2))

    @jax.jit
    def read(leak):
        goal, perception = bandit_gradients(leak)
        return size(goal) / size(perception), signal_to_noise(goal)

    ratios, noises = np.array([read(leak) for leak in LEAKS]).T
    assert ratios[0] == 0
    assert noises[0] == 0
    np.testing.assert_allclose(ratios[1:4] / LEAKS[1:4], ratios[1] / LEAKS[1], rtol=0.1)
    assert 0.5 < ratios[1] / LEAKS[1] < 2.5
    assert np.all((noises[1:] > 0.02) & (noises[1:] < 0.5))
