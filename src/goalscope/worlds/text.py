"""Levels of grid worlds as text, one character a cell (no JAX).

`#` wall, `.` floor, `@` mouse, `*` cheese, `d` dish, `b` cheese on a dish, `k` key,
`c` chest; a world may use further characters of its own.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool

WALL, FLOOR, MOUSE = "#", ".", "@"
CHEESE, DISH, CHEESE_ON_DISH = "*", "d", "b"
KEY, CHEST = "k", "c"


def draw(walls: Bool[np.ndarray, " S"], marks: Mapping[int, str]) -> str:
    """Return a bordered picture: walls, floor, and a character at each marked cell.

    Marks on cells outside the grid (absent objects) are left out.

    >>> print(draw(np.array([False, False, True, False]), {0: "@", 3: "*", 4: "k"}))
    ####
    #@.#
    ##*#
    ####
    """
    size = round(walls.shape[0] ** 0.5)
    characters = [WALL if wall else FLOOR for wall in walls]
    for cell, mark in marks.items():
        if cell < size**2:
            characters[cell] = mark
    rows = ["".join(characters[row * size : (row + 1) * size]) for row in range(size)]
    edge = WALL * (size + 2)
    return "\n".join([edge, *(WALL + row + WALL for row in rows), edge])


def parse(
    text: str, size: int, allowed: str
) -> tuple[Bool[np.ndarray, " S"], dict[str, list[int]]]:
    r"""Return the walls, and the cells of each `allowed` character, in reading order.

    Raises `ValueError` that names line and column where the text is no level.

    >>> walls, cells = parse("####\n#@.#\n##*#\n####", 2, "@*")
    >>> walls.tolist(), cells
    ([False, False, True, False], {'@': [0], '*': [3]})
    """
    lines = text.strip("\n").split("\n")
    if len(lines) != size + 2 or any(len(line) != size + 2 for line in lines):
        shape = f"{len(lines)} lines of {sorted({len(line) for line in lines})} characters"
        raise ValueError(f"a level of size {size} is {size + 2} x {size + 2}; got {shape}")
    walls = np.zeros(size**2, bool)
    cells: dict[str, list[int]] = {character: [] for character in allowed}
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            inside = 1 <= row <= size and 1 <= column <= size
            known = WALL + FLOOR + allowed if inside else WALL
            if character not in known:
                where = f"line {row + 1}, column {column + 1}"
                raise ValueError(f"{where}: {character!r} is not one of {' '.join(known)}")
            cell = (row - 1) * size + column - 1
            if inside and character == WALL:
                walls[cell] = True
            elif inside and character != FLOOR:
                cells[character].append(cell)
    return walls, cells


def only(cells: Mapping[str, list[int]], mark: str) -> int:
    """Return the one cell of `mark`; raises `ValueError` if there is not exactly one."""
    if len(cells[mark]) != 1:
        raise ValueError(f"a level has one {mark!r}; this one has {len(cells[mark])}")
    return cells[mark][0]
