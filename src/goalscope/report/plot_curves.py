"""Means of readings over one factor of the arms, with intervals and agents. No JAX."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from goalscope.plots import FactorCurves
from goalscope.report.chart_parts import fitting
from goalscope.report.dose_chart import MAX_DOTS, Curve, Range, dose_chart
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.plot_data import (
    at,
    final,
    look,
    members,
    nothing,
    panels,
    reading_names,
    sentences,
    units,
)
from goalscope.report.summary import Average
from goalscope.report.wording import bounds, listed, number
from goalscope.result import ArmResult, Result
from goalscope.statistics.intervals import UNKNOWN, Interval


@dataclass(frozen=True)
class Line:
    """One line of one drawing.

    Fields:
        name: in the key.
        on: the reading.
        drawing: what tells the drawing from the others; empty if it is the only one.
        points: arms with their means, by rising value of the factor.
    """

    name: str
    on: str
    drawing: str
    points: tuple[tuple[ArmResult, Average], ...]


def curves_figure(result: Result, plot: FactorCurves, name: str) -> Figure:
    """Return a drawing for each combination of what is neither across nor a series."""
    lines = factor_lines(result, plot)
    if not lines:
        return nothing(plot, name)
    dots = sum(len(mean.values) for line in lines for _, mean in line.points) <= MAX_DOTS
    shown = _range(lines, log=plot.log, dots=dots)
    names = list(dict.fromkeys(line.name for line in lines))
    looks = {line.name: look(result, line.on, names.index(line.name)) for line in lines}
    drawings: dict[str, list[tuple[Line, Curve]]] = {}
    for line in lines:
        curve = _curve(line, plot.x, looks[line.name], shown, dots=dots)
        drawings.setdefault(line.drawing, []).append((line, curve))
    about = "Means over included agents at the last checkpoint with 95% BCa intervals"
    about += "; dots are single agents" if dots else ""
    arms = [arm for line in lines for arm, _ in line.points]
    key = [Key(shape, color, each) for each, (color, shape) in looks.items()]
    return Figure(
        name,
        sentences(plot.caption, about, units(result, arms, plot.shown)),
        tuple(_panel(plot, title, found, shown) for title, found in drawings.items()),
        _table(plot, lines),
        key=(*(key if len(names) > 1 else ()), *_marks(plot)),
        title=plot.title,
    )


def factor_lines(result: Result, plot: FactorCurves) -> list[Line]:
    """Return all lines of a picture: of each drawing, reading and value of the series."""
    factors = (plot.x, *((plot.series,) if plot.series else ()))
    found = []
    for on, reading in zip(plot.on, reading_names(plot.on), strict=True):
        for title, part in panels(members(result, plot, on, factors), factors).items():
            for value in sorted({_series(arm, plot) for arm in part}):
                own = [arm for arm in part if _series(arm, plot) == value]
                own.sort(key=lambda arm: at(arm, plot.x))
                points = tuple((arm, final(result, arm, on)) for arm in own)
                found.append(Line(_name(plot, reading, value), on, title, points))
    return found


def _series(arm: ArmResult, plot: FactorCurves) -> float:
    return at(arm, plot.series) if plot.series else 0.0


def _name(plot: FactorCurves, reading: str, value: float) -> str:
    named = [reading] if len(plot.on) > 1 or not plot.series else []
    return ", ".join(named + ([f"{plot.series} = {value:g}"] if plot.series else []))


def _marks(plot: FactorCurves) -> list[Key]:
    """Return what the lines that stand at values of the factor are."""
    return [
        Key("dashed", "var(--muted)", f"{name}: {plot.x} = {value:g}")
        for name, value in (plot.lines or {}).items()
    ]


def _range(lines: Sequence[Line], *, log: bool, dots: bool) -> Range:
    """Return one axis for all drawings of a picture."""
    ends: list[float] = []
    for _, mean in (point for line in lines for point in line.points):
        ends += [mean.interval.lower, mean.interval.estimate, mean.interval.upper]
        ends += mean.values.tolist() if dots else []
    positive = [end for end in ends if 0 < end < math.inf]
    if not (log and positive):
        return Range(fitting(ends))
    low, high = min(positive), max(positive)
    return Range((low, high) if high > low else (low / 2, high * 2), log=True)


def _curve(line: Line, x: str, look: tuple, shown: Range, *, dots: bool) -> Curve:
    color, shape = look
    means = [mean for _, mean in line.points]
    least = shown.ends[0] if shown.log else -math.inf
    return Curve(
        color,
        shape,
        [at(arm, x) for arm, _ in line.points],
        [_drawable(mean.interval, least) for mean in means],
        [
            [value for value in mean.values.tolist() if dots and value >= least]
            for mean in means
        ],
    )


def _drawable(interval: Interval, least: float) -> Interval:
    """Return an interval without what lies below the axis."""
    if not interval.estimate >= least:
        return UNKNOWN
    lower = max(interval.lower, least)
    return Interval(interval.estimate, lower, interval.upper)


def _panel(
    plot: FactorCurves, title: str, found: Sequence[tuple[Line, Curve]], shown: Range
) -> Panel:
    readings = listed(reading_names(list(dict.fromkeys(line.on for line, _ in found))))
    means = "; ".join(
        f"{line.name}: "
        + ", ".join(
            f"{at(arm, plot.x):g} {number(mean.interval.estimate)}"
            for arm, mean in line.points
        )
        for line, _ in found
    )
    chart = dose_chart(
        [curve for _, curve in found],
        shown=shown,
        lines=[float(value) for value in (plot.lines or {}).values()],
    )
    above = f"{readings}, {title}" if title else readings
    alt = f"{above}, over {plot.x}. Means: {means}"
    return Panel(above, alt, chart, below=f"{plot.x} →")


def _table(plot: FactorCurves, lines: Sequence[Line]) -> Table:
    rows = tuple(
        (
            line.name,
            arm.title,
            number(at(arm, plot.x)),
            f"{len(mean.values):,}",
            f"{mean.infinite:,}",
            number(mean.interval.estimate),
            bounds(mean.interval),
        )
        for line in lines
        for arm, mean in line.points
    )
    columns = ("line", "arm", plot.x, "agents", "at ∞", "mean", "95% interval")
    return Table(columns, rows, numeric=frozenset(range(2, 7)))
