"""Agents by checkpoints, coloured by goal, as SVG of our own: one path a goal. No JAX."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Int
from markupsafe import Markup

WIDTH = 320.0
AXIS = 30


def strip_svg(
    labels: Int[np.ndarray, "N C"],
    included: Bool[np.ndarray, " N"],
    updates: Int[np.ndarray, " C"],
    *,
    colors: Sequence[str],
    name: str,
) -> Markup:
    """Return a row per agent and a column per checkpoint.

    Agents are sorted by their last goal, excluded ones last and hatched. `name` makes the
    identifier of the hatching unique in the page.
    """
    order = row_order(labels, included)
    height = row_height(len(order))
    column = WIDTH / labels.shape[1]
    paths = [
        f'<path fill="{color}" d="{_path(labels[order] == label, column, height)}"/>'
        for label, color in enumerate(colors)
    ]
    out = int((~included).sum())
    hatched = _hatching(name, (len(order) - out) * height, out * height) if out else ""
    bottom = len(order) * height
    body = "".join(paths) + hatched + _axis(updates, column, bottom)
    return Markup(f'<svg viewBox="0 0 {WIDTH:g} {bottom + AXIS}">{body}</svg>')


def row_order(
    labels: Int[np.ndarray, "N C"], included: Bool[np.ndarray, " N"]
) -> Int[np.ndarray, " N"]:
    """Return rows: included agents by last label, then by how long they have had it."""
    same = (labels == labels[:, -1:])[:, ::-1].cumprod(axis=1).sum(axis=1)
    return np.lexsort((np.arange(len(labels)), -same, labels[:, -1], ~included))


def row_height(num_rows: int) -> int:
    """Return the height of a row in pixels, so that a strip is neither flat nor endless."""
    return int(np.clip(150 // max(num_rows, 1), 4, 10))


def _path(mask: Bool[np.ndarray, "N C"], column: float, height: int) -> str:
    parts = (
        f"M{_short(start * column)} {row * height}h{_short((stop - start) * column)}"
        f"v{height - 1}h-{_short((stop - start) * column)}z"
        for row, line in enumerate(mask)
        for start, stop in _runs(line)
    )
    return "".join(parts)


def _runs(line: Bool[np.ndarray, " C"]) -> Iterator[tuple[int, int]]:
    """Yield first and past-the-last column of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _hatching(name: str, top: int, height: int) -> str:
    return (
        f'<defs><pattern id="{name}" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="5" height="5" fill="var(--paper)" '
        'fill-opacity="0.55"/><path d="M0 0v5" stroke="var(--ink)" stroke-width="1.4"/>'
        f'</pattern></defs><rect y="{top}" width="{WIDTH:g}" height="{height}" '
        f'fill="url(#{name})"/>'
    )


def _axis(updates: Int[np.ndarray, " C"], column: float, bottom: int) -> str:
    last = len(updates) - 1
    marks = sorted({0, last // 2, last})
    anchors = {0: "start", last: "end"} if last else {0: "middle"}
    ticks = "".join(
        f'<text x="{_tick(index, last, column)}" y="{bottom + 12}" '
        f'text-anchor="{anchors.get(index, "middle")}">{int(updates[index]):,}</text>'
        for index in marks
    )
    title = f'<text x="{WIDTH / 2:g}" y="{bottom + 26}" text-anchor="middle">updates</text>'
    return f'<g fill="var(--muted)" font-size="11">{ticks}{title}</g>'


def _tick(index: int, last: int, column: float) -> str:
    ends = {0: 0.0, last: WIDTH} if last else {}
    return _short(ends.get(index, (index + 0.5) * column))


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
