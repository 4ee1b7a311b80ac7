"""Readings over a swept value: agents as faint dots, means with intervals. No JAX."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from goalscope.report.chart_parts import (
    CONFIG,
    LINEAR_UP_TO,
    WIDTH,
    Row,
    Spec,
    bounded,
    domain,
    guides,
    layer,
    log_like,
    rows,
    short,
    vertical,
)
from goalscope.statistics.intervals import Interval

Shape = Literal["circle", "triangle", "square", "diamond"]
SHAPES: tuple[Shape, ...] = ("circle", "triangle", "square", "diamond")

# Shares of the axis' length: between groups, from a mean to its dots, and of the dots.
GAP, ASIDE, SPREAD = 0.024, 0.012, 0.022
WIDEST = 0.12
MARGIN = 0.06
ROOM = 0.12
"""What the name of a dose takes of the axis."""

DECADE = 10.0
"""Ratio of the largest to the smallest dose from which the axis may be logarithmic."""

MAX_DOTS = 4000
"""Single agents that a figure draws; of more it shows means alone."""


@dataclass(frozen=True)
class Curve:
    """Readings of one group of arms at several doses.

    Fields:
        color: of the marks.
        shape: of the means; only circles are filled and have solid lines.
        doses: by rising dose, one per arm.
        intervals: mean and interval at each dose.
        values: readings of single agents at each dose.
    """

    color: str
    shape: Shape
    doses: Sequence[float]
    intervals: Sequence[Interval]
    values: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Range:
    """The vertical axis of readings: its ends, and whether it is logarithmic."""

    ends: tuple[float, float]
    log: bool = False

    def axis(self, field: str) -> Spec:
        """Return the axis for a field of the data."""
        return vertical(field, self.ends, log=self.log)


def dose_chart(
    curves: Sequence[Curve],
    title: str = "",
    *,
    shown: Range | None = None,
    lines: Sequence[float] = (),
) -> Spec:
    """Return readings over dose, moved a little sideways where they would hide each other.

    Args:
        curves: at least one, with at least one dose.
        title: names the swept value.
        shown: the vertical axis; by default it holds all agents, and 0 to 1.
        lines: doses at which a line stands.
    """
    doses = sorted({dose for curve in curves for dose in curve.doses})
    reach = sorted([*doses, *lines])
    scale, _ = log_like(reach, DECADE if are_geometric(doses) else LINEAR_UP_TO)
    ends = _Places(scale, reach, 0.0)
    sides = [ends.beside(reach[0], -MARGIN), ends.beside(reach[-1], MARGIN)]
    scale = {**scale, "domain": sides}
    label = "format(datum.value, '~g')"
    axis = {
        "values": named(doses, ends),
        "labelExpr": label,
        "title": title or None,
        "grid": False,
    }
    x: Spec = {"field": "x", "type": "quantitative", "scale": scale, "axis": axis}
    agents = [v for curve in curves for values in curve.values for v in values]
    shown = shown or Range(domain(agents, unit=True))
    layers = guides(lines, "x", x)
    gap = min(GAP, WIDEST / len(curves))
    for index, curve in enumerate(curves):
        shift = gap * (index - (len(curves) - 1) / 2)
        layers += _layers(curve, x, shown, _Places(scale, reach, shift))
    return {"config": CONFIG, "width": WIDTH, "height": 180, "layer": layers}


def are_geometric(doses: Sequence[float]) -> bool:
    """Return whether doses lie more evenly on an axis of decades than on one of units.

    >>> are_geometric([0.0, 0.1, 1.0]), are_geometric([0.0, 1.0, 2.0, 3.0, 4.0])
    (True, False)
    """
    positive = [dose for dose in doses if dose > 0]
    if len(positive) < 2 or min(doses) < 0:
        return False
    scales: tuple[Spec, ...] = ({"constant": positive[0]}, {})
    over_decades, over_units = (
        min(places.between(*pair) for pair in pairwise(doses))
        for places in (_Places(scale, doses, 0.0) for scale in scales)
    )
    return over_decades > over_units


class _Places:
    """Where the marks of a group lie: a little beside their dose, on the axis' scale."""

    def __init__(self, scale: Spec, doses: Sequence[float], shift: float) -> None:
        constant = scale.get("constant")
        self.constant = constant if isinstance(constant, float) else math.inf
        self.span = (self._warp(doses[-1]) - self._warp(doses[0])) or 1.0
        self.shift = shift

    def _warp(self, dose: float) -> float:
        return dose if math.isinf(self.constant) else math.log1p(dose / self.constant)

    def between(self, dose: float, other: float) -> float:
        """Return how far apart two doses are, as a share of the axis."""
        return abs(self._warp(other) - self._warp(dose)) / self.span

    def beside(self, dose: float, share: float = 0.0) -> float:
        """Return the position that lies a share of the axis to the right of the group's."""
        warped = self._warp(dose) + (self.shift + share) * self.span
        if math.isinf(self.constant):
            return warped
        # The axis is symmetric: left of dose 0 lie negative doses.
        return math.copysign(self.constant * math.expm1(abs(warped)), warped)


def named(doses: Sequence[float], places: _Places) -> list[float]:
    """Return the doses that the axis names: the ends, and those with room between."""
    if len(doses) < 3:
        return list(doses)
    last, kept = doses[-1], [doses[0]]
    for dose in doses[1:-1]:
        if min(places.between(kept[-1], dose), places.between(dose, last)) >= ROOM:
            kept.append(dose)
    return [*kept, last]


def _layers(curve: Curve, x: Spec, shown: Range, places: _Places) -> list[Spec]:
    means = rows([places.beside(dose) for dose in curve.doses], curve.intervals)
    spread = zip(curve.doses, curve.values, strict=True)
    agents = [dot for dose, values in spread for dot in _dots(dose, values, places)]
    marks = {"color": curve.color, "opacity": 1}
    line = marks | {"type": "line", "strokeWidth": 1.5}
    point = marks | {"type": "point", "shape": curve.shape, "size": 44, "fill": curve.color}
    if curve.shape != "circle":
        line |= {"strokeDash": [4, 3]}
        point |= {"fill": "var(--paper)", "strokeWidth": 1.5}
    if curve.shape == "triangle":
        point |= {"shape": "triangle-up"}
    bar = marks | {"type": "rule", "strokeWidth": 1.5}
    y, low = shown.axis("estimate"), shown.axis("lower")
    return [
        layer(agents, marks | {"type": "circle", "size": 9, "opacity": 0.35}, x, y),
        layer(means, line, x, y),
        layer(bounded(means), bar, x, low, "upper"),
        layer(means, point, x, y),
    ]


def _dots(dose: float, values: Sequence[float], places: _Places) -> list[Row]:
    """Return a dot per agent in a narrow column beside the mean; the same each time."""
    side = -1.0 if places.shift < 0 else 1.0
    order = np.random.default_rng(len(values)).permutation(len(values))
    return [
        {
            "x": short(places.beside(dose, side * (ASIDE + SPREAD * rank / len(values)))),
            "estimate": short(value),
        }
        for rank, value in zip(order.tolist(), sorted(values), strict=True)
    ]
