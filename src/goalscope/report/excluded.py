"""The eighth section: which agents do not count, and why."""

from goalscope.report.figure import Section, Table
from goalscope.report.summary import exclusions
from goalscope.report.wording import NOTHING, percent, percent_interval
from goalscope.result import ArmResult, Result
from goalscope.statistics import wilson


def exclusion_section(result: Result) -> Section:
    """Return a table of arms by reasons; an arm without included agents has no result."""
    table = exclusion_table(result)
    return Section("exclusions", "Exclusions", "exclusions", {"table": table})


def exclusion_table(result: Result) -> Table:
    """Return how many agents of each arm were trained, excluded and included."""
    columns = (
        "arm", "agents", "diverged", "not competent", "included", "share included",
        "lack a reading", "",
    )  # fmt: skip
    rows = tuple(_row(result, arm) for arm in result.arms.values())
    return Table(columns, rows, numeric=frozenset(range(1, 7)))


def _row(result: Result, arm: ArmResult) -> tuple[str, ...]:
    lost = exclusions(result, arm)
    share = wilson(lost.included, lost.agents)
    counts = (lost.agents, lost.diverged, lost.incompetent, lost.included)
    kept = (
        f"{percent(share.estimate)} ({percent_interval(share)})"
        if lost.included
        else NOTHING
    )
    empty = "no result" if lost.included == 0 else ""
    return (arm.title, *(f"{count:,}" for count in counts), kept, f"{lost.unread:,}", empty)
