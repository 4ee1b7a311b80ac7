"""A result in the terminal. No JAX."""

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from goalscope.report.answers import answer
from goalscope.report.checks import check_table, has_checks
from goalscope.report.excluded import exclusion_table, nobody_excluded
from goalscope.report.gate import how_far
from goalscope.report.limitations import caveats, limitations
from goalscope.report.plain import as_json as as_json
from goalscope.report.summary import averages, instruments, is_computed
from goalscope.report.terminal_parts import below, table, text, titled
from goalscope.report.verdicts import Judged, checked, judged, sources
from goalscope.result import Outcome, Result

# A sign beside each word; neither needs a terminal with colours.
SIGNS = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.MIXED: "◐",
    Outcome.UNDERPOWERED: "○",
    Outcome.INVALID: "△",
}

READINGS_A_TABLE = 2

Means = Mapping[tuple[str, str, str], str]
"""(arm, instrument, reading) -> mean over agents, in words."""


def show_tables(result: Result) -> Group:
    """Return what `goalscope show` prints: answers, verdicts, readings, what to doubt.

    Text of the result is cleaned and is never read as markup.
    """
    remarks = [text(f"- {remark}") for remark in limitations(result)] or [text("none")]
    computed = is_computed(result)
    planted = titled("Instruments on planted agents", _instruments(result))
    checks = titled("Checks (share of included agents that pass)", _checks(result))
    nobody = nobody_excluded(result)
    far = [text(f"- {line}") for line in how_far(result)]
    return Group(
        show_verdicts(result),
        *titled(f"Readings at the {_end(result)} (mean, 95% interval)", *_readings(result)),
        *(() if computed else planted),
        *(checks if computed and has_checks(result) else ()),
        *titled("Exclusions", text(nobody) if nobody else _exclusions(result), *far),
        *titled("Limitations found in the data", *remarks),
    )


def _end(result: Result) -> str:
    return "end" if is_computed(result) else "end of training"


def show_verdicts(result: Result) -> Group:
    """Return what a run ends with: the question, each arm's answer, and the verdicts."""
    about = f"{result.name}, size {result.size}, seed {result.seed}"
    goals = "Goals at the end of training (share, Wilson's 95% interval)"
    answers = titled(goals, _answers(result)) if result.labels else ()
    known = [text(caveat, "bold") for caveat in caveats(result)]
    named = [text(f"- {source}", "dim") for source in sources(result.verdicts)]
    return Group(
        text(result.question, "bold"),
        text(about, "dim"),
        *_world_checked(result),
        *answers,
        *titled("Claims, written before the run", *known, _verdicts(result), *named),
    )


def _world_checked(result: Result) -> list[Text]:
    words = f"World checked: {result.world_check}"
    return [text(words, "dim")] if result.world_check else []


def _answers(result: Result) -> Table:
    answers = [answer(result, arm) for arm in result.arms.values()]
    rows = [(found.title, found.headline, found.rest) for found in answers]
    return table(("arm", "goal of most agents", ""), rows)


def _verdicts(result: Result) -> Table:
    rows = []
    for verdict in result.verdicts:
        found = judged(verdict, result.size, result.calibration)
        claim = text(found.claim, "bold")
        claim.append(text(f" ({found.source})" if found.source else "", "dim"))
        if found.uncalibrated:
            claim.append("\n").append(text(f"△ {found.uncalibrated}"))
        claim.append("\n").append(text(found.reason, "dim"))
        estimate = f"{found.estimate} {found.bounds}"
        sign = signed(verdict.outcome, found)
        rows.append((sign, claim, estimate, found.n, found.p_value))
    columns = ("verdict", "claim and reason", "estimate", "n", "adjusted p")
    return table(columns, rows, numeric=(3, 4))


def signed(outcome: Outcome, found: Judged) -> Text:
    """Return an outcome with its sign; in brackets where the run was only tried out."""
    if not found.stamp:
        return text(f"{SIGNS[outcome]} {found.outcome}")
    return text(f"({SIGNS[outcome]}) {found.outcome}").append(f"\n{found.stamp}", "dim")


def _readings(result: Result) -> list[Table]:
    means = {
        (arm.name, average.instrument, average.reading): average.words
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
    """Return a table of the arms that have any of some readings."""
    rows = []
    for arm in result.arms.values():
        found = [means.get((arm.name, instrument, name), "") for name in readings]
        if any(found):
            rows.append((arm.title, f"{int(arm.included.sum()):,}", *found))
    return table((instrument, "n", *readings), rows, numeric=(1,))


def _instruments(result: Result) -> Table:
    rows = []
    for name, found in result.calibration.items():
        sign = SIGNS[Outcome.SUPPORTED if found.passed else Outcome.INVALID]
        words = checked(found, result.domains.get(name))
        zoo = [f"{SIGNS[Outcome.INVALID]} {doubt}" for doubt in words.zoo]
        told = below(words.text, *zoo, words.released)
        rows.append((words.name, f"{sign} {words.word}", told))
    columns = ("instrument", "gate in this run", "on planted agents, and on the whole zoo")
    return table(columns, rows)


def _checks(result: Result) -> Table:
    found = check_table(result)
    return table(found.columns, list(found.rows), numeric=tuple(found.numeric))


def _exclusions(result: Result) -> Table:
    found = exclusion_table(result)
    return table(found.columns, list(found.rows), numeric=tuple(found.numeric))
