"""Levels as pictures: text to SVG, and text to a terminal (no JAX).

Pictures follow the reader's colours: lines and walls have the colour of the surrounding
text (`currentColor`), objects have mid-tones that show on light and on dark ground. There
is no style sheet and no identifier inside, so that any number of pictures fits on one page;
a page can restyle the classes `gs-wall`, `gs-grid`, `gs-tick`, `gs-arrow`, `gs-path`,
`gs-step`, and `gs-object`.

Places are given as row and column of the text, border included.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from goalscope.worlds.glyphs import MARKS, SHAPES
from goalscope.worlds.text import FLOOR, MOUSE, WALL

Places = Sequence[tuple[int, int]] | Int[np.ndarray, "T 2"]

UNIT = 20
"""Side of a cell, in user units."""
BORDER = 6
"""How much of the surrounding wall is shown, in user units."""
DIRECTIONS = np.array([[0, -1], [-1, 0], [0, 1], [1, 0]], float)
"""Where up, left, down and right lead, as x and y."""


def level_svg(
    text: str,
    *,
    arrows: Float[np.ndarray, "S A"] | None = None,
    cells: Int[np.ndarray, "S 2"] | None = None,
    moves: Int[np.ndarray, "S A 2"] | None = None,
    path: Places | None = None,
    title: str = "",
) -> str:
    """Return a level as an SVG picture, with a policy or a path drawn on it if given.

    A policy is a field of arrows, one at each state's place: the arrow points along the
    mean move and is the longer, the more the policy agrees with itself; thin ticks show the
    probability of each move. Without `moves`, the first four actions are up, left, down
    and right, and all others count as staying.

    Args:
        text: the level, one character a cell.
        arrows: action probabilities.
        cells: where each state lies; states with a negative place are not drawn.
        moves: where each action leads from each state, in rows and columns.
        path: places that are visited one after the other.
        title: what the picture shows, for those who do not see it.
    """
    grid = _grid(text)
    parts = [_floor(grid), _walls(grid)]
    if path is not None:
        parts.append(_path(path))
    parts += _objects(grid)
    if arrows is not None:
        parts += _field(arrows, cells, moves)
    return _picture(grid, parts, title)


def episode_svg(text: str, path: Places, *, title: str = "") -> str:
    """Return a level with a path on it, and at each place when the path was there.

    Steps are counted from 0, the start; the last place is framed.
    """
    grid = _grid(text)
    visits: dict[tuple[int, int], list[int]] = {}
    for step, (row, column) in enumerate(path):
        visits.setdefault((int(row), int(column)), []).append(step)
    labels = [
        f'<text x="{x + 8:g}" y="{y + 8:g}">{_steps(steps)}</text>'
        for (x, y), steps in ((_centre(place), steps) for place, steps in visits.items())
    ]
    style = 'font-size="5" text-anchor="end" fill="currentColor"'
    numbers = f'<g class="gs-step" {style}>{"".join(labels)}</g>'
    parts = [_floor(grid), _walls(grid), _path(path), *_objects(grid), numbers]
    return _picture(grid, parts, title)


def level_terminal(text: str, path: Places = (), *, color: bool = False) -> str:
    r"""Return a level for a terminal, two columns a cell, with arrows along the path.

    >>> print(level_terminal("####\n#@*#\n####", [(1, 1), (1, 2)]))
    ████████
    ██→ ▲ ██
    ████████
    """
    grid = _grid(text)
    shown = [[MARKS.get(each, (f"{each} ", "0")) for each in row] for row in grid]
    for (row, column), (to_row, to_column) in pairwise(path):
        moved = (to_row > row) - (to_row < row), (to_column > column) - (to_column < column)
        if moved != (0, 0) and grid[row][column] in (FLOOR, MOUSE):
            mark = {(-1, 0): "↑ ", (0, -1): "← ", (1, 0): "↓ ", (0, 1): "→ "}
            shown[row][column] = (mark.get(moved, "• "), "32")
    painted = "\x1b[{1}m{0}\x1b[0m" if color else "{0}"
    return "\n".join("".join(painted.format(*each) for each in row) for row in shown)


def _grid(text: str) -> list[str]:
    lines = text.strip("\n").split("\n")
    if len({len(line) for line in lines}) != 1 or min(len(lines), len(lines[0])) < 3:
        raise ValueError("a level is a rectangle of at least 3 x 3 characters")
    return lines


def _centre(place: Sequence[int] | np.ndarray) -> tuple[float, float]:
    row, column = place
    return (column + 0.5) * UNIT, (row + 0.5) * UNIT


def _picture(grid: list[str], parts: list[str], title: str) -> str:
    width, height = (UNIT * (n - 2) + 2 * BORDER for n in (len(grid[0]), len(grid)))
    corner = UNIT - BORDER
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="gs-level" role="img" '
        f'width="{width}" height="{height}" viewBox="{corner} {corner} {width} {height}">'
    )
    name = f"<title>{escape(title)}</title>" if title else ""
    return "".join([head, name, *parts, "</svg>"])


def _floor(grid: list[str]) -> str:
    """Return thin lines between neighbouring cells that are not walls."""
    lines = []
    for row, (above, below) in enumerate(pairwise(grid), start=1):
        open_ = [WALL not in pair for pair in zip(above, below, strict=True)]
        lines += [f"M{x * UNIT} {row * UNIT}h{n * UNIT}" for x, n in _runs(open_)]
    for column in range(1, len(grid[0])):
        open_ = [WALL not in line[column - 1 : column + 1] for line in grid]
        lines += [f"M{column * UNIT} {y * UNIT}v{n * UNIT}" for y, n in _runs(open_)]
    style = 'stroke="currentColor" stroke-opacity=".2" stroke-width=".6"'
    return f'<path class="gs-grid" {style} d="{"".join(lines)}"/>'


def _walls(grid: list[str]) -> str:
    """Return all walls as one shape, a rectangle for each run of them."""
    rectangles = [
        f"M{column * UNIT} {row * UNIT}h{length * UNIT}v{UNIT}h-{length * UNIT}z"
        for row, line in enumerate(grid)
        for column, length in _runs([mark == WALL for mark in line])
    ]
    style = 'fill="currentColor" fill-opacity=".38" shape-rendering="crispEdges"'
    return f'<path class="gs-wall" {style} d="{"".join(rectangles)}"/>'


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    """Return start and length of each run of true flags.

    >>> _runs([True, False, True, True])
    [(0, 1), (2, 2)]
    """
    edges = np.flatnonzero(np.diff([0, *map(int, flags), 0]))
    return [(int(start), int(end - start)) for start, end in edges.reshape(-1, 2)]


def _objects(grid: list[str]) -> list[str]:
    letter = (
        '<text text-anchor="middle" y="4.5" font-size="13" fill="currentColor">{}</text>'
    )
    parts = []
    for row, line in enumerate(grid):
        for column, mark in enumerate(line):
            if mark in WALL + FLOOR:
                continue
            x, y = _centre((row, column))
            shape = SHAPES.get(mark, letter.format(escape(mark)))
            place = f'class="gs-object" transform="translate({x:g} {y:g})"'
            parts.append(f"<g {place}>{shape}</g>")
    return parts


def _field(
    arrows: Float[np.ndarray, "S A"],
    cells: Int[np.ndarray, "S 2"] | None,
    moves: Int[np.ndarray, "S A 2"] | None,
) -> list[str]:
    few = moves is None and arrows.shape[1] < len(DIRECTIONS)
    if cells is None or len(cells) != len(arrows) or few:
        found = "no places" if cells is None else f"{len(cells)} places"
        wanted = "a place for each state, and probabilities of up, left, down and right"
        raise ValueError(f"arrows {list(arrows.shape)} with {found}: they need {wanted}")
    ticks, shafts, heads = [], [], []
    if moves is None:
        arrows, ways = arrows[:, :4], np.broadcast_to(DIRECTIONS, (len(arrows), 4, 2))
    else:
        ways = moves[..., ::-1].astype(float)
    for chances, place, directions in zip(arrows, cells, ways, strict=True):
        if min(place) < 0 or not np.isfinite(chances).all():
            continue
        centre = np.array(_centre(place))
        ticks += [
            _line(centre, 9 * chance * direction)
            for chance, direction in zip(chances, directions, strict=True)
            if chance >= 0.05 and direction.any()
        ]
        mean = chances @ directions
        if np.hypot(*mean) >= 0.05:
            shafts.append(_line(centre - 8 * mean, 12 * mean))
            heads.append(_head(centre + 9 * mean, mean))
    style = 'fill="none" stroke="currentColor" stroke-linecap="round"'
    return [
        f'<path class="gs-tick" {style} stroke-opacity=".35" d="{"".join(ticks)}"/>',
        f'<path class="gs-arrow" {style} stroke-width="1.8" d="{"".join(shafts)}"/>',
        f'<path class="gs-arrow" fill="currentColor" d="{"".join(heads)}"/>',
    ]


def _line(start: Float[np.ndarray, "2"], along: Float[np.ndarray, "2"]) -> str:
    return f"M{_point(start)}l{_point(along)}"


def _head(tip: Float[np.ndarray, "2"], mean: Float[np.ndarray, "2"]) -> str:
    """Return a triangle with its point at `tip`, the larger the longer the arrow."""
    along = (4.5 + 1.5 / np.hypot(*mean)) * mean
    across = 0.5 * np.array([-along[1], along[0]])
    return f"M{_point(tip)}l{_point(across - along)}l{_point(-2 * across)}z"


def _point(xy: Float[np.ndarray, "2"]) -> str:
    x, y = (f"{round(float(each), 1) + 0.0:g}" for each in xy)
    return f"{x} {y}"


def _path(path: Places) -> str:
    points = " ".join(_point(np.array(_centre(place))) for place in path)
    x, y = _centre(path[-1])
    line = 'fill="none" stroke="#8a63d2" stroke-width="2" stroke-linejoin="round"'
    return (
        f'<g class="gs-path" {line}><polyline points="{points}"/>'
        f'<rect x="{x - 9:g}" y="{y - 9:g}" width="18" height="18" rx="4"/></g>'
    )


def _steps(steps: list[int]) -> str:
    """Return when a place was visited; what does not fit is left out.

    >>> _steps([0]), _steps([1, 2, 9, 14])
    ('0', '1 2 …')
    """
    return " ".join(map(str, steps)) if len(steps) < 4 else f"{steps[0]} {steps[1]} …"
