"""A measurement of stored agents in the terminal. No JAX."""

import math

from rich.console import Group
from rich.table import Table
from rich.text import Text

from goalscope.report.measured import Row, Told, measured_rows
from goalscope.report.summary import exclusions
from goalscope.report.terminal import READINGS_A_TABLE, SIGNS
from goalscope.report.terminal_parts import table, text, titled
from goalscope.report.verdicts import checked
from goalscope.report.wording import bounds, counted, listed, number, percent
from goalscope.result import Outcome, Result


def show_measurement(result: Result, told: Told) -> Group:
    """Return tables of readings, arms above planted agents, and how far to trust them."""
    groups = measured_rows(result, told)
    names = list(groups)
    tables = [
        _table({name: groups[name] for name in names[start : start + READINGS_A_TABLE]})
        for start in range(0, len(names), READINGS_A_TABLE)
    ]
    title = "Readings (mean over agents, 95% interval), planted agents below"
    failing = [text(line) for line in [*_excluded(result), *_failing(groups)]]
    return Group(
        *titled(title, *tables, *failing),
        *titled("On planted agents", *_calibration(result, told)),
    )


def _table(groups: dict[str, list[Row]]) -> Table:
    columns = ("agents", "built for", "n", *groups)
    shown = table(columns, [], numeric=(2,))
    rows = list(zip(*groups.values(), strict=True))
    for number_of, each in enumerate(rows):
        if number_of and each[0].planted and not rows[number_of - 1][0].planted:
            shown.add_section()
        shown.add_row(*_cells(each))
    if any(math.isfinite(row.control) for group in groups.values() for row in group):
        shown.add_section()
        controls = [_control(group) for group in groups.values()]
        shown.add_row(text("negative control", "dim"), "", "", *controls)
    return shown


def _cells(each: tuple[Row, ...]) -> list[Text]:
    first = each[0]
    goal = (first.goal or "nothing here") if first.planted else ""
    means = [
        f"{number(row.interval.estimate)} {bounds(row.interval)}"
        if len(row.values)
        else "no result"
        for row in each
    ]
    count = max(len(row.values) for row in each)
    cells = (first.title, goal, f"{count:,}", *means)
    return [text(cell, "dim" if first.planted else "") for cell in cells]


def _control(rows: list[Row]) -> Text:
    known = [row.control for row in rows if math.isfinite(row.control)]
    return text(number(sum(known) / len(known)) if known else "", "dim")


def _excluded(result: Result) -> list[str]:
    """Return a line for every arm of which agents are not read, with the reasons."""
    lines = []
    for arm in result.arms.values():
        lost = exclusions(result, arm)
        reasons = {"not competent": lost.incompetent, "diverged": lost.diverged}
        named = [f"{count} {reason}" for reason, count in reasons.items() if count]
        if named:
            agents = counted(lost.agents, "agent")
            lines.append(f"- not read: {arm.title}: of {agents} {listed(named)}")
    return lines


def _failing(groups: dict[str, list[Row]]) -> list[str]:
    """Return a line for every arm or kind of which some agents fail a check."""
    rows = next(iter(groups.values()), [])
    return [
        f"- checks fail: {row.title}: only {percent(row.checked)} of the agents pass all"
        for row in rows
        if row.checked < 1
    ]


def _calibration(result: Result, told: Told) -> list[Text]:
    lines = [
        text(f"- not measured: {kind}: {reason}") for kind, reason in told.left_out.items()
    ]
    for found in result.calibration.values():
        sign = SIGNS[Outcome.SUPPORTED if found.passed else Outcome.INVALID]
        words = checked(found)
        lines.append(text(f"{sign} {words.word}: {words.text}"))
        lines.append(text(f"  gate: {found.gate}", "dim"))
    if not result.calibration:
        reason = "the instrument names no goal; compare with planted agents, if any, above"
        lines.append(text(f"- no gate: {reason}"))
    return lines
