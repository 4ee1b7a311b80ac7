"""A result in the terminal. No JAX."""

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from goalscope.report.cleaning import clean
from goalscope.report.excluded import exclusion_table
from goalscope.report.limitations import limitations
from goalscope.report.plain import as_json as as_json
from goalscope.report.summary import averages, instruments
from goalscope.report.verdicts import answer, checked, judged
from goalscope.report.wording import bounds, number
from goalscope.result import Outcome, Result
from goalscope.statistics import Interval

# A sign beside each word; neither needs a terminal with colours.
SIGNS = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.MIXED: "◐",
    Outcome.UNDERPOWERED: "○",
    Outcome.INVALID: "△",
}

READINGS_A_TABLE = 2

Means = Mapping[tuple[str, str, str], Interval]
"""(arm, instrument, reading) -> mean over agents."""


def show_tables(result: Result) -> Group:
    """Return what `goalscope show` prints: answers, verdicts, readings, what to doubt.

    Text of the result is cleaned and is never read as markup.
    """
    remarks = [_text(f"- {remark}") for remark in limitations(result)] or [_text("none")]
    return Group(
        show_verdicts(result),
        *_titled(
            "Readings at the end of training (mean, 95% interval)", *_readings(result)
        ),
        *_titled("Instruments on planted agents", _instruments(result)),
        *_titled("Exclusions", _exclusions(result)),
        *_titled("Limitations found in the data", *remarks),
    )


def show_verdicts(result: Result) -> Group:
    """Return what a run ends with: the question, each arm's answer, and the verdicts."""
    about = f"{result.name}, size {result.size}, seed {result.seed}"
    goals = "Goals at the end of training (share, Wilson's 95% interval)"
    answers = _titled(goals, _answers(result)) if result.labels else ()
    return Group(
        _text(result.question, "bold"),
        _text(about, "dim"),
        *answers,
        *_titled("Claims, written before the run", _verdicts(result)),
    )


def _answers(result: Result) -> Table:
    answers = [answer(result, arm) for arm in result.arms.values()]
    rows = [(found.title, found.headline, found.rest) for found in answers]
    return _table(("arm", "goal of most agents", ""), rows)


def _verdicts(result: Result) -> Table:
    rows = []
    for verdict in result.verdicts:
        found = judged(verdict)
        claim = _text(found.claim, "bold").append("\n").append(_text(found.reason, "dim"))
        estimate = f"{found.estimate} {found.bounds}"
        sign = f"{SIGNS[verdict.outcome]} {found.outcome}"
        rows.append((sign, claim, estimate, found.n, found.p_value))
    columns = ("verdict", "claim and reason", "estimate", "n", "adjusted p")
    return _table(columns, rows, numeric=(3, 4))


def _readings(result: Result) -> list[Table]:
    means = {
        (arm.name, average.instrument, average.reading): average.interval
        for arm in result.arms.values()
        for average in averages(result, arm)
    }
    parts = [
        (instrument, readings[start : start + READINGS_A_TABLE])
        for instrument, readings in instruments(result).items()
        for start in range(0, len(readings), READINGS_A_TABLE)
    ]
    return [_part(result, means, *part) for part in parts]


def _part(
    result: Result, means: Means, instrument: str, readings: tuple[str, ...]
) -> Table:
    rows = [
        (
            arm.title,
            f"{int(arm.included.sum()):,}",
            *(_mean(means.get((arm.name, instrument, name))) for name in readings),
        )
        for arm in result.arms.values()
    ]
    return _table((instrument, "n", *readings), rows, numeric=(1,))


def _mean(interval: Interval | None) -> str:
    if interval is None:
        return ""
    known = math.isfinite(interval.estimate)
    return f"{number(interval.estimate)} {bounds(interval)}" if known else "no result"


def _instruments(result: Result) -> Table:
    rows = []
    for found in result.calibration.values():
        sign = SIGNS[Outcome.SUPPORTED if found.passed else Outcome.INVALID]
        words = checked(found)
        rows.append((words.name, f"{sign} {words.word}", words.text))
    return _table(("instrument", "gate", "on planted agents"), rows)


def _exclusions(result: Result) -> Table:
    table = exclusion_table(result)
    return _table(table.columns, list(table.rows), numeric=tuple(table.numeric))


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    numeric: Sequence[int] = (),
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(_text(column), justify="right" if index in numeric else "left")
    for row in rows:
        table.add_row(*(_text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _titled(title: str, *parts: RenderableType) -> tuple[RenderableType, ...]:
    return (Text(""), Text(title, "bold"), *parts)


def _text(text: str, style: str = "") -> Text:
    return Text(clean(text), style)
