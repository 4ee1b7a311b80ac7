"""Worlds of a few stored levels."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.worlds.corner import Corner
from goalscope.worlds.fixed_levels import FixedLevels, underlying

WORLD = Corner(size=3, shifted_share=0.5, horizon=16)


@pytest.fixture(scope="module")
def fixed():
    return FixedLevels.sample(jax.random.key(1), WORLD, num_levels=5)


def test_only_the_stored_levels_come_and_all_of_them_do(fixed):
    keys = jax.random.split(jax.random.key(2), 300)
    drawn = jax.jit(jax.vmap(lambda key: fixed.sample_level(key)))(keys)
    stored = np.concatenate([np.asarray(fixed.levels.walls), _cells(fixed.levels)], -1)
    came = np.concatenate([np.asarray(drawn.walls), _cells(drawn)], -1)
    which = (came[:, None] == stored[None]).all(-1)
    assert which.any(-1).all()
    counts = which.sum(0)
    assert counts.min() > 300 / 5 * 0.6
    assert counts.max() < 300 / 5 * 1.4


def _cells(levels):
    return np.stack([levels.cheese, levels.start], -1)


def test_a_level_is_solved_as_in_its_own_world(fixed):
    level = jax.tree.map(lambda leaf: leaf[3], fixed.levels)
    ours, theirs = (solve.tabulate(world, level) for world in (fixed, WORLD))
    assert all(jax.tree.leaves(jax.tree.map(jnp.array_equal, ours, theirs)))


def test_the_world_of_stored_levels_is_found_again(fixed):
    assert underlying(fixed) is fixed.world
    assert underlying(WORLD) is WORLD


def test_what_are_no_levels_is_refused(fixed):
    level = jax.tree.map(lambda leaf: leaf[0], fixed.levels)
    with pytest.raises(ValueError, match="same leading axis"):
        FixedLevels(WORLD, level)
    with pytest.raises(ValueError, match="at least one level"):
        FixedLevels.sample(jax.random.key(0), WORLD, num_levels=0)
    with pytest.raises(TypeError, match="underlying"):
        FixedLevels(fixed, fixed.levels)
