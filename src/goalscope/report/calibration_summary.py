"""The first section: which instruments are released, and what keeps the others. No JAX."""

import math

from goalscope.report.calibration_kinds import (
    MET,
    MISSED,
    area,
    area_bounds,
    instruments,
    measured,
    met,
)
from goalscope.report.figure import Section, Table
from goalscope.report.wording import NOTHING, counted, listed, percent_interval
from goalscope.scoring.gates import MIN_AGENTS
from goalscope.scoring.records import Scorecard
from goalscope.statistics.intervals import Interval

COLUMNS = (
    "instrument", "world", "release", "AUC", "hits", "falsely convicted", "coverage",
    "trends", "pattern", "invariances",
)  # fmt: skip


def summary_section(cards: tuple[Scorecard, ...], command: str) -> Section:
    """Return a row per instrument and world, every missed gate, and the command."""
    facts = {
        "headline": headline(cards),
        "doubts": doubts(cards),
        "summary": summary_table(cards),
        "misses": misses_table(cards),
        "command": command,
    }
    return Section("release", "Release", "calibration_summary", facts)


def headline(cards: tuple[Scorecard, ...]) -> str:
    """Return how many instruments are released, in a sentence."""
    names = instruments(cards)
    whole = [
        name
        for name in names
        if all(card.released for card in cards if card.instrument == name)
    ]
    which = f" ({listed(whole)})" if whole else ""
    return (
        "Released in every world in which it was tried: "
        f"{len(whole)} of {counted(len(names), 'instrument')}{which}."
    )


def doubts(cards: tuple[Scorecard, ...]) -> tuple[str, ...]:
    """Return what speaks against reading the table as a release, in sentences."""
    found = []
    if any(card.half != "test" for card in cards):
        found.append(
            "This is not the test half of the zoo: thresholds may have been chosen on "
            "these agents. Only the test half decides a release."
        )
    small = sum(min(card.positives, card.negatives) < MIN_AGENTS for card in cards)
    if small:
        found.append(
            f"Too few agents for a release in {small} of {counted(len(cards), 'trial')}: "
            f"fewer than {MIN_AGENTS} positives or negatives."
        )
    return tuple(found)


def summary_table(cards: tuple[Scorecard, ...]) -> Table:
    """Return what was measured of each instrument in each world."""
    return Table(COLUMNS, tuple(_row(card) for card in cards))


def _row(card: Scorecard) -> tuple[str, ...]:
    families = (
        met(gate for gate in card.gates if gate.family == family)
        for family in ("coverage", "trend", "pattern", "invariance")
    )
    return (
        card.instrument,
        card.world,
        verdict(card),
        f"{area(card.auc)} {area_bounds(card.auc)}",
        _hits(card),
        _false_convictions(card),
        *families,
    )


def _hits(card: Scorecard) -> str:
    if not card.positives:
        return NOTHING
    hits = share_of(card.hit_rate, card.positives)
    return f"{hits}: {percent_interval(card.hit_rate)}"


def _false_convictions(card: Scorecard) -> str:
    if not card.negatives:
        return NOTHING
    false = share_of(card.false_rate, card.negatives)
    return f"{false}: at most {limit(card.false_rate)}"


def failing(card: Scorecard) -> str:
    """Return how many of the agents that are judged fail a validity check."""
    return share_of(card.failing, card.positives + card.negatives)


def share_of(share: Interval, agents: int) -> str:
    """Return how many of so many agents a share is."""
    return f"{round(share.estimate * agents):,} of {agents:,}" if agents else NOTHING


def limit(share: Interval) -> str:
    """Return the upper limit of a small share."""
    return NOTHING if math.isnan(share.upper) else f"{100 * share.upper:.1f}%"


def verdict(card: Scorecard) -> str:
    """Return whether an instrument is released in a world, as a sign and words."""
    if card.released:
        return f"{MET} released"
    return f"{MISSED} misses {len(card.misses)} of {len(card.gates)}"


def misses_table(cards: tuple[Scorecard, ...]) -> Table:
    """Return every gate that is not met, with what was measured and what is required."""
    rows = tuple(
        (card.instrument, card.world, gate.name, measured(gate), gate.bound)
        for card in cards
        for gate in card.misses
    )
    columns = ("instrument", "world", "gate", "measured", "required")
    return Table(columns, rows, numeric=frozenset({3}))
