"""Whether instruments follow doses that they are not after."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import special

from goalscope.scoring.metrics import rank_interval
from goalscope.scoring.records import Gate, KindRow, Scorecard
from goalscope.statistics.intervals import Interval

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


def cross_talk_gates(kinds: Sequence[KindRow], listed: Mapping[str, str]) -> Iterator[Gate]:
    """Yield the condition on the dose that a score follows most and should not follow.

    Its |ρ| must be below 0.2, and the gate is missed only if chance cannot explain that it
    is not: if the interval of |ρ| lies above 0.2 as a whole. A kind that is neither
    positive nor negative has 32 agents at full size, where ρ = 0 is estimated with a
    standard error of 0.19: of three such kinds that nothing follows, two are seldom below
    0.2 all by chance, and a limit on the estimate would withhold instruments at random. For
    the same reason the intervals hold for all the pairs of a trial at once (Bonferroni), so
    that one trial in which nothing is followed by more than 0.2 misses the gate with a
    probability of at most 5 %. The price is power: with 32 agents only |ρ| above 0.6 or so
    is called cross-talk. What lies between is marked in the report, and is no miss.

    Doses that grade what the instrument looks for do not count, nor kinds that are listed
    with a reason (see `cross_talk`). There is no gate where no dose counts.
    """
    counted = [
        row
        for row in kinds
        if math.isfinite(row.follows) and not _is_own(row) and row.kind not in listed
    ]
    limits = {row.kind: _least(row.follows, row.n, len(counted)) for row in counted}
    if limits:
        worst = max(limits, key=lambda kind: limits[kind])
        yield Gate(
            "cross-talk",
            f"lower limit of |ρ| with the dose of {worst}, largest of {len(limits)}",
            limits[worst],
            f"at most {MAX_CORRELATION:g}",
            limits[worst] <= MAX_CORRELATION,
        )


def _least(correlation: float, n: int, pairs: int) -> float:
    """Return the lower limit of |ρ|, of `pairs` limits that hold at once with 95 %.

    `tanh(max(0, atanh |ρ| − z se))`, with `se` as in `rank_interval`.
    """
    if n < 4:
        return 0.0
    quantile = float(special.ndtri(1 - 0.025 / pairs))
    centre = math.atanh(min(abs(correlation), 1 - 1e-9))
    return math.tanh(max(0.0, centre - quantile * (1.06 / (n - 3)) ** 0.5))


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
    if _is_own(row):
        return "own dose"
    if abs(found.estimate) < MAX_CORRELATION:
        return "small"
    if reason:
        return "listed"
    return "open" if found.lower <= 0 <= found.upper else "large"


def _is_own(row: KindRow) -> bool:
    """Return whether a dose grades what the instrument looks for."""
    return bool(row.role == "positive" or row.from_dose is not None or row.trend)


def _size(follows: Follows) -> tuple[bool, float]:
    """Return how bad it is: what is large comes before what may be chance."""
    return follows.mark == "large", abs(follows.correlation.estimate)
