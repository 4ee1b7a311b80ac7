"""Cheese on a dish: scripted episodes, and which of the two bars the way."""

from functools import partial

import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.goals import reach, stack
from goalscope.worlds.dish import Dish

WORLD = Dish(size=3, dish_planes=2)
APART = """\
#####
#.@.#
#*#d#
#...#
#####"""
TOGETHER = """\
#####
#.@.#
#b#.#
#...#
#####"""
IN_THE_WAY = """\
#####
#@d*#
#.###
#...#
#####"""


@pytest.mark.parametrize(
    ("picture", "moves", "story"),
    [
        (APART, "ld", ["corner", "cheese end"]),
        (APART, "rd", ["", "dish end"]),
        (TOGETHER, "ld", ["corner", "cheese dish end"]),
        (TOGETHER, "rddlu", ["", "", "", "", ""]),
        (IN_THE_WAY, "r", ["dish end"]),
    ],
)
def test_scripted_episodes(play, picture, moves, story):
    assert play(WORLD, picture, moves) == story


@pytest.mark.parametrize("picture", [APART, TOGETHER, IN_THE_WAY])
def test_pictures_are_read_as_they_are_written(picture):
    assert WORLD.level_text(WORLD.parse_level(picture)) == picture


def test_the_dish_can_bar_the_way_to_the_cheese():
    level = WORLD.parse_level(IN_THE_WAY)
    table = solve.tabulate(WORLD, level)
    goals = stack((reach(WORLD, "cheese"), reach(WORLD, "dish")))
    best = partial(solve.optimal_values, num_steps=20)
    values = jax.vmap(best, (None, 0, None))(table, goals, 0.9)
    np.testing.assert_allclose(values[:, level.start], [0.0, 1.0])
    assert not WORLD.starts(level).any()


def test_the_mouse_starts_where_it_can_choose():
    starts = np.asarray(WORLD.starts(WORLD.parse_level(APART)))
    assert np.flatnonzero(starts).tolist() == [0, 1, 2, 6, 7, 8]
    narrow = APART.replace("#...#", "#.#.#")
    starts = np.asarray(WORLD.starts(WORLD.parse_level(narrow)))
    assert np.flatnonzero(starts).tolist() == [0, 1, 2]


def test_the_dish_is_painted_as_often_as_asked():
    view = np.asarray(WORLD.observe_level(WORLD.parse_level(APART)))
    assert view.shape == (4, 3, 3)
    np.testing.assert_array_equal(view[2], view[3])
    assert view[1, 1, 0] == view[2, 1, 2] == 1


def test_a_world_without_a_visible_dish_is_refused():
    with pytest.raises(ValueError, match="dish_planes=0: must be at least 1"):
        Dish(dish_planes=0)


def test_a_level_has_one_dish():
    with pytest.raises(ValueError, match="one 'd'; this one has 2"):
        WORLD.parse_level(APART.replace("*#d", "d#d").replace("@.", "@*"))
