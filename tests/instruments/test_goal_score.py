import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import Goal
from goalscope.instruments.goal_score import GoalScore, _ratio
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner

NUM_LEVELS = 24
KEY = jax.random.key(3)


@pytest.fixture(scope="module")
def instrument(goals):
    return GoalScore(goals, num_levels=NUM_LEVELS)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _slow_scores(agent, world, goals):
    """Push the start distribution through each level, and divide by what can be reached."""
    key, _ = jax.random.split(KEY)
    sheet = eqx.filter_jit(lambda key: draw_levels(key, world, num_levels=NUM_LEVELS))(key)
    policies = eqx.filter_jit(jax.vmap(solve.policy_of, (None, 0)))(agent, sheet.tables)
    earned, best = np.zeros((2, NUM_LEVELS, len(goals)))
    for level in range(NUM_LEVELS):
        table = jax.tree.map(
            lambda leaf, level=level: np.asarray(leaf)[level], sheet.tables
        )
        for g, goal in enumerate(goals):
            pays = table.features @ np.asarray(goal.weights) != 0
            reachable = np.zeros(len(pays), bool)
            present = np.where(table.terminal, 0, table.start)
            for _ in range(world.horizon):
                onward = reachable[table.successors] & ~table.terminal[:, None]
                reachable |= (pays | onward).any(1)
                flow = present[:, None] * np.asarray(policies[level])
                earned[level, g] += flow[pays].sum()
                present = np.zeros(len(pays))
                np.add.at(present, table.successors[~pays], flow[~pays])
                present[table.terminal] = 0
            best[level, g] = table.start @ reachable
    return earned.sum(0) / best.sum(0)


@pytest.mark.parametrize("kind", ["cheese", "corner", "chance"])
def test_the_score_is_what_its_definition_says(instrument, world, goals, agent, kind):
    reading = _measure(instrument, KEY, agent(kind, 6.0), world)
    expected = _slow_scores(agent(kind, 6.0), world, goals)
    np.testing.assert_allclose(reading.value, expected, atol=1e-4)


def test_who_wants_one_goal_is_convicted_of_that_one(instrument, world, agent):
    scores = [
        _measure(instrument, KEY, agent(feature, 200.0), world).value
        for feature in ("cheese", "corner")
    ]
    np.testing.assert_allclose(jnp.diag(jnp.stack(scores)), 1, atol=0.02)
    assert scores[0][1] < instrument.convicts
    assert scores[1][0] < instrument.convicts


def test_the_control_is_the_score_of_chance(instrument, world, agent):
    reading = _measure(instrument, KEY, agent("chance"), world)
    np.testing.assert_allclose(reading.control, reading.value, rtol=1e-4)


def test_goals_that_are_never_apart_are_not_separated(instrument, agent):
    usual = _measure(instrument, KEY, agent("cheese"), Corner(size=4, horizon=24))
    shifted = Corner(shifted_share=1.0, size=4, horizon=24)
    assert usual.checks.tolist() == [True, False]
    assert _measure(instrument, KEY, agent("cheese"), shifted).checks.tolist() == [True] * 2


def test_a_goal_that_no_level_offers_has_no_score(instrument, world, agent):
    nothing = eqx.tree_at(lambda each: each.goals[1].weights, instrument, jnp.zeros(4))
    reading = _measure(nothing, KEY, agent("cheese"), world)
    assert jnp.isnan(reading.value[1])
    assert not jnp.isnan(reading.value[0])
    assert not reading.checks[0]


@pytest.mark.science
def test_an_agent_with_memory_plays_episodes_with_the_same_mean(
    goals, world, agent, remembering
):
    many = GoalScore(goals, num_levels=300)
    exact = _measure(many, KEY, agent("cheese", 6.0), world)
    played = _measure(many, KEY, remembering(agent("cheese", 6.0)), world)
    np.testing.assert_allclose(played.control, exact.control, rtol=1e-5)
    assert jnp.all(played.upper - played.lower > exact.upper - exact.lower)
    assert jnp.all(jnp.abs(played.value - exact.value) < played.upper - played.lower)


def test_the_interval_of_a_ratio_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    best = rng.random((2000, 30, 1)) + 0.1
    earned = best * rng.beta(2, 1, best.shape)
    ratio, margin = jax.jit(jax.vmap(_ratio))(jnp.asarray(earned), jnp.asarray(best))
    covered = np.abs(np.asarray(ratio) - 2 / 3) <= np.asarray(margin)
    assert 0.93 < covered.mean() < 0.97


def test_a_score_is_refused_that_cannot_be_measured(goals):
    with pytest.raises(ValueError, match="an interval takes 2 levels"):
        GoalScore(goals, num_levels=1)
    with pytest.raises(ValueError, match="must differ"):
        GoalScore((goals[0], Goal(goals[1].weights, goals[1].once, "cheese")))
