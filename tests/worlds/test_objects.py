"""Several objects: scripted episodes, and which of them bar the way."""

import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.worlds.objects import Objects

WORLD = Objects(size=3)
ALL = """\
#####
#C@B#
#...#
#L.O#
#####"""
BARRED = """\
#####
#@CB#
#...#
#L#O#
#####"""


@pytest.mark.parametrize(
    ("moves", "story"),
    [
        ("l", ["cherry corner end"]),
        ("r", ["bell end"]),
        ("dld", ["", "", "lamp end"]),
        ("ddr", ["", "", "coin end"]),
        ("uuu", ["", "", ""]),
    ],
)
def test_scripted_episodes(play, moves, story):
    assert play(WORLD, ALL, moves) == story


def test_the_corner_ends_nothing(play):
    world = Objects(size=3, names=("cherry", "coin"))
    picture = ALL.replace("C", ".").replace("B", "C").replace("L", ".").replace("O", ".")
    picture = picture[:14] + "O" + picture[15:]
    assert play(world, picture, "ll") == ["corner", "corner"]


def test_levels_are_read_as_they_are_written():
    for picture in (ALL, BARRED):
        assert WORLD.level_text(WORLD.parse_level(picture)) == picture


def test_each_object_has_a_letter_of_its_own():
    assert WORLD.marks == "CBLO"
    assert Objects(size=3, names=("coin", "cc", "7", "Ö")).marks == "CABD"


def test_the_mouse_starts_where_it_can_choose_between_all():
    starts = np.asarray(WORLD.starts(WORLD.parse_level(ALL)))
    assert np.flatnonzero(starts).tolist() == [1, 3, 4, 5, 7]
    free = np.asarray(WORLD.starts(WORLD.parse_level(BARRED)))
    assert np.flatnonzero(free).tolist() == [0, 3, 4, 5]
    closed = BARRED.replace("#...#", "#.#.#")
    assert not np.asarray(WORLD.starts(WORLD.parse_level(closed))).any()


def test_objects_and_mouse_lie_apart_and_anywhere():
    levels = jax.vmap(WORLD.sample_level)(jax.random.split(jax.random.key(0), 400))
    cells = np.concatenate([levels.objects, levels.start[:, None]], axis=1)
    assert all(len(set(row)) == 5 for row in cells.tolist())
    assert not np.take_along_axis(np.asarray(levels.walls), cells, axis=1).any()
    means = [np.bincount(cells[:, k], minlength=9) / 400 for k in range(5)]
    np.testing.assert_allclose(np.stack(means[:4]), np.tile(means[0], (4, 1)), atol=0.1)


def test_every_object_is_within_reach_without_taking_another():
    """By brute force: breadth-first search that stops at objects."""
    levels = jax.vmap(WORLD.sample_level)(jax.random.split(jax.random.key(1), 20))
    tables = jax.jit(jax.vmap(lambda level: solve.tabulate(WORLD, level)))(levels)
    for index in range(20):
        successors, terminal = tables.successors[index], tables.terminal[index]
        reached, frontier = set(), [int(levels.start[index])]
        while frontier:
            state = frontier.pop()
            new = {int(s) for s in successors[state]} - reached
            reached |= new
            frontier += [s for s in new if not terminal[s]]
        assert set(np.asarray(levels.objects[index]).tolist()) <= reached


@pytest.mark.parametrize("names", [("one",), ("a", "a"), ("a", "corner"), ("a", "")])
def test_names_that_do_not_tell_objects_apart_are_refused(names):
    with pytest.raises(ValueError, match="kinds of objects, with different names"):
        Objects(size=3, names=names)
