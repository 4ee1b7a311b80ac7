"""Means of readings along training, a small drawing for each arm. No JAX."""

import math
from collections.abc import Sequence

import numpy as np

from goalscope.plots import OverTraining
from goalscope.report.chart_parts import fitting
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.palette import NONE
from goalscope.report.plot_data import (
    evidence_of,
    final,
    look,
    members,
    nothing,
    reading_names,
    sentences,
    units,
)
from goalscope.report.summary import band
from goalscope.report.training_chart import Lane, Line, training_chart
from goalscope.report.wording import NOTHING, bounds, counted, number
from goalscope.result import ArmResult, Result

HEIGHT = 120
MAX_PANELS = 24

Named = dict[str, Line]
"""Reading -> its curve."""


def training_figure(result: Result, plot: OverTraining, name: str) -> Figure:
    """Return a drawing for each arm that has one of the readings, all with one axis."""
    shown = {arm.name for on in plot.on for arm in members(result, plot, on)}
    arms = [arm for arm in result.arms.values() if arm.name in shown]
    if not arms:
        return nothing(plot, name)
    series = {arm.name: _series(result, arm, plot) for arm in arms}
    ends = [
        end
        for lines in series.values()
        for line in lines.values()
        for i in line.intervals
        for end in (i.lower, i.estimate, i.upper)
    ]
    domain = fitting([*ends, *([0.0] if plot.zero else [])])
    drawn = arms[:MAX_PANELS]
    panels = tuple(_panel(result, arm, plot, series[arm.name], domain) for arm in drawn)
    left = f"The first {MAX_PANELS} of {len(arms)} arms are drawn"
    about = "Means over included agents with 95% t intervals"
    return Figure(
        name,
        sentences(
            plot.caption,
            about,
            units(result, arms, plot.on),
            left if len(arms) > MAX_PANELS else "",
        ),
        panels,
        _table(result, arms, plot, series),
        key=_key(result, plot),
        title=plot.title,
    )


def _series(result: Result, arm: ArmResult, plot: OverTraining) -> Named:
    found: Named = {}
    x = [float(update) for update in arm.updates]
    for index, (on, reading) in enumerate(
        zip(plot.on, reading_names(plot.on), strict=True)
    ):
        evidence = evidence_of(result, arm, on)
        if evidence is not None:
            color, shape = look(result, on, index)
            intervals = band(evidence.values, evidence.included, evidence.unit)
            found[reading] = Line(color, x, intervals, dashed=shape != "circle")
    return found


def happened(result: Result, arm: ArmResult, plot: OverTraining) -> float:
    """Return when what is marked happened to the arm's agents on average, NaN if never."""
    if not plot.mark or evidence_of(result, arm, plot.mark) is None:
        return math.nan
    return final(result, arm, plot.mark).interval.estimate


def _panel(
    result: Result,
    arm: ArmResult,
    plot: OverTraining,
    lines: Named,
    domain: tuple[float, float],
) -> Panel:
    n = int(arm.included.sum())
    title = f"{arm.title} (n = {n})"
    if not n:
        none = "No result: all agents excluded"
        return Panel(title, f"{arm.title}: no result", None, none)
    mark = happened(result, arm, plot)
    lane = Lane(
        "",
        HEIGHT,
        list(lines.values()),
        domain,
        zero=plot.zero,
        marks=[mark] if math.isfinite(mark) else [],
    )
    ends = "; ".join(
        f"{name} {number(line.intervals[-1].estimate)}" for name, line in lines.items()
    )
    alt = f"{arm.title}, {counted(n, 'agent')}: curves over updates. At the end: {ends}"
    return Panel(title, alt, training_chart([lane]))


def _key(result: Result, plot: OverTraining) -> tuple[Key, ...]:
    looks = [look(result, on, index) for index, on in enumerate(plot.on)]
    keys = [
        Key("line" if shape == "circle" else "dashed", color, reading)
        for (color, shape), reading in zip(looks, reading_names(plot.on), strict=True)
    ]
    named = reading_names([plot.mark])[0] if plot.mark else ""
    marks = [Key("dashed", "var(--muted)", f"mean {named}")] if plot.mark else []
    return (*keys, Key("area", NONE, "95% interval"), *marks)


def _table(
    result: Result,
    arms: Sequence[ArmResult],
    plot: OverTraining,
    series: dict[str, Named],
) -> Table:
    """Return a row an arm and checkpoint, a column a reading, and what is marked."""
    names = reading_names(plot.on)
    marked = [reading_names([plot.mark])[0]] if plot.mark else []
    rows = tuple(
        (
            arm.title,
            f"{int(update):,}",
            *(_cell(series[arm.name].get(name), index) for name in names),
            *(final(result, arm, plot.mark).words for _ in marked),
        )
        for arm in arms
        for index, update in enumerate(np.asarray(arm.updates).tolist())
    )
    columns = ("arm", "updates", *names, *(f"mean {name}" for name in marked))
    return Table(columns, rows, numeric=frozenset(range(1, len(columns))))


def _cell(line: Line | None, index: int) -> str:
    if line is None:
        return NOTHING
    interval = line.intervals[index]
    return f"{number(interval.estimate)} {bounds(interval)}"
