"""A curve in units of two factors, on a grid that makes their values equally far apart."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[float, float]


def inside(
    curve: Sequence[Point], across: Sequence[float], up: Sequence[float]
) -> list[list[Point]]:
    """Return the parts of a curve that lie on a grid, in columns and rows.

    Column 2.5 lies half-way between the factor's third value and its fourth. Straight
    pieces of the curve bend where the grid does.

    >>> inside([(0.0, 1.0), (8.0, 1.0)], [0.0, 1.0, 9.0], [0.0, 2.0])
    [[(0.0, 0.5), (1.0, 0.5), (1.875, 0.5)]]
    """
    runs: list[list[Point]] = []
    for start, end in pairwise(_bent(curve, across, up)):
        piece = _clipped(start, end, (len(across) - 0.5, len(up) - 0.5))
        if piece is None:
            continue
        if runs and runs[-1][-1] == piece[0]:
            runs[-1].append(piece[1])
        else:
            runs.append(list(piece))
    return runs


def _bent(
    curve: Sequence[Point], across: Sequence[float], up: Sequence[float]
) -> Iterator[Point]:
    """Yield the curve in columns and rows, with a point wherever it meets the grid."""
    for start, end in pairwise(curve):
        meets = {0.0, 1.0}
        for axis, values in ((0, across), (1, up)):
            length = end[axis] - start[axis]
            if length:
                meets |= {(value - start[axis]) / length for value in values}
        for share in sorted(share for share in meets if 0 <= share <= 1):
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            yield position(x, across), position(y, up)


def position(value: float, values: Sequence[float]) -> float:
    """Return where a value lies between others, which count 0, 1, 2, ...

    >>> position(5.0, [0.0, 1.0, 9.0]), position(17.0, [0.0, 1.0, 9.0])
    (1.5, 3.0)
    """
    if len(values) == 1:
        return value - values[0]
    right = next((i for i in range(1, len(values) - 1) if value < values[i]), None)
    right = len(values) - 1 if right is None else right
    low, high = values[right - 1], values[right]
    return right - 1 + (value - low) / (high - low)


def _clipped(start: Point, end: Point, sides: Point) -> tuple[Point, Point] | None:
    """Return the part of a line that lies in the box from -0.5 to `sides`, if any.

    Source: Liang and Barsky (1984).
    """
    first, last = 0.0, 1.0
    for axis in (0, 1):
        length = end[axis] - start[axis]
        for reach, room in (
            (-length, start[axis] + 0.5),
            (length, sides[axis] - start[axis]),
        ):
            if reach == 0 and room < 0:
                return None
            if reach < 0:
                first = max(first, room / reach)
            elif reach > 0:
                last = min(last, room / reach)
    return (_at(start, end, first), _at(start, end, last)) if first < last else None


def _at(start: Point, end: Point, share: float) -> Point:
    if share in (0.0, 1.0):
        return end if share else start
    x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
    return x, y
