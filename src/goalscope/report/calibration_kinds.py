"""What is common to the parts of a calibration's report: kinds, roles, numbers. No JAX."""

import math
from collections.abc import Iterable

from goalscope.report.figure import Key
from goalscope.report.wording import NOTHING, number
from goalscope.scoring.records import Gate, KindRow, Scorecard
from goalscope.statistics.intervals import Interval

ROLES = ("positive", "negative", "neither")
ROLE_COLORS = {
    "positive": "var(--goal-0)",
    "negative": "var(--goal-1)",
    "neither": "var(--none)",
}
ROLE_SIGNS = {"positive": "▲", "negative": "▽", "neither": ""}
TRUTHS = ("one goal", "mixture", "cue switch", "outside the set", "none")

ROLE_KEY = (
    Key("swatch", ROLE_COLORS["positive"], "positives: have what it looks for"),
    Key("swatch", ROLE_COLORS["negative"], "negatives: have it not"),
    Key("swatch", ROLE_COLORS["neither"], "neither: told from the others by their pattern"),
)

MET, MISSED = "✓", "✗"


def instruments(cards: tuple[Scorecard, ...]) -> tuple[str, ...]:
    """Return the names of the instruments, each once, in order."""
    return tuple(dict.fromkeys(card.instrument for card in cards))


def worlds(cards: tuple[Scorecard, ...]) -> tuple[str, ...]:
    """Return the names of the worlds, each once, in order."""
    return tuple(dict.fromkeys(card.world for card in cards))


def kinds(cards: tuple[Scorecard, ...]) -> tuple[tuple[str, str], ...]:
    """Return every kind and what there is to find in it, sorted by what there is."""
    found = {row.kind: row.truth for card in cards for row in card.kinds}
    return tuple(sorted(found.items(), key=lambda pair: (_place(pair[1]), pair[0])))


def _place(truth: str) -> int:
    return TRUTHS.index(truth) if truth in TRUTHS else len(TRUTHS)


def role_order(role: str) -> int:
    """Return positives first, then negatives, then the others."""
    return ROLES.index(role) if role in ROLES else len(ROLES)


def counts_as(row: KindRow) -> str:
    """Return the role of a kind, and from which dose on it has it."""
    return row.role if row.from_dose is None else f"{row.role}, dose ≥ {row.from_dose:g}"


def measured(gate: Gate) -> str:
    """Return the value of a gate as text."""
    if gate.family == "agents":
        return f"{gate.value:,.0f}"
    if gate.family in ("AUC", "coverage"):
        return NOTHING if math.isnan(gate.value) else f"{gate.value:.3f}"
    return number(gate.value)


def met(gates: Iterable[Gate]) -> str:
    """Return how many gates are met, as text.

    >>> met([Gate("trend", "a", 1.0, "", True), Gate("trend", "b", 0.1, "", False)])
    '✗ 1 of 2'
    """
    passed = [gate.passed for gate in gates]
    sign = MET if all(passed) else MISSED
    return f"{sign} {sum(passed)} of {len(passed)}" if passed else NOTHING


def hundredths(value: float, *, signed: bool = False) -> str:
    """Return a number near 1 with two decimals, a dash where there is none.

    >>> hundredths(-0.456), hundredths(0.2, signed=True), hundredths(123.0)
    ('−0.46', '+0.20', '123')
    """
    if not math.isfinite(value):
        return number(value)
    if abs(value) >= 9.995:
        return number(value)
    rounded = round(value, 2) + 0.0  # adding zero turns -0.0 into 0.0
    return f"{rounded:{'+' if signed else ''}.2f}".replace("-", "\u2212")


def area(found: Interval) -> str:
    """Return an AUC with three decimals, since the third is what good ones differ in."""
    return NOTHING if math.isnan(found.estimate) else f"{found.estimate:.3f}"


def area_bounds(found: Interval) -> str:
    """Return the bounds of an AUC."""
    known = not math.isnan(found.lower)
    return f"[{found.lower:.3f}, {found.upper:.3f}]" if known else NOTHING
