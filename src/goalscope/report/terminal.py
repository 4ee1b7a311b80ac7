"""A result in the terminal. No JAX."""

import math
from collections.abc import Mapping

from rich.console import Group
from rich.table import Table

from goalscope.report.excluded import exclusion_table
from goalscope.report.limitations import limitations
from goalscope.report.plain import as_json as as_json
from goalscope.report.summary import averages, instruments
from goalscope.report.terminal_parts import table, text, titled
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
    remarks = [text(f"- {remark}") for remark in limitations(result)] or [text("none")]
    return Group(
        show_verdicts(result),
        *titled("Readings at the end of training (mean, 95% interval)", *_readings(result)),
        *titled("Instruments on planted agents", _instruments(result)),
        *titled("Exclusions", _exclusions(result)),
        *titled("Limitations found in the data", *remarks),
    )


def show_verdicts(result: Result) -> Group:
    """Return what a run ends with: the question, each arm's answer, and the verdicts."""
    about = f"{result.name}, size {result.size}, seed {result.seed}"
    goals = "Goals at the end of training (share, Wilson's 95% interval)"
    answers = titled(goals, _answers(result)) if result.labels else ()
    return Group(
        text(result.question, "bold"),
        text(about, "dim"),
        *answers,
        *titled("Claims, written before the run", _verdicts(result)),
    )


def _answers(result: Result) -> Table:
    answers = [answer(result, arm) for arm in result.arms.values()]
    rows = [(found.title, found.headline, found.rest) for found in answers]
    return table(("arm", "goal of most agents", ""), rows)


def _verdicts(result: Result) -> Table:
    rows = []
    for verdict in result.verdicts:
        found = judged(verdict)
        claim = text(found.claim, "bold").append("\n").append(text(found.reason, "dim"))
        estimate = f"{found.estimate} {found.bounds}"
        sign = f"{SIGNS[verdict.outcome]} {found.outcome}"
        rows.append((sign, claim, estimate, found.n, found.p_value))
    columns = ("verdict", "claim and reason", "estimate", "n", "adjusted p")
    return table(columns, rows, numeric=(3, 4))


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
    return table((instrument, "n", *readings), rows, numeric=(1,))


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
    return table(("instrument", "gate", "on planted agents"), rows)


def _exclusions(result: Result) -> Table:
    found = exclusion_table(result)
    return table(found.columns, list(found.rows), numeric=tuple(found.numeric))
