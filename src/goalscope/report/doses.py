"""The fifth section: readings at the end of training, over the swept value."""

import re
from collections.abc import Mapping

import numpy as np

from goalscope.report.dose_chart import SHAPES, Curve, dose_chart
from goalscope.report.figure import Figure, Key, Panel, Section, Table
from goalscope.report.palette import INK, reading_color
from goalscope.report.summary import Average, averages, is_computed
from goalscope.report.wording import bounds, listed, number
from goalscope.result import ArmResult, Result

MANY_VALUES = 20_000
"""Readings of single agents up to which a table holds them all."""

Groups = Mapping[str, list[ArmResult]]
Readings = dict[tuple[str, str], dict[str, Average]]
"""(instrument, reading) -> arm -> its average."""


def dose_section(result: Result) -> Section:
    """Return a panel per reading over the swept value; a table if nothing was.

    A computed experiment draws its own pictures, so that a table is left to show.
    """
    found: Readings = {}
    for arm in result.arms.values():
        for average in averages(result, arm):
            name = average.instrument, average.reading
            found.setdefault(name, {})[arm.name] = average
    drawn = not (is_computed(result) and result.plots)
    groups = dose_groups(result) if drawn else {}
    panels = tuple(
        _panel(result, name, arms, groups)
        for name, arms in found.items()
        if any(arm.name in arms for group in groups.values() for arm in group)
    )
    keys = tuple(
        Key(SHAPES[index % len(SHAPES)], INK, group or "all arms")
        for index, group in enumerate(groups)
    )
    swept = f" over {dose_name(groups)}" if panels else ""
    dots = "; dots are single agents" if panels else ""
    figure = Figure(
        "readings",
        f"Readings at the last checkpoint{swept}, in {_units(found)}. Means over included "
        f"agents with 95% BCa intervals{dots}.",
        panels,
        _table(result, found),
        key=keys if panels else (),
        data="Readings of every arm and agent",
    )
    title = "Dose and response" if panels else "Readings at the end of training"
    return Section("doses", "Readings" if is_computed(result) else title, figures=(figure,))


def dose_groups(result: Result) -> dict[str, list[ArmResult]]:
    """Return group -> its arms by rising dose, for groups with at least two doses."""
    groups: dict[str, list[ArmResult]] = {}
    for arm in result.arms.values():
        if arm.dose is not None:
            groups.setdefault(arm.group, []).append(arm)
    return {
        name: sorted(arms, key=lambda arm: arm.dose or 0.0)
        for name, arms in groups.items()
        if len({arm.dose for arm in arms}) > 1
    }


def dose_name(groups: Groups) -> str:
    """Return what is swept, if titles say so as in "α = 0.1"; else "swept value"."""
    titles = [arm.title for arms in groups.values() for arm in arms]
    found = {
        match[1] for title in titles if (match := re.search(r"(\S+) ?= ?[\d.]", title))
    }
    return found.pop() if len(found) == 1 else "swept value"


def _panel(
    result: Result, name: tuple[str, str], arms: Mapping[str, Average], groups: Groups
) -> Panel:
    instrument, reading = name
    members = [[a for a in group if a.name in arms] for group in groups.values()]
    color = reading_color(result, reading)
    curves = [
        _curve([(arm, arms[arm.name]) for arm in group], color, index)
        for index, group in enumerate(members)
        if group
    ]
    means = "; ".join(
        f"{arm.title} {number(arms[arm.name].interval.estimate)}"
        for group in members
        for arm in group
    )
    swept = dose_name(groups)
    known = result.calibration.get(instrument)
    doubt = ", failed its calibration" if known is not None and not known.passed else ""
    alt = f"{instrument} of {reading} over {swept}{doubt}. Means: {means}"
    return Panel(f"{instrument}: {reading}{doubt}", alt, dose_chart(curves, swept))


def _curve(found: list[tuple[ArmResult, Average]], color: str, index: int) -> Curve:
    return Curve(
        color,
        SHAPES[index % len(SHAPES)],
        [float(arm.dose or 0.0) for arm, _ in found],
        [average.interval for _, average in found],
        [average.values.tolist() for _, average in found],
    )


def _units(found: Readings) -> str:
    units: dict[str, list[str]] = {}
    for (instrument, _), arms in found.items():
        for average in arms.values():
            named = units.setdefault(average.unit, [])
            named += [instrument] * (instrument not in named)
    return listed([f"{unit} ({', '.join(names)})" for unit, names in units.items()])


def _table(result: Result, found: Readings) -> Table:
    means = [average for arms in found.values() for average in arms.values()]
    never = any(average.infinite for average in means)
    each = sum(len(average.values) for average in means) <= MANY_VALUES
    rows = tuple(
        (
            instrument,
            reading,
            result.arms[arm].title,
            f"{len(average.values):,}",
            number(average.interval.estimate) if len(average.values) else "no result",
            bounds(average.interval),
            *((f"{average.infinite:,}",) if never else ()),
            _spread(average.values.tolist(), each=each),
        )
        for (instrument, reading), arms in found.items()
        for arm, average in arms.items()
    )
    infinite = ("at ∞",) if never else ()
    last = "agents, sorted" if each else "least, quartiles, most"
    columns = ("instrument", "reading", "arm", "n", "mean", "95% interval", *infinite, last)
    return Table(columns, rows, numeric=frozenset(range(3, len(columns) - 1)))


def _spread(values: list[float], *, each: bool) -> str:
    """Return all values in order, or five of them that say how they spread."""
    shown = sorted(values)
    if not each and values:
        shown = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return " ".join(number(value) for value in shown)
