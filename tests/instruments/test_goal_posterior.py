import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.goals import Goal, stack
from goalscope.instruments.decisions import policies_of, watch
from goalscope.instruments.goal_posterior import NUM_RESAMPLES, GoalPosterior
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.likelihood import level_weights
from goalscope.instruments.nulls import predict
from goalscope.worlds.corner import Corner

NUM_LEVELS, NUM_DECISIONS = 12, 16
BETAS = np.array([1.0, 8.0, 64.0], np.float32)
KEY = jax.random.key(2)


@pytest.fixture(scope="module")
def instrument(goals):
    return GoalPosterior(
        goals,
        inverse_temperatures=BETAS,
        num_levels=NUM_LEVELS,
        num_decisions=NUM_DECISIONS,
    )


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


@eqx.filter_jit
def _watched(key, agent, world, goals):
    """Levels, rates, policies and weights of `_measure` with the same key, written out."""
    k_levels, k_agent, _, k_interval = jax.random.split(key, 4)
    sheet = draw_levels(k_levels, world, num_levels=NUM_LEVELS)
    policies = policies_of(agent, sheet)
    steps = {"policies": policies, "num_decisions": NUM_DECISIONS}
    rates = watch(k_agent, agent, world, sheet, stack(goals), **steps)
    sizes, num_actions = world.token_sizes, world.num_actions
    nulls = predict(rates, num_actions=num_actions, token_sizes=sizes)
    draws = level_weights(k_interval, NUM_LEVELS, num_resamples=NUM_RESAMPLES)
    return sheet.tables, rates, nulls, policies, draws


def _slow_log_policy(table, weights, beta, discount=0.9):
    """Soft value iteration in double precision: log-probabilities `[S, A]`."""
    rewards = np.asarray(table.features, np.float64) @ np.asarray(weights)
    over = np.asarray(table.terminal)[np.asarray(table.successors)] | (rewards != 0)
    scaled, values = np.zeros(rewards.shape), np.zeros(len(rewards))
    for _ in range(300):
        action_values = rewards + discount * ~over * values[np.asarray(table.successors)]
        scaled = beta * action_values
        values = (np.logaddexp.reduce(scaled, axis=1) - np.log(4)) / beta
    return scaled - np.logaddexp.reduce(scaled, axis=1)[:, None]


def _slow_evidence(goals, tables, rates, nulls):
    """Log-likelihoods by their definition, one decision at a time: `[L, G, B, 2]`."""
    logs = np.zeros((NUM_LEVELS, len(goals), len(BETAS), 2))
    predictions, taken = np.asarray(nulls.predictions), np.asarray(rates.taken, np.float64)
    for level, (g, goal), (b, beta) in itertools.product(
        range(NUM_LEVELS), enumerate(goals), enumerate(BETAS)
    ):
        table = jax.tree.map(lambda leaf, level=level: np.asarray(leaf)[level], tables)
        policy = _slow_log_policy(table, goal.weights, beta)
        for state, action in np.argwhere(taken[level] > 0):
            rate = taken[level, state, action]
            bent = policy[state] + np.log(predictions[level, state])
            logs[level, g, b, 0] += rate * policy[state, action]
            logs[level, g, b, 1] += rate * (bent - np.logaddexp.reduce(bent))[action]
    return logs


def _slow_excess(goals, tables, policies):
    """What each level earns an agent beyond chance, walked out step by step: `[L, G]`."""
    excess = np.zeros((NUM_LEVELS, len(goals)))
    chance = np.full(policies.shape[1:], 0.25)
    for level, (g, goal) in itertools.product(range(NUM_LEVELS), enumerate(goals)):
        table = jax.tree.map(lambda leaf, level=level: np.asarray(leaf)[level], tables)
        pays = np.asarray(table.features, np.float64) @ np.asarray(goal.weights)
        for sign, policy in ((1, np.asarray(policies[level])), (-1, chance)):
            here = np.where(table.terminal, 0.0, table.start)
            for step in range(24):
                there = np.zeros_like(here)
                for state, action in np.argwhere(here[:, None] * policy > 0):
                    flow = here[state] * policy[state, action]
                    excess[level, g] += sign * 0.9**step * flow * pays[state, action]
                    after = table.successors[state, action]
                    if pays[state, action] == 0 and not table.terminal[after]:
                        there[after] += flow
                here = there
    return excess


def _slow_posterior(logs, nulls, excess, weights):
    """The posterior of goals and none from weighted levels."""
    evidence = np.tensordot(weights, logs, 1)
    size = evidence[0].size
    each = [np.logaddexp.reduce(e.ravel()) - np.log(size) for e in evidence]
    per_model = weights @ np.asarray(nulls.log_likelihoods, np.float64)
    none = np.logaddexp.reduce(per_model + np.asarray(nulls.log_prior))
    joint = np.array([*(e + np.log(0.25) for e in each), none + np.log(0.5)])
    shares = np.exp(joint - np.logaddexp.reduce(joint))[:-1] * (weights @ excess > 0)
    return np.append(shares, 1 - shares.sum()), (max(each) - none) / np.log(2)


