"""The first section: what goal each arm's agents have, and what became of the claims."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from goalscope.claims.sources import full_source, short_source
from goalscope.report.answers import answers, share_table
from goalscope.report.figure import Key, Section
from goalscope.report.limitations import SMOKE_SIZE, caveats
from goalscope.report.palette import label_color
from goalscope.report.summary import is_finished
from goalscope.report.wording import (
    bounds,
    counted,
    listed,
    number,
    p_value,
    percent,
)
from goalscope.result import Calibration, Outcome, Result, Verdict
from goalscope.scoring.released import Domain, doubts
from goalscope.statistics.intervals import Interval, clopper_pearson

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
class Checked:
    """An instrument's calibration in words.

    Fields:
        name, word, text: how it did on the planted agents of this run.
        shape: that stands beside the word.
        zoo: what the calibration that comes with this version says against its use here.
        released: the same calibration's approval, or "".
    """

    name: str
    word: str
    shape: Markup
    text: str
    zoo: tuple[str, ...] = ()
    released: str = ""


@dataclass(frozen=True)
class Judged:
    """A verdict in words.

    Fields:
        stamp: what stands beside the outcome: that the run only shows that it works.
        uncalibrated: which readings that the claim rests on were not tried on planted
            agents in the run, or "".
    """

    claim: str
    outcome: str
    shape: Markup
    estimate: str
    bounds: str
    unit: str
    n: str
    p_value: str
    reason: str
    rule: tuple[str, ...]
    rule_hash: str
    source: str
    stamp: str
    uncalibrated: str


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
            "answers": answers(result),
            "instruments": tuple(
                checked(found, result.domains.get(name))
                for name, found in result.calibration.items()
            ),
            "untried": listed([n for n in result.domains if n not in result.calibration]),
            "shares": share_table(result),
            "caveats": caveats(result),
            "verdicts": tuple(
                judged(verdict, result.size, result.calibration)
                for verdict in result.verdicts
            ),
            "tally": tally(result.verdicts),
            "sources": sources(result.verdicts),
            "none": _none(result),
        },
    )


def _none(result: Result) -> str:
    """Return why there is no verdict, where there is none."""
    if any(not each.name for each in result.damage):
        return "The claims, as they were judged, cannot be read."
    if is_finished(result):
        return "This experiment makes no claim."
    return "The claims are judged when all cells are there."


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims came to which outcome, in a sentence; empty for none."""
    counts = {
        outcome.value: sum(verdict.outcome is outcome for verdict in verdicts)
        for outcome in Outcome
    }
    parts = [f"{count} {word}" for word, count in counts.items() if count]
    return f"{counted(len(verdicts), 'claim')}: {listed(parts)}." if parts else ""


def checked(found: Calibration, used: Domain | None = None) -> Checked:
    """Return how an instrument did on planted agents here and on the zoo, in words."""
    bound = clopper_pearson(found.false_convictions, found.negatives, 0.90).upper
    against = doubts(used) if used else ()
    limit = f" (at most {percent(bound)})" if found.negatives else ""
    networks = counted(found.networks, "half-generalised network")
    torn = f"; {found.torn} of {networks} named two goals" if found.networks else ""
    return Checked(
        name=found.instrument,
        word="passed" if found.passed else "failed",
        shape=shape(Outcome.SUPPORTED if found.passed else Outcome.INVALID),
        text=f"{found.hits} of {found.positives} planted goals found, "
        f"{found.false_convictions} of {found.negatives} falsely convicted{limit}{torn}",
        zoo=against,
        released=f"{used.instrument} is released in {listed(list(used.worlds))}."
        if used and not against
        else "",
    )


def sources(verdicts: Sequence[Verdict]) -> list[str]:
    """Return author, title and year of all discussions that claims come from."""
    found = dict.fromkeys(full_source(verdict.source) for verdict in verdicts)
    return sorted(each for each in found if each)


def uncalibrated(verdict: Verdict, calibrated: Collection[str]) -> tuple[str, ...]:
    """Return the instruments of a claim that were not tried on planted agents."""
    return tuple(name for name in verdict.instruments if name not in calibrated)


def judged(verdict: Verdict, size: str, calibrated: Collection[str]) -> Judged:
    """Return a verdict in words, as of a run of this size that calibrated these."""
    bare = listed(list(uncalibrated(verdict, calibrated)))
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
        rule=tuple(line.strip() for line in verdict.rule.splitlines() if line.strip()),
        rule_hash=verdict.rule_hash,
        source=short_source(verdict.source),
        stamp="smoke run" if size == SMOKE_SIZE else "",
        uncalibrated=f"uncalibrated reading: {bare}" if bare else "",
    )


def shape(outcome: Outcome) -> Markup:
    """Return the shape that stands beside an outcome's word."""
    return Markup(
        '<svg class="shape" viewBox="0 0 14 14" aria-hidden="true" fill="currentColor" '
        f'stroke="currentColor" stroke-width="1.4">{SHAPES[outcome]}</svg>'
    )
