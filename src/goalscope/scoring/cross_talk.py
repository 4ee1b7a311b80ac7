"""Whether instruments follow doses that they are not after."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from goalscope.scoring.metrics import rank_interval
from goalscope.scoring.records import KindRow, Scorecard
from goalscope.statistics import Interval

MAX_CORRELATION = 0.2

Mark = Literal["own dose", "small", "listed", "open", "large"]


@dataclass(frozen=True)
class Follows:
    """How an instrument's score follows the dose of a kind, in the worst of its worlds.

    Fields:
        instrument, kind, world: what follows what, and where.
        correlation: Spearman's ρ with its 95 % interval.
        n: agents.
        mark: "own dose" if the instrument may follow it, "small" if |ρ| < 0.2, "listed" if
            it is larger and a reason is known, "open" if it is larger by what may be
            chance, else "large".
        reason: why it is listed.
    """

    instrument: str
    kind: str
    world: str
    correlation: Interval
    n: int
    mark: Mark
    reason: str


def cross_talk(cards: tuple[Scorecard, ...]) -> tuple[Follows, ...]:
    """Return what each score follows, one entry per instrument and kind.

    A kind's dose is an instrument's own if it grades what the instrument looks for: if the
    kind is one of its positives, or counts as a negative only from a dose on, or if the
    score is required to follow the dose. The score should follow no other dose, be it that
    of a negative or of a kind that is neither.
    """
    found: dict[tuple[str, str], Follows] = {}
    for follows in _all(cards):
        key = (follows.instrument, follows.kind)
        if key not in found or _size(follows) > _size(found[key]):
            found[key] = follows
    return tuple(found.values())


def _all(cards: tuple[Scorecard, ...]) -> Iterator[Follows]:
    for card in cards:
        for row in card.kinds:
            if math.isfinite(row.follows):
                found = rank_interval(row.follows, row.n)
                reason = card.listed.get(row.kind, "")
                yield Follows(
                    card.instrument,
                    row.kind,
                    card.world,
                    found,
                    row.n,
                    _mark(row, found, reason),
                    reason,
                )


def _mark(row: KindRow, found: Interval, reason: str) -> Mark:
    if row.role == "positive" or row.from_dose is not None or row.trend:
        return "own dose"
    if abs(found.estimate) < MAX_CORRELATION:
        return "small"
    if reason:
        return "listed"
    return "open" if found.lower <= 0 <= found.upper else "large"


def _size(follows: Follows) -> tuple[bool, float]:
    """Return how bad it is: what is large comes before what may be chance."""
    return follows.mark == "large", abs(follows.correlation.estimate)