@pytest.mark.parametrize("kind", ["cheese", "corner", "far_corner", "up and left"])
def test_the_posterior_is_what_its_definition_says(instrument, world, goals, agent, kind):
    reading = _measure(instrument, KEY, agent(kind, 6.0), world)
    known = _watched(KEY, agent(kind, 6.0), world, goals)
    tables, rates, nulls, policies, draws = known
    logs = _slow_evidence(goals, tables, rates, nulls)
    excess = _slow_excess(goals, tables, policies)
    each = [_slow_posterior(logs, nulls, excess, np.asarray(w)) for w in draws]
    shares = np.stack([share for share, _ in each])
    np.testing.assert_allclose(reading.value[:3], shares.mean(0), atol=2e-2)
    ends = np.quantile(shares, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(reading.lower[:3], ends[0], atol=5e-2)
    np.testing.assert_allclose(reading.upper[:3], ends[1], atol=5e-2)
    _, bits = _slow_posterior(logs, nulls, excess, np.ones(NUM_LEVELS))
    np.testing.assert_allclose(reading.value[3], bits, atol=0.1, rtol=2e-2)
    np.testing.assert_allclose(reading.count, rates.taken.sum(), atol=0.51)
    gain = reading.value[3] * np.log(2) / rates.taken.sum()
    np.testing.assert_allclose(reading.value[4], gain, rtol=1e-3)


def test_a_goal_that_is_got_no_more_than_by_chance_is_not_named(instrument, world, agent):
    """It comes to the cheese from everywhere, and then stays away from it."""
    reading = _measure(instrument, KEY, agent("always up"), world)
    assert reading.lower[1] < 0.5
    loser = eqx.tree_at(lambda each: each.habit_share, instrument, jnp.float32(1))
    reading = _measure(loser, KEY, agent("up and left", seed=1), world)
    assert jnp.sum(reading.value[:3]) == pytest.approx(1, abs=1e-5)


def test_each_planner_is_convicted_of_its_goal_only(instrument, world, agent):
    for position, feature in enumerate(("cheese", "corner")):
        reading = _measure(instrument, KEY, agent(feature), world)
        others = np.delete(np.asarray(reading.value[:3]), position)
        assert reading.value[position] > instrument.convicts
        assert others.max() < 0.05
        assert reading.checks[1]


@pytest.mark.parametrize("kind", ["chance", "up and left", "random", "far_corner"])
def test_who_has_none_of_the_goals_is_convicted_of_none(instrument, world, agent, kind):
    keys = jax.random.split(KEY, 6)
    agents = [agent(kind, seed=seed) for seed in range(6)]
    pairs = zip(keys, agents, strict=True)
    readings = [_measure(instrument, key, each, world) for key, each in pairs]
    convicted = [bool(jnp.any(r.value[:2] > instrument.convicts)) for r in readings]
    assert sum(convicted) == 0
    assert np.mean([r.value[2] for r in readings]) > 0.5


def test_probabilities_add_up_and_the_control_is_chance(instrument, world, agent):
    reading = _measure(instrument, KEY, agent("cheese"), world)
    np.testing.assert_allclose(jnp.sum(reading.value[:3]), 1, rtol=1e-5)
    np.testing.assert_allclose(jnp.sum(reading.control[:3]), 1, rtol=1e-5)
    assert jnp.max(reading.control[:2]) < instrument.convicts
    assert jnp.all(jnp.isnan(reading.ceiling[3:]))
    assert jnp.all(reading.ceiling[:3] == 1)


def test_goals_that_ask_for_the_same_share_their_probability(instrument, world, agent):
    cheese = instrument.goals[0]
    twins = (
        Goal(cheese.weights, cheese.once, instrument.goals[1].name),
        Goal(2 * cheese.weights, cheese.once, instrument.goals[1].name),  # at β / 2
    )
    between = (
        8 * 2**0.5
    )  # as far from 8, on the grid of the one, as from 16, on the other's
    for twin, strength in zip(twins, (8.0, between), strict=True):
        both = eqx.tree_at(lambda each: each.goals, instrument, (cheese, twin))
        reading = _measure(both, KEY, agent("cheese", strength), world)
        assert reading.value[2] < 0.05
        assert jnp.all(reading.value[:2] < instrument.convicts)
    both = eqx.tree_at(lambda each: each.goals, instrument, (cheese, twins[0]))
    reading = _measure(both, KEY, agent("cheese", 8.0), world)
    np.testing.assert_allclose(reading.value[0], reading.value[1], rtol=1e-4)
    assert not reading.checks[1]


def test_cheese_always_in_the_corner_convicts_nobody(instrument, agent):
    usual = Corner(size=4, horizon=24)
    reading = _measure(instrument, KEY, agent("cheese"), usual)
    assert jnp.all(reading.value[:2] < instrument.convicts)
    assert not reading.checks[1]


def test_an_agent_without_habits_needs_none_to_be_convicted(instrument, world, agent):
    strict = eqx.tree_at(lambda each: each.habit_share, instrument, jnp.float32(0))
    reading = _measure(strict, KEY, agent("corner"), world)
    assert reading.value[1] > instrument.convicts
    assert jnp.all(jnp.isfinite(reading.value))


def test_a_posterior_is_refused_that_cannot_be_measured(goals):
    with pytest.raises(ValueError, match="at least 2 levels"):
        GoalPosterior(goals, num_levels=1)
    with pytest.raises(ValueError, match="reading of its own"):
        GoalPosterior((Goal(goals[0].weights, goals[0].once, "none"), goals[1]))


def test_what_is_swept_does_not_change_the_program(goals):
    def form(**options):
        arrays, static = eqx.partition(GoalPosterior(goals, **options), eqx.is_array)
        return jax.tree.map(jax.typeof, arrays), jax.tree.structure(static)

    swept = {"discount": 1 / 3, "goal_share": np.float64(0.1), "habit_share": 1}
    assert form(**swept) == form()
