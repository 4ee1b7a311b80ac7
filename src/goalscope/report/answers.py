"""What the agents of each arm are after, as shares with a bar."""

from dataclasses import dataclass

from markupsafe import Markup

from goalscope.report.figure import Table
from goalscope.report.palette import label_color
from goalscope.report.summary import (
    Exclusions,
    Share,
    exclusions,
    goal_shares,
    is_computed,
    is_finished,
)
from goalscope.report.wording import counted, listed, percent, percent_interval
from goalscope.result import ArmResult, Result


@dataclass(frozen=True)
class Answer:
    """What one arm says to the question.

    Fields:
        title: of the arm.
        bar: the shares, drawn.
        headline: the finding in bold.
        rest: what qualifies it.
    """

    title: str
    bar: Markup
    headline: str
    rest: str


def answers(result: Result) -> tuple[Answer, ...]:
    """Return what the agents of each arm are after; empty where nobody asks for goals."""
    asked = result.labels or not (is_computed(result) or is_finished(result))
    return tuple(answer(result, arm) for arm in result.arms.values() if asked)


def answer(result: Result, arm: ArmResult) -> Answer:
    """Return what share of an arm's agents has which goal, in a sentence."""
    lost = exclusions(result, arm)
    if lost.included == 0:
        return Answer(arm.title, _bar(result, ()), "No result", _why(lost))
    shares = goal_shares(result, arm)
    if not shares:
        rest = f"{counted(lost.included, 'agent')} trained"
        return Answer(arm.title, _bar(result, ()), "Not judged yet", rest)
    names = result.label_names
    top = max(shares, key=lambda share: share.count)
    others = [share for share in shares if share.count and share is not top]
    headline = f"{names[top.label]}: {top.count} of {counted(top.of, 'agent')}"
    parts = [f"{percent(top.interval.estimate)} ({percent_interval(top.interval)})"]
    parts += [f"{names[share.label]} {share.count}" for share in others]
    parts += [f"{lost.excluded} excluded"] * (lost.excluded > 0)
    return Answer(arm.title, _bar(result, shares), headline, "; ".join(parts))


def _why(lost: Exclusions) -> str:
    reasons = {"not competent": lost.incompetent, "diverged": lost.diverged}
    named = listed([f"{count} {reason}" for reason, count in reasons.items() if count])
    return (
        f"all {counted(lost.agents, 'agent')} excluded: {named}" if named else "no agents"
    )


def share_table(result: Result) -> Table:
    """Return the share of every goal in every arm, with intervals."""
    rows = tuple(
        (
            arm.title,
            result.label_names[share.label],
            f"{share.count:,}",
            f"{share.of:,}",
            percent(share.interval.estimate) if share.of else "no result",
            percent_interval(share.interval),
        )
        for arm in result.arms.values()
        for share in goal_shares(result, arm)
    )
    columns = ("arm", "goal", "agents", "of", "share", "95% interval")
    return Table(columns, rows, numeric=frozenset({2, 3, 4, 5}))


def _bar(result: Result, shares: tuple[Share, ...]) -> Markup:
    start, pieces = 0.0, []
    for share in (share for share in shares if share.count):
        width = 100 * share.count / share.of
        pieces.append(
            f'<rect x="{start:.2f}%" width="{width:.2f}%" height="14" '
            f'fill="{label_color(result, share.label)}"/>'
        )
        start += width
    empty = '<rect width="100%" height="14" fill="none" stroke="var(--rule)"/>'
    body = "".join(pieces) or empty
    return Markup(f'<svg class="bar" height="14" aria-hidden="true">{body}</svg>')
