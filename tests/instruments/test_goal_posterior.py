import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.goals import Goal, stack
from goalscope.instruments.decisions import decide
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.instruments.levels import draw_levels
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
    """Levels and decisions of `_measure` with the same key, written out."""
    k_levels, k_agent, _, _ = jax.random.split(key, 4)
    sheet = draw_levels(k_levels, world, num_levels=NUM_LEVELS)
    keys = jax.random.split(k_agent, NUM_LEVELS)

    def one(key, level):
        return decide(key, agent, world, level, stack(goals), num_steps=NUM_DECISIONS)

    decisions = jax.vmap(one)(keys, sheet.levels)
    sizes, num_actions = world.token_sizes, world.num_actions
    nulls = predict(decisions, num_actions=num_actions, token_sizes=sizes)
    return sheet.tables, decisions, nulls


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


def _slow_posterior(goals, tables, decisions, nulls):
    """The posterior by its definition, one decision at a time."""
    evidence = []
    for goal in goals:
        logs = np.zeros((len(BETAS), 2))
        for level in range(NUM_LEVELS):
            table = jax.tree.map(lambda leaf, level=level: np.asarray(leaf)[level], tables)
            for b, beta in enumerate(BETAS):
                policy = _slow_log_policy(table, goal.weights, beta)
                for step in np.flatnonzero(np.asarray(decisions.counted[level])):
                    plan = policy[decisions.states[level, step]]
                    action = int(decisions.actions[level, step])
                    bent = plan + np.log(np.asarray(nulls.predictions)[level, step])
                    logs[b, 0] += plan[action]
                    logs[b, 1] += (bent - np.logaddexp.reduce(bent))[action]
        evidence.append(np.logaddexp.reduce(logs.ravel()) - np.log(logs.size))
    per_model = np.asarray(nulls.log_likelihoods, np.float64).sum(0)
    none = np.logaddexp.reduce(per_model + np.asarray(nulls.log_prior))
    joint = np.array([*(e + np.log(0.25) for e in evidence), none + np.log(0.5)])
    best = (max(evidence) - none) / np.log(2)
    return np.exp(joint - np.logaddexp.reduce(joint)), best


@pytest.mark.parametrize("kind", ["cheese", "corner", "far_corner", "up and left"])
def test_the_posterior_is_what_its_definition_says(instrument, world, goals, agent, kind):
    reading = _measure(instrument, KEY, agent(kind, 6.0), world)
    tables, decisions, nulls = _watched(KEY, agent(kind, 6.0), world, goals)
    posterior, bits = _slow_posterior(goals, tables, decisions, nulls)
    np.testing.assert_allclose(reading.value[:3], posterior, atol=2e-2)
    np.testing.assert_allclose(reading.value[3], bits, atol=0.1, rtol=2e-2)
    assert int(reading.count) == int(decisions.counted.sum())
    gain = reading.value[3] * np.log(2) / reading.count
    np.testing.assert_allclose(reading.value[4], gain, rtol=1e-3)


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
    for twin in twins:
        both = eqx.tree_at(lambda each: each.goals, instrument, (cheese, twin))
        reading = _measure(both, KEY, agent("cheese", 8.0), world)
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
