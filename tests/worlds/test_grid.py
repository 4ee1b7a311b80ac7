"""Moves and connectivity against a search in Python."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.worlds.grid import connected, move, pick, surroundings

GRIDS = st.lists(st.booleans(), min_size=25, max_size=25)
reached = jax.jit(connected)
felt = jax.jit(surroundings)
moved = jax.jit(move)
picked = jax.jit(jax.vmap(pick, (0, None)))


def neighbours(cell, size):
    row, column = divmod(cell, size)
    for down, right in ((-1, 0), (0, -1), (1, 0), (0, 1)):
        if 0 <= row + down < size and 0 <= column + right < size:
            yield (row + down) * size + column + right


def searched(walls, cell):
    size = round(len(walls) ** 0.5)
    found, border = set(), [cell] if not walls[cell] else []
    while border:
        here = border.pop()
        found.add(here)
        border += [to for to in neighbours(here, size) if not walls[to] and to not in found]
    return found


@given(GRIDS, st.integers(0, 24))
def test_what_is_connected_is_what_a_search_finds(walls, cell):
    got = np.flatnonzero(reached(jnp.array(walls), jnp.int32(cell)))
    assert set(got.tolist()) == searched(walls, cell)


def test_the_widest_grid_is_connected_from_edge_to_edge():
    assert reached(jnp.zeros(32**2, bool), jnp.int32(32**2 - 1)).all()
    wall = jnp.arange(32**2) % 32 == 30
    assert reached(wall, jnp.int32(31)).sum() == 32


def test_nothing_is_connected_to_a_cell_outside_the_grid():
    assert not reached(jnp.zeros(25, bool), jnp.int32(25)).any()


@given(GRIDS, st.integers(0, 24), st.integers(0, 3))
def test_a_move_goes_to_a_neighbour_or_nowhere(walls, cell, action):
    to = int(moved(jnp.array(walls), jnp.int32(cell), jnp.int32(action)))
    row, column = divmod(cell, 5)
    row, column = row + (-1, 0, 1, 0)[action], column + (0, -1, 0, 1)[action]
    inside = 0 <= row < 5 and 0 <= column < 5
    assert to == (row * 5 + column if inside and not walls[row * 5 + column] else cell)


@pytest.mark.parametrize("num_true", [1, 3, 7])
def test_a_true_entry_is_picked_with_equal_chances(num_true):
    mask = np.zeros(12, bool)
    mask[np.random.default_rng(num_true).choice(12, num_true, replace=False)] = True
    uniform = (jnp.arange(420) + 0.5) / 420
    counts = np.bincount(picked(uniform, jnp.array(mask)), minlength=12)
    np.testing.assert_array_equal(counts, np.where(mask, 420 // num_true, 0))


def test_the_largest_uniform_number_picks_the_last_entry():
    largest = jnp.array([1 - 2**-24], jnp.float32)
    assert picked(largest, jnp.ones(25, bool)).item() == 24


def test_where_there_is_nothing_to_pick_the_index_is_past_the_end():
    assert picked(jnp.array([0.5]), jnp.zeros(25, bool)).item() == 25


@given(GRIDS, st.integers(0, 24))
def test_a_bit_of_the_surroundings_is_set_where_a_move_leads_nowhere(walls, cell):
    bits = int(felt(jnp.array(walls), jnp.int32(cell)))
    stays = [
        moved(jnp.array(walls), jnp.int32(cell), jnp.int32(a)) == cell for a in range(4)
    ]
    assert [bool(bits >> action & 1) for action in range(4)] == stays
