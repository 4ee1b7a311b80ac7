"""A measurement of stored agents as one HTML file. No JAX."""

import math
from dataclasses import replace

from markupsafe import Markup

from goalscope.report.along_training import training_section
from goalscope.report.chart_parts import domain
from goalscope.report.excluded import exclusion_section
from goalscope.report.figure import Section
from goalscope.report.measured import Row, Told, measured_rows
from goalscope.report.palette import INK, NONE
from goalscope.report.planted import planted_section
from goalscope.report.reproduction import reproduction_section
from goalscope.report.shell import Head, render_page
from goalscope.report.wording import bounds, number, percent
from goalscope.result import Result

WIDTH, HEIGHT = 240, 16


def render_measurement(result: Result, told: Told) -> str:
    """Return a page: every reading, arms above planted agents, and what to hold against it.

    Equal results give equal bytes.
    """
    judged = replace(result, label_names=result.label_names or ("undecided",))
    along = max(len(arm.updates) for arm in result.arms.values()) > 1
    sections = [readings_section(result, told)]
    sections += [training_section(result)] if along else []
    sections += [planted_section(result), exclusion_section(result)]
    sections += [reproduction_section(judged)]
    facts = (told.of, f"{told.on} levels", *(("all checkpoints",) if along else ()))
    return render_page(Head(told.kind, facts, told.question), tuple(sections))


def readings_section(result: Result, told: Told) -> Section:
    """Return every reading as a table with a drawing in each row."""
    found = measured_rows(result, told)
    groups = [_group(reading, rows) for reading, rows in found.items()]
    facts = {"groups": groups, "settings": told.settings, "left_out": told.left_out}
    return Section("readings", "Readings", "measured", facts)


def _group(reading: str, rows: list[Row]) -> dict[str, object]:
    axis = axis_of(rows)
    ends = f"{number(axis[0])} to {number(axis[1])}"
    drawn = _drawn(rows, axis)
    return {"name": reading, "unit": rows[0].unit, "axis": ends, "rows": drawn}


def axis_of(rows: list[Row]) -> tuple[float, float]:
    """Return the range that holds everything drawn of a reading, 0 to 1 if that does."""
    ends = [bound for row in rows for bound in (row.interval.lower, row.interval.upper)]
    ends += [float(value) for row in rows for value in row.values]
    ends += [row.control for row in rows]
    known = [end for end in ends if math.isfinite(end)]
    return domain(known, unit=min(known, default=0) >= 0 and max(known, default=1) <= 1)


def _drawn(rows: list[Row], axis: tuple[float, float]) -> list[dict[str, object]]:
    return [
        {
            "title": row.title,
            "planted": row.planted,
            "goal": row.goal or "none of these",
            "n": f"{len(row.values):,}",
            "drawing": row_svg(row, axis),
            "mean": number(row.interval.estimate) if len(row.values) else "no result",
            "bounds": bounds(row.interval),
            "control": number(row.control),
            "checked": percent(row.checked),
        }
        for row in rows
    ]


def row_svg(row: Row, axis: tuple[float, float]) -> Markup:
    """Return one row: a dot an agent, the mean with its interval, the control as a tick."""
    color, middle = (NONE if row.planted else INK), HEIGHT / 2
    parts = [f'<path d="M0 {middle:g}h{WIDTH}" stroke="var(--rule)"/>']
    if math.isfinite(row.control):
        x = _place(row.control, axis)
        parts.append(f'<path d="M{x} 2v12" stroke="var(--faint)" stroke-dasharray="2 2"/>')
    parts += [
        f'<circle cx="{_place(float(value), axis)}" cy="{middle:g}" r="2.5" fill="{color}" '
        'fill-opacity=".3"/>'
        for value in row.values
    ]
    interval = row.interval
    if math.isfinite(interval.lower) and math.isfinite(interval.upper):
        ends = f"M{_place(interval.lower, axis)} {middle:g}H{_place(interval.upper, axis)}"
        parts.append(f'<path d="{ends}" stroke="{color}" stroke-width="3"/>')
    if math.isfinite(interval.estimate):
        x = _place(interval.estimate, axis)
        parts.append(f'<path d="M{x} 2.5v11" stroke="{color}" stroke-width="2"/>')
    body = "".join(parts)
    size = f'width="{WIDTH + 8}" height="{HEIGHT}" viewBox="-4 0 {WIDTH + 8} {HEIGHT}"'
    return Markup(f'<svg {size} aria-hidden="true">{body}</svg>')


def _place(value: float, axis: tuple[float, float]) -> str:
    low, high = axis
    return f"{WIDTH * (value - low) / (high - low):.1f}"
