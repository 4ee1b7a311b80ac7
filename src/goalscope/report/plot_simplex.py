"""Three shares along training, as ways through a triangle, one colour an arm. No JAX."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from goalscope.plots import Simplex
from goalscope.report.chart_parts import CONFIG, WIDTH, Row, Spec, layer, short
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.palette import INK, LETTERS, NUM_GOALS
from goalscope.report.plot_data import (
    evidence_of,
    members,
    nothing,
    reading_names,
    sentences,
)
from goalscope.report.summary import band
from goalscope.report.wording import bounds, listed, number
from goalscope.result import ArmResult, Result

TOGETHER = NUM_GOALS
"""Arms up to which all ways share one triangle."""

HIGH = math.sqrt(3) / 2
CORNERS = np.array([[0.5, HIGH], [0.0, 0.0], [1.0, 0.0]])
"""Top, left, right, for the first, second and third share."""

ACROSS, UP = (-0.08, 1.08), (-0.09, HIGH + 0.09)
HEIGHT = round(WIDTH * (UP[1] - UP[0]) / (ACROSS[1] - ACROSS[0]))

Way = tuple[str, str, Float[np.ndarray, "N C 3"]]
"""Title of an arm, its colour, and the shares of its included agents."""


def simplex_figure(result: Result, plot: Simplex, name: str) -> Figure:
    """Return one triangle of all arms, or one for each if they are many."""
    arms = [arm for arm in members(result, plot, plot.on[0]) if _shares(result, arm, plot)]
    if not arms:
        return nothing(plot, name)
    together = len(arms) <= TOGETHER
    ways = [
        (
            arm.title,
            f"var(--goal-{n})" if together else INK,
            np.stack(_shares(result, arm, plot), axis=-1),
        )
        for n, arm in enumerate(arms)
    ]
    readings = reading_names(plot.on)
    title = ", ".join(readings)
    groups = [(title, ways)] if together else [(way[0], [way]) for way in ways]
    corners = listed([f"{LETTERS[n]} {each}" for n, each in enumerate(readings)])
    about = (
        f"In its corner a share is 1: {corners}. On the lines it is a quarter, a half or "
        "three quarters. Means over included agents, from the open to the filled circle, a "
        "dot for each checkpoint; thin, each agent"
    )
    key = tuple(Key("line", color, arm) for arm, color, _ in ways) if together else ()
    return Figure(
        name,
        sentences(plot.caption, about),
        tuple(_panel(title, part, readings) for title, part in groups),
        _table(result, arms, plot),
        key=key,
        title=plot.title,
    )


def place(shares: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 2"]:
    """Return where shares stand in the triangle, which has sides of length 1.

    >>> place(np.array([0.0, 1.0, 0.0])).tolist(), place(np.array([0.0, 1.0, 1.0])).tolist()
    ([0.0, 0.0], [0.5, 0.0])
    """
    return (shares / shares.sum(axis=-1, keepdims=True)) @ CORNERS


def _shares(result: Result, arm: ArmResult, plot: Simplex) -> list[np.ndarray]:
    """Return the three readings of an arm's included agents; none if one is missing."""
    found = [evidence_of(result, arm, on) for on in plot.on]
    known = [each.values[each.included] for each in found if each is not None]
    return known if len(known) == len(found) and arm.included.any() else []


def _panel(title: str, ways: Sequence[Way], readings: Sequence[str]) -> Panel:
    ends = "; ".join(
        f"{arm}: "
        + ", ".join(
            f"{reading} {number(share)}"
            for reading, share in zip(readings, shares[:, -1].mean(axis=0), strict=True)
        )
        for arm, _, shares in ways
    )
    return Panel(title, f"Ways through a triangle. At the end, {ends}", chart(ways))


def chart(ways: Sequence[Way]) -> Spec:
    """Return a triangle with a thin way for every agent and a thick one for their mean."""
    layers = [_grid(), _letters()]
    for _, color, shares in ways:
        each = [
            row
            for number, way in enumerate(place(shares.astype(float)))
            for row in _rows(way, number)
        ]
        mean = _rows(place(shares.mean(axis=0).astype(float)), 0)
        thin = {"type": "line", "strokeWidth": 0.75, "opacity": 0.35, "color": color}
        dots = {"type": "point", "color": color, "filled": True, "opacity": 1}
        layers += [
            _path(each, thin),
            _path(mean, {"type": "line", "strokeWidth": 2, "color": color}),
            _path(mean[1:-1], {**dots, "size": 12}),
            _path(mean[:1], {**dots, "size": 44, "fill": "var(--paper)", "stroke": color}),
            _path(mean[-1:], {**dots, "size": 56}),
        ]
    return {"config": CONFIG, "width": WIDTH, "height": HEIGHT, "layer": layers}


def _rows(way: Float[np.ndarray, "C 2"], agent: int) -> list[Row]:
    return [
        {"x": short(x), "y": short(y), "order": order, "agent": agent}
        for order, (x, y) in enumerate(way.tolist())
        if math.isfinite(x) and math.isfinite(y)
    ]


def _axis(field: str, ends: tuple[float, float]) -> dict[str, Any]:
    scale = {"domain": list(ends), "nice": False, "zero": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


def _path(rows: Sequence[Row], mark: Spec) -> Spec:
    more = {"detail": {"field": "agent", "type": "nominal"}}
    if mark["type"] == "line":
        more["order"] = {"field": "order", "type": "quantitative"}
    return layer(rows, mark, _axis("x", ACROSS), _axis("y", UP), "", more)


def _grid() -> Spec:
    """Return the sides, and lines on which a share is a quarter, a half, three quarters."""
    rows = []
    for corner in range(3):
        one, other = (CORNERS[(corner + side) % 3] for side in (1, 2))
        for share in (0.0, 0.25, 0.5, 0.75):
            ends = [share * CORNERS[corner] + (1 - share) * end for end in (one, other)]
            (x, y), (x2, y2) = (map(short, end.tolist()) for end in ends)
            rows.append({"x": x, "y": y, "x2": x2, "y2": y2})
    mark = {"type": "rule", "color": "var(--rule)", "strokeWidth": 1}
    more = {"x2": {"field": "x2"}}
    return layer(rows, mark, _axis("x", ACROSS), _axis("y", UP), "y2", more)


def _letters() -> Spec:
    rows = [
        {"x": short(x), "y": short(y + (0.055 if y else -0.055)), "letter": LETTERS[n]}
        for n, (x, y) in enumerate(CORNERS.tolist())
    ]
    mark = {"type": "text", "fontSize": 11, "color": "var(--muted)"}
    text = {"text": {"field": "letter", "type": "nominal"}}
    return layer(rows, mark, _axis("x", ACROSS), _axis("y", UP), "", text)


def _table(result: Result, arms: Sequence[ArmResult], plot: Simplex) -> Table:
    rows = []
    for arm in arms:
        bands = [
            band(evidence.values, evidence.included, evidence.unit)
            for on in plot.on
            if (evidence := evidence_of(result, arm, on)) is not None
        ]
        for index, update in enumerate(np.asarray(arm.updates).tolist()):
            means = [each[index] for each in bands]
            words = (f"{number(mean.estimate)} {bounds(mean)}" for mean in means)
            rows.append((arm.title, f"{int(update):,}", *words))
    columns = ("arm", "updates", *reading_names(plot.on))
    return Table(columns, tuple(rows), numeric=frozenset(range(1, len(columns))))
