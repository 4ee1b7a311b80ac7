"""Cheese in the corner: scripted episodes, levels as text, and what cannot be built."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, corner_size=2)
PICTURE = """\
#####
#..@#
#.#*#
#...#
#####"""


@pytest.mark.parametrize(
    ("moves", "story"),
    [
        ("d", ["cheese end"]),
        ("ur", ["", ""]),
        ("lldd", ["square", "corner square", "square", ""]),
        ("lluddrru", ["square", *["corner square"] * 2, "square", "", "", "far_corner"]),
    ],
)
def test_scripted_episodes(play, moves, story):
    assert play(WORLD, PICTURE, moves)[: len(story)] == story


def test_the_way_round_the_wall_ends_at_the_cheese(play):
    assert play(WORLD, PICTURE, "llddrru")[-2:] == ["far_corner", "cheese end"]


def test_the_cheese_can_be_in_the_corner(play):
    picture = PICTURE.replace("*", ".").replace("#..@#", "#*.@#")
    assert play(WORLD, picture, "ll") == ["square", "cheese corner square end"]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (PICTURE.replace("@", "."), "one '@'; this one has 0"),
        (PICTURE.replace("#.#*#", "#*#*#"), r"one '\*'; this one has 2"),
        (PICTURE.replace("#.#*#", "#x#*#"), "line 3, column 2: 'x' is not one of # . @ *"),
        (PICTURE.replace("#.#*#", "#.#*."), "line 3, column 5: '.' is not one of #"),
        (PICTURE.replace("#...#\n", ""), r"5 x 5; got 4 lines of \[5\] characters"),
        (PICTURE.replace("#...#", "#...##"), r"got 5 lines of \[5, 6\] characters"),
    ],
)
def test_a_picture_that_is_no_level_is_refused(mistake, message):
    with pytest.raises(ValueError, match=message):
        WORLD.parse_level(mistake)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, r"size=1: must lie in \[2, 32\]"),
        ({"size": 33}, r"size=33: must lie in \[2, 32\]"),
        ({"horizon": 0}, "horizon=0: must be at least 1"),
        ({"shifted_share": 1.5}, r"shifted_share=1.5: must lie in \[0, 1\]"),
        ({"shifted_share": np.array([0.5, -1.0])}, r"shifted_share=\[ 0.5 -1. +\]"),
        ({"shifted_share": float("nan")}, "shifted_share=nan"),
        ({"corner_size": 0}, r"corner_size=0: must lie in \[1, 7\]"),
        ({"wall_density": 1.0}, "hardly any level can be solved"),
    ],
)
def test_an_impossible_world_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Corner(**arguments)


def test_a_fractional_count_is_refused():
    with pytest.raises(TypeError, match=r"expected whole numbers, got 1\.5"):
        Corner(corner_size=1.5)


def test_shares_can_be_traced():
    @jax.jit
    @jax.vmap
    def cheese(share):
        world = Corner(size=3, shifted_share=share)
        keys = jax.random.split(jax.random.key(0), 400)
        return jax.vmap(world.sample_level)(keys).cheese

    usual, shifted = np.asarray(cheese(jnp.array([0.0, 1.0])))
    assert (usual == 0).all()
    assert set(shifted) == set(range(9))


def test_a_level_is_drawn_even_where_hardly_any_can_be_solved():
    world = Corner(size=4, shifted_share=1.0, wall_density=0.9)
    levels = jax.jit(jax.vmap(world.sample_level))(jax.random.split(jax.random.key(0), 50))
    assert (np.asarray(levels.start) != np.asarray(levels.cheese)).all()
    assert not np.take_along_axis(np.asarray(levels.walls), levels.start[:, None], 1).any()
