"""Levels on paper, for mazes and for anybody's own world, through one door."""

from typing import Any

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.testing import check_world
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued
from goalscope.worlds.drawn import Drawing, DrawnWorld, drawing, headings, shown_level
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.worlds.keys import Keys
from supervised_shortcut import Garden, SupervisedShortcut

GARDEN = SupervisedShortcut(length=3)
MAZE = "#####\n#*.##\n##..#\n#..@#\n#####"


@pytest.mark.parametrize("world", [Corner(size=3), Cued(Corner(size=3)), Keys(size=3)])
def test_mazes_put_each_state_where_its_cell_is(world: Any):
    level = world.sample_level(jax.random.key(0))
    drawn = world.draw(level)
    assert drawn.text == world.level_text(level)
    for number in range(0, world.num_states, 7):
        cell = int(world.observe_state(level, world.state_at(level, jnp.int32(number)))[0])
        assert drawn.places[number].tolist() == [1 + cell // 3, 1 + cell % 3]


def test_any_world_with_the_method_is_drawn_and_others_are_not():
    drawn = drawing(GARDEN, Garden(jnp.array(True)))
    assert isinstance(GARDEN, DrawnWorld)
    assert drawn is not None
    assert drawn.text == "######\n#@..h#\n#wff.#\n######"
    assert drawn.places.tolist() == [[1, 1], [1, 2], [1, 3], [1, 4]]
    assert not isinstance(object(), DrawnWorld)


def test_fixed_levels_are_drawn_as_their_world_draws_them():
    world = FixedLevels.sample(jax.random.key(0), Corner(size=3), num_levels=2)
    level = world.sample_level(jax.random.key(1))
    drawn = drawing(world, level)
    assert drawn is not None
    assert drawn.text == Corner(size=3).level_text(level)


def moves_of(world: Any, level: Any) -> np.ndarray:
    table = solve.tabulate(world, level)
    return headings(world.draw(level).places, np.asarray(table.successors))


def test_actions_of_a_maze_point_up_left_down_and_right_at_walls_too():
    world = Corner(size=3)
    moves = moves_of(world, world.parse_level(MAZE))
    assert (moves == np.array([[-1, 0], [0, -1], [1, 0], [0, 1]])).all()


def test_actions_of_another_world_point_where_they_lead():
    wait, walk, cross = np.moveaxis(moves_of(GARDEN, Garden(jnp.array(False))), 1, 0)
    assert (wait == 0).all()
    assert (walk == [0, 1]).all()
    assert (cross == [0, 1]).all()


def test_states_that_are_not_drawn_point_nowhere():
    places = np.array([[1, 1], [1, 2], [-1, -1]])
    moves = headings(places, np.array([[1, 2], [0, 2], [0, 2]]))
    assert moves[:, 0].tolist() == [[0, 1], [0, -1], [0, 0]]
    assert not moves[:, 1].any()


def test_text_is_read_by_worlds_that_read_and_refused_by_others():
    level = shown_level(Corner(size=3), MAZE)
    assert int(level.start) == 8
    garden = Garden(jnp.array(True))
    assert shown_level(GARDEN, garden) is garden
    with pytest.raises(ValueError, match="SupervisedShortcut reads no levels from text"):
        shown_level(GARDEN, MAZE)


class Outside(SupervisedShortcut):
    def draw(self, level: Garden) -> Drawing:
        drawn = SupervisedShortcut.draw(self, level)
        return Drawing(drawn.text, drawn.places + np.array([0, 40]))


class InTheWall(SupervisedShortcut):
    def draw(self, level: Garden) -> Drawing:
        drawn = SupervisedShortcut.draw(self, level)
        return Drawing(drawn.text, drawn.places * 0)


class Ragged(SupervisedShortcut):
    def draw(self, level: Garden) -> Drawing:
        return Drawing("###\n#@", np.zeros((self.num_states, 2), int))


class TooFew(SupervisedShortcut):
    def draw(self, level: Garden) -> Drawing:
        drawn = SupervisedShortcut.draw(self, level)
        return Drawing(drawn.text, drawn.places[1:])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Outside, "outside the picture"),
        (InTheWall, "on a free cell"),
        (Ragged, "no rectangle"),
        (TooFew, r"places \[3, 2\], not \[4, 2\]"),
    ],
)
def test_a_world_that_draws_badly_is_told_so(kind: type[SupervisedShortcut], reason: str):
    with pytest.raises(AssertionError, match=reason):
        check_world(kind(length=3), key=jax.random.key(0), num_levels=2)
