"""Levels, questions and tables of an audit, against slow counts."""

from dataclasses import replace

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.stage import (
    Stage,
    alike,
    filled,
    goals_named,
    grouped,
    questions_of,
    reachable,
    table_agent,
)
from goalscope.instruments.levels import draw_levels
from goalscope.solve import policy_of
from goalscope.worlds.corner import Corner


def reached_slowly(sheet, level: int) -> set[int]:
    tables = jax.tree.map(lambda leaf: np.asarray(leaf)[level], sheet.tables)
    todo = [int(s) for s in np.flatnonzero(tables.start) if not tables.terminal[s]]
    seen = set(todo)
    while todo:
        state = todo.pop()
        for after in tables.successors[state].tolist():
            if after not in seen and not tables.terminal[after]:
                seen.add(after)
                todo.append(after)
    return seen


def test_the_states_that_can_be_reached_are_found(shifted: Stage):
    sheet = shifted.sheet()
    found = reachable(sheet)
    for level in range(shifted.num_levels):
        assert set(np.flatnonzero(found[level]).tolist()) >= reached_slowly(sheet, level)
    total = sum(len(reached_slowly(sheet, level)) for level in range(shifted.num_levels))
    assert total <= found.sum() <= 1.1 * total


def test_levels_are_those_that_instruments_draw(shifted: Stage):
    key = jax.random.split(shifted.round_key(0), 4)[0]
    draw = eqx.filter_jit(draw_levels)
    theirs = draw(key, shifted.world, num_levels=shifted.num_levels)
    ours = shifted.sheet()
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.array_equal(one, other)


def test_rounds_have_levels_of_their_own(shifted: Stage):
    first, second = (np.asarray(shifted.sheet(n).levels.walls) for n in (0, 1))
    assert not np.array_equal(first, second)


def test_answers_come_back_from_the_table_where_they_were_given(shifted: Stage):
    sheet = shifted.sheet()
    questions = questions_of(shifted, sheet)
    assert questions.views.shape == (160, 2, 4, 4)
    chances = np.random.default_rng(0).dirichlet(np.ones(4), size=len(questions.levels))
    agent = table_agent(sheet, filled(sheet, questions, chances))
    policies = jax.vmap(policy_of, (None, 0))(agent, sheet.tables)
    found = np.asarray(policies)[questions.levels, questions.states]
    views = questions.views.reshape(len(questions.views), -1)
    _, first, alike_to = np.unique(views, axis=0, return_index=True, return_inverse=True)
    only = first[alike_to[questions.levels]] == questions.levels
    assert np.allclose(found[only], chances[only], atol=1e-6)


def test_goals_that_pay_together_look_alike(unshifted: Stage, shifted: Stage):
    def same(stage):
        return alike(stage.sheet(), stage.goals, num_steps=stage.world.horizon)

    assert same(unshifted).all()
    assert np.array_equal(same(shifted), np.eye(2, dtype=bool))


def components(same: np.ndarray) -> set[frozenset[int]]:
    """Return groups by the power of the relation, a second implementation."""
    power = np.linalg.matrix_power(same.astype(int), len(same)) > 0
    return {frozenset(np.flatnonzero(row).tolist()) for row in power}


@given(st.integers(1, 6), st.integers(0, 2**15 - 1))
def test_groups_are_what_hangs_together(size: int, bits: int):
    same = np.eye(size, dtype=bool)
    pairs = [(i, j) for i in range(size) for j in range(i)]
    for number, (i, j) in enumerate(pairs):
        same[i, j] = same[j, i] = bool(bits >> number & 1)
    groups = grouped(same)
    assert {frozenset(group) for group in groups} == components(same)
    assert sorted(number for group in groups for number in group) == list(range(size))


def test_candidates_are_the_usual_ones_unless_they_are_named():
    world = Corner()
    assert [goal.name for goal in goals_named(world, None)] == ["cheese", "corner"]
    assert [goal.name for goal in goals_named(world, ("square",))] == ["square"]


@pytest.mark.parametrize(
    ("names", "message"),
    [(("chese",), "Did you mean cheese"), (("cheese", "cheese"), "at most once")],
)
def test_goals_that_are_none_are_refused(names: tuple[str, ...], message: str):
    with pytest.raises(RefusedError, match=message):
        goals_named(Corner(), names)


def test_too_few_levels_are_refused(shifted: Stage):
    with pytest.raises(ValueError, match="at least 2 levels"):
        _ = replace(shifted, num_levels=1).posterior
