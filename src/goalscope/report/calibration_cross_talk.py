"""The third section: what scores follow that they should not. No JAX."""

from collections.abc import Sequence

from goalscope.report.calibration_heat import Cell, Heat, shade
from goalscope.report.calibration_kinds import MISSED, hundredths, instruments, kinds
from goalscope.report.figure import Section, Table
from goalscope.scoring.cross_talk import MAX_CORRELATION, Follows, Mark, cross_talk
from goalscope.scoring.records import Scorecard

MARKS: dict[Mark, str] = {
    "own dose": "",
    "small": "",
    "listed": "†",
    "open": "?",
    "large": MISSED,
}
CAPTION = (
    "Spearman's ρ between the dose of a kind and the score, in its worst world; scores "
    "closer than 1% of the way from negatives to positives count as equal. Numbers without "
    "colour do not count, since the dose grades what the instrument looks for: the kind is "
    "one of its positives, or is a negative only from a dose on, or the score is required "
    f"to follow the dose. No other dose should be followed: ✗ marks |ρ| ≥ "
    f"{MAX_CORRELATION:g}, ? the same where the 95% interval still holds 0, † the same "
    "with a known reason."
)


def cross_talk_section(cards: tuple[Scorecard, ...]) -> Section:
    """Return what each instrument's score follows, and the reasons that are known."""
    names = instruments(cards)
    found = {(pair.instrument, pair.kind): pair for pair in cross_talk(cards)}
    body = tuple(
        (kind, truth, tuple(_followed(found.get((name, kind))) for name in names))
        for kind, truth in kinds(cards)
    )
    counted = [pair for pair in found.values() if pair.mark != "own dose"]
    marked = {mark: sum(pair.mark == mark for pair in counted) for mark in MARKS}
    facts = {
        "heat": Heat(names, body),
        "label": "Spearman's ρ between dose and score, by kind and instrument",
        "caption": f"{CAPTION} Of {len(counted)} pairs that count, {marked['large']} are "
        f"marked ✗, {marked['open']} ? and {marked['listed']} †.",
        "table": _pairs(tuple(found.values())),
        "data": "All pairs, with intervals",
        "notes": _reasons(cards),
    }
    return Section("crosstalk", "Cross-talk", "calibration_heat", facts)


def _followed(pair: Follows | None) -> Cell:
    if pair is None:
        return Cell()
    found = pair.correlation.estimate
    color = "own" if pair.mark == "own dose" else shade(found)
    return Cell(hundredths(found, signed=True), "", MARKS[pair.mark], color)


def _pairs(pairs: Sequence[Follows]) -> Table:
    words = {"open": "may be chance", "large": "too large", "listed": "has a reason"}
    columns = ("instrument", "kind", "worst world", "ρ", "95% interval", "n", "says")
    rows = tuple(
        (
            pair.instrument,
            pair.kind,
            pair.world,
            hundredths(pair.correlation.estimate, signed=True),
            f"{hundredths(pair.correlation.lower)} to {hundredths(pair.correlation.upper)}",
            f"{pair.n:,}",
            f"{MARKS[pair.mark]} {words.get(pair.mark, pair.mark)}".strip(),
        )
        for pair in pairs
    )
    return Table(columns, rows, numeric=frozenset({3, 4, 5}))


def _reasons(cards: Sequence[Scorecard]) -> tuple[tuple[str, str], ...]:
    """Return each kind with the instruments concerned, and the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for card in cards:
        for kind, reason in card.listed.items():
            names = found.setdefault((kind, reason), [])
            names += [] if card.instrument in names else [card.instrument]
    return tuple(
        (f"{kind} ({', '.join(names)})", reason) for (kind, reason), names in found.items()
    )
