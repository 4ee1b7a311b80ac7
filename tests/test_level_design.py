"""Designed levels, against writing out all ways through small ones."""

from itertools import product

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.goals import reach, stack
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.instruments.levels import draw_levels
from goalscope.level_design import (
    DISCOUNT,
    INVERSE_TEMPERATURE,
    concluded,
    design,
    disagreement,
    indistinguishable,
    information,
    overlap,
)
from goalscope.worlds.corner import Corner

KEY = jax.random.key(12)
WORLD = Corner(shifted_share=1.0, size=4, horizon=24)
USUAL = Corner(shifted_share=0.0, size=4, horizon=24)
GOALS = (reach(WORLD, "cheese"), reach(WORLD, "corner"), reach(WORLD, "far_corner"))
NUM_STEPS = 4
EVEN = np.full(3, 1 / 3, np.float32)


@eqx.filter_jit
def drawn(key, world):
    return draw_levels(key, world, num_levels=24).tables


@eqx.filter_jit
def chosen(key, world, weights):
    return design(key, world, stack(GOALS), weights, num_levels=3, num_proposals=64)


def ways(table, policies):
    """Yield the probability under each goal of every way of a few steps."""
    table = jax.tree.map(np.asarray, table)
    rewards = np.asarray([table.features @ np.asarray(goal.weights) for goal in GOALS])
    for start in np.flatnonzero(table.start):
        seen = set()
        for actions in product(range(4), repeat=NUM_STEPS):
            state, chances, taken = start, np.full(3, float(table.start[start])), []
            for action in actions:
                taken.append(action)
                chances = chances * policies[:, state, action]
                over = np.any(rewards[:, state, action] != 0)
                state = table.successors[state, action]
                if over or table.terminal[state]:
                    break
            if tuple(taken) not in seen:
                seen.add(tuple(taken))
                yield chances


def test_overlaps_and_information_are_those_of_all_ways_written_out():
    tables = jax.tree.map(lambda leaf: leaf[:2], drawn(KEY, WORLD))
    found = overlap(tables, stack(GOALS), num_steps=NUM_STEPS)
    for level in range(2):
        table = jax.tree.map(lambda leaf, level=level: leaf[level], tables)
        each = [
            solve.soft_policy(
                table, goal, INVERSE_TEMPERATURE, DISCOUNT, num_steps=NUM_STEPS
            )
            for goal in GOALS
        ]
        chances = np.array(list(ways(table, np.exp(each))))
        np.testing.assert_allclose(chances.sum(axis=0), 1, rtol=1e-3)
        # Starts are drawn by nobody's goal: what overlaps is a mean over them.
        expected = np.sqrt(chances[:, :, None] * chances[:, None]).sum(axis=0)
        np.testing.assert_allclose(np.exp(found[level]), expected, atol=5e-3)
        mixed = chances @ EVEN
        ratio = np.where(chances > 0, chances / mixed[:, None], 1.0)
        exact = np.sum(EVEN * chances * np.log(ratio))
        bound = information(found[level], jnp.asarray(EVEN))
        assert 0 < bound <= exact + 1e-3


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_information_lies_between_nothing_and_the_entropy(seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(3)).astype(np.float32)
    overlaps = -np.abs(rng.normal(size=(3, 3))).astype(np.float32) * 10
    overlaps = np.minimum(overlaps, overlaps.T) * (1 - np.eye(3, dtype=np.float32))
    found = information(jnp.asarray(overlaps), jnp.asarray(weights))
    entropy = -np.sum(weights * np.log(weights))
    assert -1e-5 <= found <= entropy + 1e-5
    more = information(jnp.asarray(2 * overlaps), jnp.asarray(weights))
    assert more >= found - 1e-5
    np.testing.assert_allclose(
        information(jnp.zeros((3, 3)), jnp.asarray(weights)), 0, atol=1e-6
    )


def test_designed_levels_tell_more_than_drawn_ones():
    best = chosen(KEY, WORLD, jnp.asarray(EVEN))
    assert np.all(np.diff(best.information) >= 0)
    assert best.information[0] == best.alone[0] == jnp.max(best.alone)
    each = overlap(drawn(KEY, WORLD), stack(GOALS), num_steps=WORLD.horizon)
    typical = jax.vmap(information, (0, None))(each, jnp.asarray(EVEN))
    assert best.information[0] > jnp.quantile(typical, 0.9)
    assert best.information[-1] > 0.95 * np.log(3)


def test_goals_that_did_not_survive_are_not_designed_for():
    two = jnp.array([1.0, 1.0, 0.0])
    best = chosen(KEY, WORLD, two)
    assert best.information[-1] <= np.log(2) + 1e-5
    assert best.information[0] > 0.9 * np.log(2)


def test_goals_that_agree_on_every_level_are_indistinguishable_here():
    tables = drawn(KEY, USUAL)
    apart = disagreement(tables, stack(GOALS), num_steps=USUAL.horizon)
    assert apart[0, 1] < 1e-6 < 0.5 < apart[0, 2]
    groups = indistinguishable(tables, GOALS, num_steps=USUAL.horizon)
    assert groups == (("cheese", "corner"),)
    best = chosen(KEY, USUAL, jnp.array([0.5, 0.5, 0.0]))
    np.testing.assert_allclose(best.information, 0, atol=1e-5)


def test_shifted_levels_tell_them_apart():
    best = chosen(KEY, WORLD, jnp.asarray(EVEN))
    tables = jax.vmap(solve.tabulate, (None, 0))(WORLD, best.levels)
    assert indistinguishable(tables, GOALS, num_steps=WORLD.horizon) == ()
    assert jnp.all(best.overlaps[~np.eye(3, dtype=bool)] < -1)


def test_neither_goal_is_concluded_where_both_look_alike():
    """Each of two planted agents, in a world where their goals agree."""
    instrument = GoalPosterior(
        GOALS[:2],
        inverse_temperatures=np.array([1.0, 16.0]),
        num_levels=24,
        num_decisions=8,
    )
    measure = eqx.filter_jit(instrument.measure)
    groups = indistinguishable(drawn(KEY, USUAL), GOALS[:2], num_steps=USUAL.horizon)
    for goal in GOALS[:2]:
        agent = Planner(USUAL, goal, 16.0, 0.9, USUAL.horizon)
        value = measure(KEY, agent, USUAL).value
        shares = {"cheese": float(value[0]), "corner": float(value[1])}
        assert concluded(shares, groups) == ("cheese", "corner")
        shares = dict(zip(shares, (0.99, 0.0), strict=True))
        assert concluded(shares, groups) == ("cheese", "corner")
        assert concluded(shares, ()) == ("cheese",)


def test_chains_of_goals_that_agree_are_one_group(monkeypatch):
    apart = np.array([[0, 0.01, 0.03], [0.01, 0, 0.01], [0.03, 0.01, 0]])
    monkeypatch.setattr("goalscope.level_design.disagreement", lambda *_, **__: apart)
    groups = indistinguishable(drawn(KEY, WORLD), GOALS, num_steps=3)
    assert groups == (("cheese", "corner", "far_corner"),)
    strict = indistinguishable(drawn(KEY, WORLD), GOALS, num_steps=3, tolerance=1e-3)
    assert strict == ()


def test_more_levels_than_proposals_cannot_be_chosen():
    with pytest.raises(ValueError, match="propose more"):
        design(KEY, WORLD, stack(GOALS), jnp.asarray(EVEN), num_levels=3, num_proposals=2)
