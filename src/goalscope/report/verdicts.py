"""The first section: what goal each arm's agents have, and what became of the claims."""

from dataclasses import dataclass

from markupsafe import Markup

from goalscope.report.figure import Key, Section, Table
from goalscope.report.palette import label_color
from goalscope.report.summary import Exclusions, Share, exclusions, goal_shares
from goalscope.report.wording import (
    bounds,
    counted,
    listed,
    number,
    p_value,
    percent,
    percent_interval,
)
from goalscope.result import ArmResult, Calibration, Outcome, Result, Verdict
from goalscope.statistics import Interval, clopper_pearson

_CIRCLE = '<circle cx="7" cy="7" r="5" fill="none"'
# Outcomes are told apart by word and shape; their ink is the same.
SHAPES = {
    Outcome.SUPPORTED: '<path d="M2.5 7.5l3 3 6-7" fill="none" stroke-width="2"/>',
    Outcome.REFUTED: '<path d="M3 3l8 8M11 3l-8 8" fill="none" stroke-width="2"/>',
    Outcome.MIXED: _CIRCLE + '/><path d="M7 2a5 5 0 0 1 0 10z"/>',
    Outcome.UNDERPOWERED: _CIRCLE + ' stroke-dasharray="2 2"/>',
    Outcome.INVALID: '<path d="M7 1.8l5.6 10H1.4zM7 5.6v3M7 9.8v.9" fill="none"/>',
}


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


@dataclass(frozen=True)
class Checked:
    """An instrument's calibration in words."""

    name: str
    word: str
    shape: Markup
    text: str


@dataclass(frozen=True)
class Judged:
    """A verdict in words."""

    claim: str
    outcome: str
    shape: Markup
    estimate: str
    bounds: str
    unit: str
    n: str
    p_value: str
    reason: str
    rule: str
    rule_hash: str


def verdict_section(result: Result) -> Section:
    """Return the answer of each arm, the state of the instruments, and the verdicts."""
    goals = [
        Key("swatch", label_color(result, index), name)
        for index, name in enumerate(result.label_names)
    ]
    return Section(
        "verdicts",
        "Answer",
        template="verdicts",
        facts={
            "key": tuple(goals),
            "answers": tuple(answer(result, arm) for arm in result.arms.values()),
            "instruments": tuple(checked(found) for found in result.calibration.values()),
            "shares": share_table(result),
            "verdicts": tuple(judged(verdict) for verdict in result.verdicts),
        },
    )


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


def checked(found: Calibration) -> Checked:
    """Return how an instrument did on planted agents, in words."""
    bound = clopper_pearson(found.false_convictions, found.negatives, 0.90).upper
    limit = f" (at most {percent(bound)})" if found.negatives else ""
    return Checked(
        name=found.instrument,
        word="passed" if found.passed else "failed",
        shape=shape(Outcome.SUPPORTED if found.passed else Outcome.INVALID),
        text=f"{found.hits} of {found.positives} planted goals found, "
        f"{found.false_convictions} of {found.negatives} falsely convicted{limit}",
    )


def judged(verdict: Verdict) -> Judged:
    """Return a verdict in words."""
    return Judged(
        claim=verdict.claim,
        outcome=verdict.outcome.value,
        shape=shape(verdict.outcome),
        estimate=number(verdict.estimate),
        bounds=bounds(Interval(verdict.estimate, verdict.lower, verdict.upper)),
        unit=verdict.unit,
        n=f"{verdict.n:,}",
        p_value=p_value(verdict.p_value),
        reason=verdict.reason,
        rule=verdict.rule,
        rule_hash=verdict.rule_hash,
    )


def shape(outcome: Outcome) -> Markup:
    """Return the shape that stands beside an outcome's word."""
    return Markup(
        '<svg class="shape" viewBox="0 0 14 14" aria-hidden="true" fill="currentColor" '
        f'stroke="currentColor" stroke-width="1.4">{SHAPES[outcome]}</svg>'
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
