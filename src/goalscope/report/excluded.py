"""The eighth section: which agents do not count, and why."""

from goalscope.report.figure import Section, Table
from goalscope.report.gate import how_far
from goalscope.report.summary import exclusions, is_computed
from goalscope.report.wording import NOTHING, counted, percent, percent_interval
from goalscope.result import ArmResult, Result
from goalscope.statistics.intervals import wilson

TRAINED = (
    "An agent that became non-finite, or that cannot reach a goal on easy levels, has no "
    "goal worth reading. It is excluded from every share and mean, and counted here."
)
COMPUTED = (
    "An agent that does not pass the competence gate of the experiment is excluded from "
    "every mean and every claim, and counted here."
)


def exclusion_section(result: Result) -> Section:
    """Return a table of arms by reasons; an arm without included agents has no result."""
    facts = {
        "about": COMPUTED if is_computed(result) else TRAINED,
        "nobody": nobody_excluded(result),
        "table": exclusion_table(result),
        "far": how_far(result),
    }
    return Section("exclusions", "Exclusions", "exclusions", facts)


def nobody_excluded(result: Result) -> str:
    """Return a sentence if all agents of a computed experiment count, else nothing."""
    lost = [exclusions(result, arm) for arm in result.arms.values()]
    complete = all(each.included == each.agents and not each.unread for each in lost)
    if not (is_computed(result) and complete):
        return ""
    agents = counted(sum(each.agents for each in lost), "agent")
    return f"Nobody is excluded: all {agents} of {counted(len(lost), 'arm')} count."


def exclusion_table(result: Result) -> Table:
    """Return how many agents of each arm there were, excluded and included."""
    outside = ("not competent",) if is_computed(result) else ("diverged", "not competent")
    columns = (
        "arm", "agents", *outside, "included", "share included", "lack a reading", "",
    )  # fmt: skip
    rows = tuple(_row(result, arm) for arm in result.arms.values())
    return Table(columns, rows, numeric=frozenset(range(1, len(columns) - 1)))


def _row(result: Result, arm: ArmResult) -> tuple[str, ...]:
    lost = exclusions(result, arm)
    share = wilson(lost.included, lost.agents)
    diverged = () if is_computed(result) else (lost.diverged,)
    counts = (lost.agents, *diverged, lost.incompetent, lost.included)
    kept = (
        f"{percent(share.estimate)} ({percent_interval(share)})"
        if lost.included
        else NOTHING
    )
    empty = "no result" if lost.included == 0 else ""
    return (arm.title, *(f"{count:,}" for count in counts), kept, f"{lost.unread:,}", empty)
