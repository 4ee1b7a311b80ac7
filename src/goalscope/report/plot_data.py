"""What the pictures of an experiment are drawn from: arms, places, readings. No JAX."""

from collections.abc import Sequence

from goalscope.evidence import Evidence
from goalscope.plots import AbstractPlot
from goalscope.report.dose_chart import SHAPES, Shape
from goalscope.report.figure import Figure, Panel, Table
from goalscope.report.palette import INK, NUM_GOALS, reading_color
from goalscope.report.summary import Average, average
from goalscope.report.wording import listed, number
from goalscope.result import ArmResult, Result

GROUP = ""
"""Stands for an arm's group where factors are named."""


def members(
    result: Result, plot: AbstractPlot, on: str, factors: Sequence[str] = ()
) -> list[ArmResult]:
    """Return the arms that a picture draws: of its group, with a reading and factors."""
    return [
        arm
        for arm in result.arms.values()
        if plot.group in ("", arm.group)
        and evidence_of(result, arm, on) is not None
        and all(factor in arm.factors for factor in factors)
    ]


def evidence_of(result: Result, arm: ArmResult, on: str) -> Evidence | None:
    """Return the reading "instrument.reading" of an arm, if it has it."""
    instrument, _, reading = on.partition(".")
    return result.evidence.get((arm.name, instrument, reading))


def final(result: Result, arm: ArmResult, on: str) -> Average:
    """Return a reading that the arm has, averaged over its agents at the end."""
    instrument, _, reading = on.partition(".")
    return average(result.evidence[arm.name, instrument, reading])


def at(arm: ArmResult, factor: str) -> float:
    """Return the value of a factor that the arm has."""
    return float(arm.factors[factor])


def panels(arms: Sequence[ArmResult], used: Sequence[str]) -> dict[str, list[ArmResult]]:
    """Return title -> arms, so that no two arms of a panel share a place if possible.

    Arms at one place of the `used` factors differ in their group or in further factors: as
    few of these as are needed make the panels, those with the fewest values first.
    """
    others = {name: None for arm in arms for name in arm.factors if name not in used}
    values = {name: {_value(arm, name) for arm in arms} for name in (GROUP, *others)}
    by: list[str] = []
    for name in sorted(values, key=lambda name: (name != GROUP, len(values[name]))):
        if _places(arms, [*used, *by, name]) > _places(arms, [*used, *by]):
            by.append(name)
    found: dict[str, list[ArmResult]] = {}
    for arm in sorted(arms, key=lambda arm: [_order(_value(arm, name)) for name in by]):
        found.setdefault(", ".join(_named(arm, name) for name in by), []).append(arm)
    return found


def _value(arm: ArmResult, name: str) -> float | str | None:
    return arm.group if name == GROUP else arm.factors.get(name)


def _places(arms: Sequence[ArmResult], names: Sequence[str]) -> int:
    return len({tuple(_value(arm, name) for name in names) for arm in arms})


def _order(value: float | str | None) -> float:
    """Return where a value comes; groups stay in the order of the arms."""
    return value if isinstance(value, float | int) else 0.0


def _named(arm: ArmResult, name: str) -> str:
    value = _value(arm, name)
    if isinstance(value, str):
        return value
    return f"no {name}" if value is None else f"{name} = {number(value)}"


def reading_names(shown: Sequence[str]) -> list[str]:
    """Return the readings without their instruments, where that tells them apart.

    >>> reading_names(["a.drift", "a.clicks"]), reading_names(["a.x", "b.x"])
    (['drift', 'clicks'], ['a.x', 'b.x'])
    """
    short = [on.partition(".")[2] for on in shown]
    return short if len(set(short)) == len(shown) else list(shown)


def look(result: Result, on: str, index: int) -> tuple[str, Shape]:
    """Return colour and mark of the line with this number.

    Where agents are judged by their goals, the colours of goals stay theirs.
    """
    own = reading_color(result, on.partition(".")[2])
    color = own if result.label_names else f"var(--goal-{index % NUM_GOALS})"
    return color or INK, SHAPES[index % len(SHAPES)]


def units(result: Result, arms: Sequence[ArmResult], shown: Sequence[str]) -> str:
    """Return the units of readings in a sentence."""
    found: dict[str, None] = {}
    for on in shown:
        known = [e for arm in arms if (e := evidence_of(result, arm, on)) is not None]
        found |= {evidence.unit: None for evidence in known[:1] if evidence.unit}
    return f"Unit: {listed(list(found))}." if found else ""


def sentences(*parts: str) -> str:
    """Return parts as sentences, one after the other; empty ones are left out."""
    known = [part.strip() for part in parts if part.strip()]
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in known)


def nothing(plot: AbstractPlot, name: str) -> Figure:
    """Return the figure of a picture for which the result holds no arm."""
    why = "No arm of this run has what is drawn here"
    panel = Panel(listed(reading_names(plot.shown)), why, None, why)
    return Figure(name, plot.caption, (panel,), Table((), ()), title=plot.title)
