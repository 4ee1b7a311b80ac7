"""The third section: goals, scores and training return along training."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from goalscope.evidence import Evidence
from goalscope.report.chart_parts import domain
from goalscope.report.figure import Figure, Key, Panel, Section, Table
from goalscope.report.gate import (
    CompetenceGate,
    competence_gate,
    gate_evidence,
    kept_out,
)
from goalscope.report.palette import INK, NONE, line_color, reading_color
from goalscope.report.summary import (
    arm_evidence,
    band,
    goal_shares,
    instruments,
    is_computed,
)
from goalscope.report.training_chart import Lane, Line, training_chart
from goalscope.report.wording import NOTHING, bounds, counted, number
from goalscope.result import ArmResult, Result
from goalscope.statistics.intervals import Interval

SCORE = "goal_score"
HEIGHTS = {"share": 92, "score": 64, "gate": 40, "return": 40, "metric": 40}
"""Of the lanes, in pixels."""

Lanes = dict[str, list[tuple[str, Line]]]
"""Lane -> its curves, each with a name."""


def training_section(result: Result) -> Section:
    """Return a chart an arm: goal shares, scores and return over updates.

    Of a computed experiment it shows the training metrics alone, where there are any.
    """
    score = None if is_computed(result) else score_instrument(result)
    series = {arm.name: _series(result, arm, score) for arm in result.arms.values()}
    arms = [
        arm for arm in result.arms.values() if series[arm.name] or not is_computed(result)
    ]
    domains = _domains(list(series.values()))
    gate = competence_gate(result)
    panels = tuple(_panel(arm, series[arm.name], domains, gate) for arm in arms)
    shares = "Share of included agents by goal (95% Wilson intervals); "
    told = f" {gate.words}" if gate and score else ""
    figure = Figure(
        "training",
        f"{'' if is_computed(result) else shares}{_means(score)} (95% t intervals over "
        f"agents).{told} The unit is one independently trained agent.",
        panels,
        _table(arms, series),
        key=_key(result),
    )
    title = "Training" if is_computed(result) else "Goals along training"
    return Section("training", title, figures=(figure,))


def _means(score: str | None) -> str:
    return f"mean {score} and mean training metric" if score else "Mean training metric"


def score_instrument(result: Result) -> str | None:
    """Return the instrument whose means are drawn: the goal score, or else the first."""
    names = list(instruments(result))
    return SCORE if SCORE in names else next(iter(names), None)


def return_curve(arm: ArmResult) -> str | None:
    """Return the name of the training metric to draw: a return if there is one."""
    names = list(arm.curves)
    return next((name for name in names if "return" in name), next(iter(names), None))


def _series(result: Result, arm: ArmResult, score: str | None) -> Lanes:
    """Return lane -> its curves, each with a name; empty for an arm without result."""
    x = [float(update) for update in arm.updates]
    by_checkpoint = [goal_shares(result, arm, c) for c in range(len(x))]
    shares = [
        (name, _share_line(result, i, x, [at[i].interval for at in by_checkpoint]))
        for i, name in enumerate(result.label_names)
        if by_checkpoint[0] and arm.included.any()
    ]
    scores = [
        (found.reading, _mean(result, arm, found))
        for found in arm_evidence(result, arm.name)
        if found.instrument == score and arm.included.any()
    ]
    lanes = {"share": shares, "score": scores}
    if score and (gate := gate_evidence(result, arm)) is not None:
        lanes["gate"] = _both(arm, f"{gate.instrument}.{gate.reading}", gate.values)
    curve = return_curve(arm)
    if curve is not None:
        kind = "return" if "return" in curve else "metric"
        lanes[kind] = _both(arm, curve, arm.curves[curve], dashed=True)
    return {lane: lines for lane, lines in lanes.items() if lines}


def _both(
    arm: ArmResult, name: str, values: Float[np.ndarray, "N C"], *, dashed: bool = False
) -> list[tuple[str, Line]]:
    """Return the mean curve of the included agents, and of those that the gate kept out."""
    x = [float(update) for update in arm.updates]
    out = kept_out(arm)
    lines = [
        (name, Line(INK, x, band(values, arm.included), dashed=dashed), arm.included),
        (f"{name} of the excluded", Line(INK, x, band(values, out), dotted=True), out),
    ]
    return [(name, line) for name, line, agents in lines if agents.any()]


def _share_line(
    result: Result, label: int, x: Sequence[float], intervals: Sequence[Interval]
) -> Line:
    dashed = label == len(result.label_names) - 1
    return Line(line_color(result, label), x, intervals, dashed=dashed)


def _mean(result: Result, arm: ArmResult, found: Evidence) -> Line:
    x = [float(update) for update in arm.updates]
    color = reading_color(result, found.reading)
    return Line(color, x, band(found.values, arm.included, found.unit))


def _seen(lines: list[Line]) -> list[Line]:
    """Return the lines that ever leave zero; the others would only add bands at zero."""
    return [line for line in lines if any(i.estimate != 0 for i in line.intervals)]


def _domains(arms: Sequence[Lanes]) -> dict[str, tuple[float, float]]:
    """Return lane -> range of its axis, the same in all arms; at least 0 to 1."""
    found: dict[str, list[float]] = {}
    for lanes in arms:
        for name, lines in lanes.items():
            ends = [
                (i.lower, i.estimate, i.upper) for _, line in lines for i in line.intervals
            ]
            found.setdefault(name, []).extend(value for triple in ends for value in triple)
    return {name: domain(values, unit=True) for name, values in found.items()}


def _panel(
    arm: ArmResult,
    series: Lanes,
    domains: dict[str, tuple[float, float]],
    gate: CompetenceGate | None,
) -> Panel:
    n, out = int(arm.included.sum()), int(kept_out(arm).sum())
    title = f"{arm.title} (n = {n}{f', {out} not competent' if out else ''})"
    nothing = "" if n else "No result: all agents excluded"
    if not series:
        return Panel(title, f"{arm.title}: no result", None, nothing)
    levels = [] if gate is None else [gate.threshold]
    lanes = [
        Lane(
            kind,
            HEIGHTS[kind],
            _seen([line for _, line in lines]),
            domains[kind],
            levels=levels if kind == "gate" else (),
        )
        for kind, lines in series.items()
    ]
    ends = "; ".join(
        f"{name} {number(line.intervals[-1].estimate)}"
        for lines in series.values()
        for name, line in lines
    )
    alt = f"{arm.title}, {counted(n, 'agent')}: curves over updates. At the end: {ends}"
    return Panel(title, alt, training_chart(lanes), below=nothing)


def _key(result: Result) -> tuple[Key, ...]:
    last = len(result.label_names) - 1
    goals = [
        Key("dashed" if index == last else "line", line_color(result, index), name)
        for index, name in enumerate(result.label_names)
    ]
    curves = dict.fromkeys(return_curve(arm) for arm in result.arms.values())
    metrics = [Key("dashed", INK, curve.replace("_", " ")) for curve in curves if curve]
    out = any(kept_out(arm).any() for arm in result.arms.values())
    excluded = [Key("dotted", INK, "not competent: excluded, mean")] if out else []
    return (*goals, *metrics, *excluded, Key("area", NONE, "95% interval"))


def _table(arms: Sequence[ArmResult], series: Mapping[str, Lanes]) -> Table:
    """Return a row an arm and checkpoint, a column a curve."""
    curves = {
        arm.name: {
            f"{kind}: {name}": line
            for kind, lines in series[arm.name].items()
            for name, line in lines
        }
        for arm in arms
    }
    names = list(dict.fromkeys(name for found in curves.values() for name in found))
    rows = tuple(
        (
            arm.title,
            f"{int(update):,}",
            *(_cell(curves[arm.name].get(name), index) for name in names),
        )
        for arm in arms
        for index, update in enumerate(arm.updates.tolist())
        if curves[arm.name]
    )
    numeric = frozenset(range(1, 2 + len(names)))
    return Table(("arm", "updates", *names), rows, numeric)


def _cell(line: Line | None, index: int) -> str:
    if line is None:
        return NOTHING
    interval = line.intervals[index]
    return f"{number(interval.estimate)} {bounds(interval)}"
