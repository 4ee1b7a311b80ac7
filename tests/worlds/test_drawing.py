"""Pictures of levels, read back from the SVG and from the terminal."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from goalscope.worlds.drawing import episode_svg, level_svg, level_terminal
from goalscope.worlds.glyphs import SHAPES

LEVEL = """\
#####
#*.@#
#.#.#
#...#
#####"""
PATH = [(1, 3), (2, 3), (3, 3), (3, 2), (3, 1), (2, 1), (1, 1)]
SVG = "{http://www.w3.org/2000/svg}"
UP, LEFT, DOWN, RIGHT = np.eye(4)


def elements(svg, kind):
    """Return the elements of a class, and check that the whole is well-formed."""
    root = ElementTree.fromstring(svg)
    return [each for each in root.iter() if each.get("class") == f"gs-{kind}"]


def shapes(svg, kind):
    return "".join(each.get("d") or "" for each in elements(svg, kind))


def field(*policy):
    cells = np.array([(1, 2), (3, 1), (3, 2)][: len(policy)])
    return level_svg(LEVEL, arrows=np.array(policy), cells=cells)


def test_the_walls_cover_the_walls():
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v20h-(\d+)z", shapes(level_svg(LEVEL), "wall"))
    covered = {
        (int(y) // 20, int(x) // 20 + offset)
        for x, y, width, _ in runs
        for offset in range(int(width) // 20)
    }
    lines = LEVEL.split("\n")
    expected = {(r, c) for r in range(5) for c in range(5) if lines[r][c] == "#"}
    assert covered == expected


@pytest.mark.parametrize("mark", SHAPES)
def test_every_object_has_a_shape_in_the_middle_of_its_cell(mark):
    (found,) = elements(level_svg(f"###\n#{mark}#\n###"), "object")
    assert found.get("transform") == "translate(30 30)"
    assert len(found) > 0
    assert not found.findall(f".//{SVG}text")


def test_other_characters_are_drawn_as_they_are_and_cannot_escape():
    (found,) = elements(level_svg("###\n#<#\n###", title="<script>&\"'"), "object")
    assert found.findtext(f"{SVG}text") == "<"
    root = ElementTree.fromstring(level_svg("###\n#<#\n###", title="</title><script>"))
    assert root.findtext(f"{SVG}title") == "</title><script>"
    assert not root.findall(f".//{SVG}script")


@pytest.mark.parametrize(
    ("move", "along"), [(UP, "0 -12"), (LEFT, "-12 0"), (DOWN, "0 12"), (RIGHT, "12 0")]
)
def test_a_decided_policy_is_a_long_arrow(move, along):
    assert shapes(field(move), "arrow").startswith("M")
    assert f"l{along}M" in shapes(field(move), "arrow")


def test_the_more_a_policy_agrees_with_itself_the_longer_the_arrow():
    half = 0.5 * RIGHT + 0.125
    assert "l6 0M" in shapes(field(half), "arrow")
    assert shapes(field(np.full(4, 0.25)), "arrow") == ""
    assert shapes(field(np.full(4, 0.25)), "tick").count("l") == 4
    assert "l6 -6M" in shapes(field((UP + RIGHT) / 2), "arrow")


def test_states_without_a_place_or_a_policy_are_not_drawn():
    policy = np.array([UP, UP, UP * np.nan])
    cells = np.array([(1, 2), (-1, -1), (3, 1)])
    svg = level_svg(LEVEL, arrows=policy, cells=cells)
    assert shapes(svg, "tick").count("M") == 1


def test_arrows_without_places_are_refused():
    with pytest.raises(ValueError, match="a place for each state"):
        level_svg(LEVEL, arrows=np.array([UP]))
    with pytest.raises(ValueError, match="probabilities of up, left, down and right"):
        level_svg(LEVEL, arrows=np.array([[0.5, 0.5]]), cells=np.array([(1, 1)]))


def test_a_text_that_is_no_rectangle_is_refused():
    for text in ("", "####\n###", "##\n##"):
        with pytest.raises(ValueError, match="rectangle of at least 3 x 3"):
            level_svg(text)


def test_a_path_goes_through_the_middles_of_its_places():
    (found,) = elements(level_svg(LEVEL, path=PATH), "path")
    (line,) = found.findall(f"{SVG}polyline")
    assert line.get("points") == "70 30 70 50 70 70 50 70 30 70 30 50 30 30"


def test_an_episode_says_when_it_was_where():
    path = [*PATH, (1, 2), (1, 1), (1, 2), (1, 1), (1, 2), (1, 1), (1, 2)]
    (found,) = elements(episode_svg(LEVEL, path), "step")
    said = [each.text for each in found]
    assert said == ["0", "1", "2", "3", "4", "5", "6 8 …", "7 9 …"]


def test_a_picture_with_a_policy_in_every_cell_is_small_and_has_no_identifiers():
    rng = np.random.default_rng(0)
    text = "\n".join(["#" * 11, *["#" + "." * 9 + "#"] * 9, "#" * 11])
    cells = np.argwhere(np.ones((9, 9))) + 1
    svg = level_svg(text, arrows=rng.dirichlet(np.ones(4), 81), cells=cells, title="one")
    assert len(svg) < 15_000
    assert "id=" not in svg
    assert "style" not in svg


def test_a_terminal_shows_the_path_as_arrows():
    assert level_terminal(LEVEL, PATH).split("\n") == [
        "██████████",
        "██▲ · ↓ ██",
        "██↑ ██↓ ██",
        "██↑ ← ← ██",
        "██████████",
    ]


def test_colours_change_nothing_but_the_colours():
    coloured = level_terminal(LEVEL, PATH, color=True)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == level_terminal(LEVEL, PATH)
    assert "\x1b[33m▲ \x1b[0m" in coloured


def test_pictures_are_drawn_without_jax():
    code = "import goalscope.worlds.drawing, sys; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
