"""Cells of one size, coloured and numbered, with a curve through them. No JAX."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from goalscope.report.chart_parts import CONFIG, WIDTH, Row, Spec, layer, short
from goalscope.report.plot_boundary import inside

CELL, LEAST, MOST = 28, 110, 300
"""Height of a cell, and least and most of a drawing, in pixels."""

LETTER = 5.6
"""Width of a digit, in pixels."""

HATCHES = ((-0.5, 0.0, 0.0, 0.5), (-0.5, -0.5, 0.5, 0.5), (0.0, -0.5, 0.5, 0.0))

Cells = Mapping[tuple[float, float], float]
"""Value of x, value of y -> mean of the reading; NaN where there is no result."""


@dataclass(frozen=True)
class Colors:
    """The scale of colours: from nothing to `high`, and to `low` if that is negative."""

    low: float
    high: float

    def shade(self, value: float) -> tuple[str, float]:
        """Return a colour of the page and how much of it there is, 0 to 1.

        >>> Colors(0.0, 2.0).shade(1.0), Colors(-1.0, 1.0).shade(-0.25)
        (('--more', 0.5), ('--less', 0.25))
        """
        apart = self.low < 0 < self.high
        start = 0.0 if apart else self.low
        name, end = ("--less", self.low) if apart and value < 0 else ("--more", self.high)
        share = (value - start) / (end - start) if end != start else 0.0
        return name, min(max(share, 0.0), 1.0)

    def number(self, value: float) -> str:
        """Return a value with the decimals that a hundredth of the scale has.

        >>> Colors(0.0, 1.0).number(0.1234), Colors(-1.0, 20.0).number(-0.1234)
        ('0.12', '−0.1')
        """
        size = max(abs(self.low), abs(self.high)) or 1.0
        text = f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"
        return text.removeprefix("-") if float(text) == 0 else text.replace("-", "\u2212")


def phase_chart(
    cells: Cells, colors: Colors, boundary: Sequence[tuple[float, float]]
) -> Spec:
    """Return cells of one size, whatever lies between the factors' values.

    The boundary is bent as the axes are: linear in the factors between adjacent values.
    """
    across, up = (sorted({at[axis] for at in cells}) for axis in (0, 1))
    x, y = _axis("x", across), _axis("y", up)
    ends = {"x2": {"field": "x2"}, "opacity": _given("opacity")}
    layers = []
    for color in ("--more", "--less"):
        rows = list(_rectangles(cells, across, up, colors, color))
        mark = {"type": "rect", "color": f"var({color})"}
        layers += [layer(rows, mark, x, y, "y2", ends)] if rows else []
    outline = {"type": "rect", "filled": False, "stroke": "var(--rule)", "strokeWidth": 1}
    every = [_corners(at, across, up) for at in cells]
    layers.append(layer(every, outline, x, y, "y2", {"x2": {"field": "x2"}}))
    layers += _missing(cells, across, up)
    for path in inside(boundary, across, up):
        layers += _line(path, x, y)
    height = min(max(CELL * len(up), LEAST), MOST)
    # Theory's curve runs through the middles of cells, so their numbers stand above.
    corner = (-WIDTH / len(across) / 2 + 3, -height / len(up) / 2 + 8) if boundary else None
    layers += _numbers(cells, across, up, colors, corner)
    return {"config": CONFIG, "width": WIDTH, "height": height, "layer": layers}


def _axis(field: str, values: Sequence[float]) -> Spec:
    """Return an axis on which the factor's values are equally far apart."""
    sides = [-0.5, len(values) - 0.5]
    label = f"format({json.dumps([short(value) for value in values])}[datum.value], '~g')"
    axis = {"values": list(range(len(values))), "labelExpr": label, "title": None}
    axis |= {"grid": False, "ticks": False}
    scale = {"domain": sides, "nice": False, "zero": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _given(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "scale": None}


def _corners(at: tuple[float, float], across: Sequence[float], up: Sequence[float]) -> Row:
    column, row = across.index(at[0]), up.index(at[1])
    return {"x": column - 0.5, "x2": column + 0.5, "y": row - 0.5, "y2": row + 0.5}


def _rectangles(
    cells: Cells,
    across: Sequence[float],
    up: Sequence[float],
    colors: Colors,
    color: str,
) -> Iterator[Row]:
    for at, value in cells.items():
        name, share = colors.shade(value)
        if name == color and not math.isnan(value):
            yield {**_corners(at, across, up), "opacity": short(share)}


def _missing(cells: Cells, across: Sequence[float], up: Sequence[float]) -> list[Spec]:
    """Return hatching for each cell without a result."""
    places = [
        (across.index(x), up.index(y)) for (x, y), mean in cells.items() if math.isnan(mean)
    ]
    lines: list[Row] = [
        {"x": x + left, "y": y + low, "x2": x + right, "y2": y + high}
        for x, y in places
        for left, low, right, high in HATCHES
    ]
    mark = {"type": "rule", "color": "var(--faint)", "strokeWidth": 1}
    x, y = _axis("x", across), _axis("y", up)
    chart = layer(lines, mark, x, y, "y2", {"x2": {"field": "x2"}})
    return [chart] if lines else []


def _numbers(
    cells: Cells,
    across: Sequence[float],
    up: Sequence[float],
    colors: Colors,
    corner: tuple[float, float] | None,
) -> list[Spec]:
    """Return the means as numbers, if the cells are wide enough for them."""
    known = {
        at: colors.number(value) for at, value in cells.items() if not math.isnan(value)
    }
    longest = max(map(len, known.values()), default=0)
    if not known or LETTER * longest + 6 > WIDTH / len(across):
        return []
    rows = [
        {"x": across.index(at[0]), "y": up.index(at[1]), "number": text}
        for at, text in known.items()
    ]
    mark = {"type": "text", "fontSize": 10, "color": "var(--ink)"}
    mark |= {} if corner is None else {"align": "left", "dx": corner[0], "dy": corner[1]}
    text = {"text": {"field": "number", "type": "nominal"}}
    return [layer(rows, mark, _axis("x", across), _axis("y", up), "", text)]


def _line(path: Sequence[tuple[float, float]], x: Spec, y: Spec) -> list[Spec]:
    """Return the boundary with a rim, so that it shows on every colour."""
    rows = [{"x": short(a), "y": short(b), "order": i} for i, (a, b) in enumerate(path)]
    order = {"order": {"field": "order", "type": "quantitative"}}
    return [
        layer(rows, {"type": "line", "color": color, "strokeWidth": width}, x, y, "", order)
        for color, width in (("var(--paper)", 5), ("var(--ink)", 2))
    ]
