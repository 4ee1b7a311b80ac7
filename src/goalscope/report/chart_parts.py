"""Pieces of Vega-Lite charts: layers, rows of data, axes. No JAX.

Charts hold numbers and no text of a result. Colours are CSS variables of the page, so that
a drawing follows the reader's colour scheme; what marks stand for is said in the page.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from goalscope.statistics.intervals import Interval

Spec = Mapping[str, Any]
Row = dict[str, float]

WIDTH = 270
LINEAR_UP_TO = 30.0
"""Ratio of the largest to the smallest positive value up to which an axis is linear."""

SMALL_SHARE = 0.25
"""Largest value from which on shares are drawn on an axis from 0 to 1."""

MAX_TICKS = 6
"""Powers of ten that an axis names."""

NO_MORE: Spec = MappingProxyType({})
CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "gridColor": "var(--rule)",
        "labelColor": "var(--muted)",
        "labelFontSize": 11,
        "tickColor": "var(--rule)",
        "titleColor": "var(--muted)",
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
}


def layer(
    rows: Sequence[Spec], mark: Spec, x: Spec, y: Spec, y2: str = "", more: Spec = NO_MORE
) -> Spec:
    """Return marks for rows; `y2` names the field of the other end of bars and areas.

    `more` are encodings beside those of places.
    """
    encoding = {"x": x, "y": y} | ({"y2": {"field": y2}} if y2 else {})
    return {"data": {"values": list(rows)}, "mark": mark, "encoding": {**encoding, **more}}


def guides(
    places: Sequence[float], channel: Literal["x", "y"], axis: Spec, *, dashed: bool = True
) -> list[Spec]:
    """Return lines across the whole chart, at places of one axis; none for no places."""
    mark = {"type": "rule", "color": "var(--muted)", "strokeWidth": 1}
    mark |= {"strokeDash": [3, 3]} if dashed else {}
    values = [{axis["field"]: short(place)} for place in places]
    chart = {"data": {"values": values}, "mark": mark, "encoding": {channel: axis}}
    return [chart] if values else []


def rows(x: Sequence[float], intervals: Sequence[Interval]) -> list[Row]:
    """Return what can be drawn: positions with an estimate, and bounds where there are any.

    >>> from goalscope.statistics.intervals import UNKNOWN
    >>> rows([0.0, 1.0], [UNKNOWN, Interval(1.0, 0.0, 2.0)])
    [{'x': 1.0, 'estimate': 1.0, 'lower': 0.0, 'upper': 2.0}]
    """
    found = []
    for position, interval in zip(x, intervals, strict=True):
        row = {
            "x": position,
            "estimate": interval.estimate,
            "lower": interval.lower,
            "upper": interval.upper,
        }
        known = {name: short(value) for name, value in row.items() if math.isfinite(value)}
        if "estimate" in known:
            found.append(known)
    return found


def bounded(found: Sequence[Row]) -> list[Row]:
    """Return the rows that have both bounds."""
    return [row for row in found if "lower" in row and "upper" in row]


def short(value: float) -> float:
    """Return `value` to five significant digits, which no drawing needs more of."""
    return float(f"{value:.5g}")


def vertical(
    field: str, domain: tuple[float, float], title: str = "", *, log: bool = False
) -> Spec:
    """Return a vertical axis."""
    scale = {"type": "log"} if log else {"zero": False}
    return {
        "field": field,
        "type": "quantitative",
        "scale": {**scale, "domain": list(domain), "nice": False},
        "axis": {
            "title": title or None,
            "tickCount": 3,
            "minExtent": 26,
            "titlePadding": 6,
        },
    }


def domain(values: Sequence[float], *, unit: bool) -> tuple[float, float]:
    """Return the range of the finite values; with `unit`, at least 0 to 1."""
    finite = [value for value in values if math.isfinite(value)] + (
        [0.0, 1.0] if unit else []
    )
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def fitting(values: Sequence[float]) -> tuple[float, float]:
    """Return a range that holds the finite values and zero: 0 to 1 where shares fill it.

    >>> fitting([0.1, 0.8]), fitting([0.001, 0.004]), fitting([-2.0, 7.0])
    ((0.0, 1.0), (0.0, 0.004), (-2.0, 7.0))
    """
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    is_share = low >= 0 and SMALL_SHARE <= high <= 1
    return (0.0, 1.0) if is_share else domain([0.0, *known], unit=False)


def log_like(
    values: Sequence[float], linear_up_to: float = LINEAR_UP_TO
) -> tuple[Spec, list[float]]:
    """Return a scale on which zero and powers of ten both have a place, and its ticks.

    It is `log(1 + x / c)` with `c` the smallest positive value; linear where the values
    span less than `linear_up_to`, or where some are negative.
    """
    positive = [value for value in values if value > 0]
    low, high = min(positive, default=1.0), max(positive, default=1.0)
    if high / low < linear_up_to or min(values, default=0.0) < 0:
        ends = [min(values, default=0.0), max(values, default=1.0)]
        return {"type": "linear", "zero": False, "nice": False}, ends
    decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    every = 1 + len(decades) // MAX_TICKS
    powers = [10.0**decade for decade in decades[::every]]
    ticks = [0.0, *(power for power in powers if low <= power <= high)]
    return {"type": "symlog", "constant": low, "nice": False}, ticks
