"""Curves over training updates, with bands. No JAX."""

from collections.abc import Sequence
from dataclasses import dataclass

from goalscope.report.chart_parts import (
    CONFIG,
    WIDTH,
    Spec,
    bounded,
    guides,
    layer,
    log_like,
    rows,
    vertical,
)
from goalscope.statistics.intervals import Interval


@dataclass(frozen=True)
class Line:
    """A curve with a band, one interval per position.

    Fields:
        color: of the curve.
        x: training updates.
        intervals: what is drawn at each; NaN draws nothing.
        dashed, dotted: whether the curve is.
    """

    color: str
    x: Sequence[float]
    intervals: Sequence[Interval]
    dashed: bool = False
    dotted: bool = False


@dataclass(frozen=True)
class Lane:
    """Curves that share a vertical axis.

    Fields:
        title: of the axis.
        height: in pixels.
        lines: the curves.
        domain: of the axis.
        zero: whether a line is drawn at 0.
        marks: training updates at which a line is drawn.
        levels: values at which a line is drawn.
    """

    title: str
    height: int
    lines: Sequence[Line]
    domain: tuple[float, float] = (0.0, 1.0)
    zero: bool = False
    marks: Sequence[float] = ()
    levels: Sequence[float] = ()


def training_chart(lanes: Sequence[Lane]) -> Spec:
    """Return lanes of curves, one above the other, over one axis of training updates."""
    updates = [x for lane in lanes for line in lane.lines for x in line.x]
    scale, ticks = log_like(updates)
    scale = {**scale, "domain": [min(updates, default=0.0), max(updates, default=1.0)]}
    label = "format(datum.value, '~s')"
    visible = {"values": ticks, "labelExpr": label, "title": "updates", "grid": True}
    hidden = visible | {"labels": False, "ticks": False, "title": None}
    last = len(lanes) - 1
    views = []
    for index, lane in enumerate(lanes):
        axis = visible if index == last else hidden
        x = {"field": "x", "type": "quantitative", "scale": scale, "axis": axis}
        layers = _guides(lane, x)
        layers += [part for line in lane.lines for part in _layers(line, x, lane)]
        views.append({"width": WIDTH, "height": lane.height, "layer": layers})
    return {"config": CONFIG, "spacing": 12, "vconcat": views}


def _guides(lane: Lane, x: Spec) -> list[Spec]:
    zero = [0.0] if lane.zero and lane.domain[0] <= 0 <= lane.domain[1] else []
    first, last = x["scale"]["domain"]
    marks = [mark for mark in lane.marks if first <= mark <= last]
    y = vertical("estimate", lane.domain, lane.title)
    return (
        guides(zero, "y", y, dashed=False)
        + guides(lane.levels, "y", y)
        + guides(marks, "x", x)
    )


def _layers(line: Line, x: Spec, lane: Lane) -> list[Spec]:
    found = rows(line.x, line.intervals)
    area = {"type": "area", "color": line.color, "opacity": 0.16}
    stroke = {"type": "line", "color": line.color, "strokeWidth": 1.75}
    if line.dashed:
        stroke |= {"strokeDash": [4, 3]}
    if line.dotted:
        stroke |= {"strokeDash": [1, 3], "strokeWidth": 2.5}
    return [
        layer(bounded(found), area, x, vertical("lower", lane.domain, lane.title), "upper"),
        layer(found, stroke, x, vertical("estimate", lane.domain, lane.title)),
    ]
