"""The share of agents to which something has not yet happened, a line an arm. No JAX."""

from collections.abc import Sequence

import numpy as np

from goalscope.plots import Survival
from goalscope.report.chart_parts import (
    CONFIG,
    WIDTH,
    Row,
    Spec,
    bounded,
    layer,
    log_like,
    rows,
    short,
    vertical,
)
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.palette import INK, NONE, NUM_GOALS
from goalscope.report.plot_data import (
    evidence_of,
    members,
    nothing,
    reading_names,
    sentences,
)
from goalscope.report.plot_kaplan_meier import Step, kaplan_meier, watched_until
from goalscope.report.wording import bounds, number
from goalscope.result import ArmResult, Result

HEIGHT = 180
TOGETHER = 6
"""Arms up to which all lines share one drawing."""

Steps = tuple[Step, ...]
Named = Sequence[tuple[str, Steps]]
"""Titles of arms with their curves."""


def survival_figure(result: Result, plot: Survival, name: str) -> Figure:
    """Return one drawing of all arms, or one for each if they are many."""
    arms = members(result, plot, plot.on)
    found = [(arm.title, _steps(result, arm, plot)) for arm in arms]
    known = [(title, steps) for title, steps in found if steps]
    if not known:
        return nothing(plot, name)
    together = len(known) <= TOGETHER
    (reading,) = reading_names((plot.on,))
    groups = [(reading, known)] if together else [(each[0], [each]) for each in known]
    panels = tuple(_panel(plot, title, part, together=together) for title, part in groups)
    about = (
        f"Kaplan-Meier estimates over included agents, watched until {plot.until:,g} "
        f"{plot.unit}, with 95% intervals from Greenwood's variance. Beside the names of "
        "arms stands to how many of their agents it happened"
    )
    return Figure(
        name,
        sentences(plot.caption, about),
        panels,
        _table(plot, known),
        key=_key(known, together=together),
        title=plot.title,
        data="Every step of the curves",
    )


def _steps(result: Result, arm: ArmResult, plot: Survival) -> Steps:
    evidence = evidence_of(result, arm, plot.on)
    if evidence is None:
        return ()
    times = np.asarray(evidence.values[:, -1][evidence.included], float)
    return kaplan_meier(*watched_until(times, float(plot.until)))


def _look(index: int) -> tuple[str, bool]:
    """Return colour of a line and whether it is dashed; lines often lie on each other."""
    return f"var(--goal-{index % NUM_GOALS})", index % 2 == 1


def _panel(plot: Survival, title: str, known: Named, *, together: bool) -> Panel:
    looks = [_look(index) if together else (INK, False) for index in range(len(known))]
    chart = survival_chart(
        [(*look, steps) for look, (_, steps) in zip(looks, known, strict=True)],
        float(plot.until),
    )
    ends = "; ".join(f"{arm} {number(steps[-1].share.estimate)}" for arm, steps in known)
    alt = f"Share of agents without {title} over {plot.unit}. At the end: {ends}"
    above = "share of agents to which it has not happened" if together else title
    return Panel(above, alt, chart, below=f"{plot.unit} →")


def survival_chart(curves: Sequence[tuple[str, bool, Steps]], until: float) -> Spec:
    """Return curves of (colour, dashed, steps), with bands, from 0 to `until`."""
    times = [step.time for _, _, steps in curves for step in steps]
    scale, ticks = log_like([*times, until])
    scale = {**scale, "domain": [0.0, until]}
    label = "format(datum.value, '~s')"
    axis = {"labelExpr": label, "title": None, "grid": False}
    axis |= {"values": ticks} if scale["type"] == "symlog" else {"tickCount": 5}
    x = {"field": "x", "type": "quantitative", "scale": scale, "axis": axis}
    y, low = (vertical(field, (0.0, 1.0)) for field in ("estimate", "lower"))
    layers = []
    for color, dashed, steps in curves:
        found = _rows(steps, until)
        step = {"interpolate": "step-after", "color": color}
        area = {"type": "area", "opacity": short(0.16 / len(curves) ** 0.5), **step}
        line = {"type": "line", "strokeWidth": 1.75, **step}
        line |= {"strokeDash": [5, 3]} if dashed else {}
        layers += [layer(bounded(found), area, x, low, "upper"), layer(found, line, x, y)]
    return {"config": CONFIG, "width": WIDTH, "height": HEIGHT, "layer": layers}


def _rows(steps: Steps, until: float) -> list[Row]:
    times = [*(step.time for step in steps), until]
    return rows(times, [*(step.share for step in steps), steps[-1].share])


def _key(known: Named, *, together: bool) -> tuple[Key, ...]:
    area = Key("area", NONE, "95% interval")
    if not together:
        return (area,)
    looks = [_look(index) for index in range(len(known))]
    lines = [
        Key("dashed" if dashed else "line", color, f"{arm} ({_counts(steps)})")
        for (color, dashed), (arm, steps) in zip(looks, known, strict=True)
    ]
    return (*lines, area)


def _counts(steps: Steps) -> str:
    events = sum(step.happened for step in steps)
    return f"{events:,} of {steps[0].at_risk:,}"


def _table(plot: Survival, known: Named) -> Table:
    body = tuple(
        (
            arm,
            number(step.time),
            f"{step.at_risk:,}",
            f"{step.happened:,}",
            number(step.share.estimate),
            bounds(step.share),
        )
        for arm, steps in known
        for step in steps
    )
    columns = ("arm", plot.unit, "at risk", "happened", "share without", "95% interval")
    return Table(columns, body, numeric=frozenset(range(1, 6)))
