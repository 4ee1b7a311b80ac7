"""A reading as colour over two factors, with the boundary that theory draws. No JAX."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from goalscope.plots import PhaseDiagram
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.palette import INK
from goalscope.report.plot_data import (
    at,
    final,
    members,
    nothing,
    panels,
    reading_names,
    sentences,
    units,
)
from goalscope.report.plot_phase_chart import Cells, Colors, phase_chart
from goalscope.report.summary import Average
from goalscope.report.wording import bounds, counted, number
from goalscope.result import ArmResult, Result

SWATCHES = 5


def phase_figure(result: Result, plot: PhaseDiagram, name: str) -> Figure:
    """Return a drawing for each combination of what is neither across nor up."""
    arms = members(result, plot, plot.on, (plot.x, plot.y))
    if not arms:
        return nothing(plot, name)
    found = {arm.name: final(result, arm, plot.on) for arm in arms}
    split = panels(arms, (plot.x, plot.y))
    means = {title: _cells(part, found, plot) for title, part in split.items()}
    drawn = tuple(_panel(plot, title, cells) for title, cells in means.items())
    empty = any(math.isnan(value) for cells in means.values() for value in cells.values())
    key = color_key(_colors(plot))
    key += [Key("hatch", INK, "no result")] if empty else []
    key += [Key("line", INK, plot.boundary_name or "theory")] if plot.boundary else []
    about = "Colours and numbers are means over included agents at the last checkpoint"
    return Figure(
        name,
        sentences(plot.caption, about, units(result, arms, plot.shown)),
        drawn,
        _table(plot, split, found),
        key=tuple(key),
        title=plot.title,
        data="Every cell with its agents and 95% BCa interval",
    )


def _colors(plot: PhaseDiagram) -> Colors:
    return Colors(float(plot.low), float(plot.high))


def _boundary(plot: PhaseDiagram) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in plot.boundary]


def _cells(
    arms: Sequence[ArmResult], found: Mapping[str, Average], plot: PhaseDiagram
) -> Cells:
    """Return the mean of each cell; of arms at one place, the mean of their means."""
    values: dict[tuple[float, float], list[float]] = {}
    for arm in arms:
        cell = at(arm, plot.x), at(arm, plot.y)
        values.setdefault(cell, []).append(found[arm.name].interval.estimate)
    return {cell: float(np.mean(each)) for cell, each in values.items()}


def _panel(plot: PhaseDiagram, title: str, cells: Cells) -> Panel:
    (reading,) = reading_names((plot.on,))
    means = "; ".join(f"{x:g}, {y:g}: {number(mean)}" for (x, y), mean in cells.items())
    alt = f"{reading} over {plot.x} and {plot.y}, {counted(len(cells), 'cell')}. {means}"
    chart = phase_chart(cells, _colors(plot), _boundary(plot))
    above = f"{reading}, {title}" if title else reading
    return Panel(above, alt, chart, below=f"↑ {plot.y} · {plot.x} →")


def _table(
    plot: PhaseDiagram,
    split: Mapping[str, Sequence[ArmResult]],
    found: Mapping[str, Average],
) -> Table:
    rows = []
    for title, arms in split.items():
        for arm in sorted(arms, key=lambda arm: (at(arm, plot.x), at(arm, plot.y))):
            mean = found[arm.name]
            places = [number(at(arm, axis)) for axis in (plot.x, plot.y)]
            cells = (*places, f"{len(mean.values):,}", number(mean.interval.estimate))
            rows.append((arm.title, title or "all", *cells, bounds(mean.interval)))
    columns = ("arm", "drawing", plot.x, plot.y, "agents", "mean", "95% interval")
    return Table(columns, tuple(rows), numeric=frozenset(range(2, 7)))


def color_key(colors: Colors) -> list[Key]:
    """Return the colours of some values, from the lowest to the highest."""
    values = np.linspace(colors.low, colors.high, SWATCHES).tolist()
    return [Key("cell", _mixed(*colors.shade(value)), number(value)) for value in values]


def _mixed(name: str, share: float) -> str:
    return f"color-mix(in srgb, var({name}) {100 * share:.0f}%, var(--paper))"
