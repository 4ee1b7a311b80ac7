"""Levels with one thing changed."""

from collections import deque
from functools import partial

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.goals import reach
from goalscope.solve import optimal_values, tabulate
from goalscope.worlds.corner import Corner
from goalscope.worlds.dish import Dish
from goalscope.worlds.edits import (
    Edit,
    blocked,
    critical,
    distances,
    editable,
    moved,
    playable,
)
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.worlds.keys import Keys

NUM_LEVELS = 24
WORLDS = {
    "cheese": Corner(size=4, shifted_share=0.5, horizon=24),
    "dish": Dish(size=4, shifted_share=0.7, horizon=24),
    "chest_opened": Keys(size=3, max_objects=1, many=1, horizon=24),
}


def _walk(walls, start):
    """Distances by a queue, the slow way."""
    size = round(len(walls) ** 0.5)
    far, queue = {start: 0}, deque([start])
    while queue:
        cell = queue.popleft()
        row, column = divmod(cell, size)
        for r, c in (
            (row - 1, column),
            (row, column - 1),
            (row + 1, column),
            (row, column + 1),
        ):
            near = r * size + c
            if 0 <= r < size and 0 <= c < size and not walls[near] and near not in far:
                far[near] = far[cell] + 1
                queue.append(near)
    return far


def _levels(world):
    keys = jax.random.split(jax.random.key(0), NUM_LEVELS)
    return jax.jit(jax.vmap(lambda key: world.sample_level(key)))(keys)


def test_distances_are_those_of_walking():
    levels = _levels(WORLDS["cheese"])
    found = jax.vmap(distances)(levels.walls, levels.start)
    for walls, start, far in zip(
        levels.walls, levels.start, np.asarray(found), strict=True
    ):
        expected = _walk(np.asarray(walls).tolist(), int(start))
        assert far.tolist() == [expected.get(cell, 16) for cell in range(16)]


@pytest.mark.parametrize("feature", WORLDS)
def test_a_moved_object_is_elsewhere_and_nothing_else_changes(feature):
    world = WORLDS[feature]
    levels = _levels(world)
    keys = jax.random.split(jax.random.key(1), NUM_LEVELS)
    edit = jax.jit(jax.vmap(lambda key, level: moved(key, world, level, feature)))
    edits = edit(keys, levels)
    possible = np.asarray(edits.possible)
    assert possible.mean() > 0.7
    changed = {
        name
        for name, old in levels._asdict().items()
        if np.any(np.asarray(old) != np.asarray(edits.level._asdict()[name]))
    }
    assert changed == {"chests" if feature == "chest_opened" else feature}
    assert jax.vmap(partial(playable, world))(edits.level).all()
    field = np.asarray(edits.level._asdict()[changed.pop()]).reshape(NUM_LEVELS, -1)[:, 0]
    before = np.asarray(
        levels._asdict()["chests" if feature == "chest_opened" else feature]
    ).reshape(NUM_LEVELS, -1)[:, 0]
    assert ((field != before) == possible).all()


@pytest.mark.parametrize("feature", ["cheese", "chest_opened"])
def test_a_wall_makes_the_way_longer_and_leaves_one(feature):
    world = WORLDS[feature]
    goal = reach(world, feature)

    def one(key):
        k_level, k_wall = jax.random.split(key)
        level = world.sample_level(k_level)
        table = tabulate(world, level)
        start = world.index_of(level, world.reset(level))
        visits = _visits(world, table, goal, start)
        edit = blocked(k_wall, world, level, visits)
        values = [
            optimal_values(t, goal, 0.9, num_steps=24)[start]
            for t in (table, tabulate(world, edit.level))
        ]
        added = jnp.sum(edit.level.walls) - jnp.sum(level.walls)
        return jnp.stack(values), edit.possible, added, critical(world, level, visits)

    keys = jax.random.split(jax.random.key(3), NUM_LEVELS)
    values, possible, added, _ = jax.jit(jax.vmap(one))(keys)
    values, possible = np.asarray(values), np.asarray(possible)
    assert possible.sum() >= 3
    assert np.array_equal(np.asarray(added), possible)
    assert (values[:, 1] > 0).all()
    assert (values[possible, 1] < 0.9 * values[possible, 0]).all()
    np.testing.assert_array_equal(values[~possible, 1], values[~possible, 0])


def _visits(world, table, goal, start):
    """Visits of an optimal policy with ties shared, by brute force."""
    rewards = goal.reward(table.features)
    values = optimal_values(table, goal, 0.9, num_steps=24)
    going = ~table.terminal[table.successors] & (rewards == 0)
    each = rewards + 0.9 * going * values[table.successors]
    best = each >= jnp.max(each, axis=-1, keepdims=True) - 1e-5
    flow = best / jnp.sum(best, axis=-1, keepdims=True) * going
    present = jnp.zeros(world.num_states).at[start].set(1.0)
    total = present
    for _ in range(12):
        present = jnp.zeros_like(present).at[table.successors].add(present[:, None] * flow)
        total = total + present
    return total


class Itself(Corner):
    """A world that has edits of its own."""

    def moved(self, key, level, feature):
        return Edit(level, jnp.array(False))

    def blocked(self, key, level, visits):
        return Edit(level, jnp.array(True))


def test_a_world_may_have_edits_of_its_own():
    world = Itself(size=3)
    level = world.sample_level(jax.random.key(0))
    key = jax.random.key(0)
    assert not moved(key, world, level, "cheese").possible
    assert blocked(key, world, level, jnp.zeros(9)).possible


def test_what_cannot_be_edited_is_refused():
    world = WORLDS["cheese"]
    level = world.sample_level(jax.random.key(0))
    with pytest.raises(ValueError, match=r"no object 'corner'.*it has cheese"):
        moved(jax.random.key(0), world, level, "corner")
    fixed = FixedLevels.sample(jax.random.key(0), world, num_levels=2)
    with pytest.raises(TypeError, match="no grid world"):
        editable(fixed)
