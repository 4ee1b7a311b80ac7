"""The second section: what every kind of agents reads, and must read. No JAX."""

from collections.abc import Sequence

from goalscope.report.calibration_heat import Cell, Heat, shade
from goalscope.report.calibration_kinds import (
    MET,
    MISSED,
    ROLE_SIGNS,
    hundredths,
    instruments,
    kinds,
)
from goalscope.report.figure import Section, Table
from goalscope.report.wording import number
from goalscope.scoring.assembling import matrix
from goalscope.scoring.records import Scorecard

CAPTION = (
    "Mean score on the instrument's own scale, averaged over its worlds: 0 is what its "
    "negatives (▽) read on average, 1 what its positives (▲) do; a dash where it cannot "
    "tell the two apart, a dot where a kind is no part of the trial. ✓ marks a kind that "
    "reads what it must in every world, ✗ one that somewhere does not; of a kind without a "
    "mark nothing is required."
)


def pattern_section(cards: tuple[Scorecard, ...]) -> Section:
    """Return the pattern matrix: mean scores, and which requirements are met."""
    names, rows = instruments(cards), kinds(cards)
    means = matrix(cards, tuple(kind for kind, _ in rows), names)
    body = tuple(
        (
            kind,
            truth,
            tuple(
                _pattern_cell(cards, name, kind, float(means[column, row]))
                for column, name in enumerate(names)
            ),
        )
        for row, (kind, truth) in enumerate(rows)
    )
    required = [row for card in cards for row in card.pattern]
    count = sum(row.passed for row in required)
    facts = {
        "heat": Heat(names, body),
        "label": "Mean score of each kind of agents on each instrument",
        "caption": f"{CAPTION} {count} of {len(required)} requirements are met.",
        "table": _required(cards),
        "data": "What is required, and what was read",
        "notes": (),
    }
    return Section("pattern", "Pattern", "calibration_heat", facts)


def _pattern_cell(
    cards: Sequence[Scorecard], instrument: str, kind: str, mean: float
) -> Cell:
    own = [card for card in cards if card.instrument == instrument]
    roles = [row.role for card in own for row in card.kinds if row.kind == kind]
    passed = [row.passed for card in own for row in card.pattern if row.kind == kind]
    after = "" if not passed else MET if all(passed) else MISSED
    if not roles:
        return Cell(after=after)
    before = ROLE_SIGNS.get(roles[0], "")
    return Cell(hundredths(mean), before, after, shade(max(mean, 0.0)))


def _required(cards: Sequence[Scorecard]) -> Table:
    columns = (
        "instrument", "world", "agents", "reading", "required", "mean", "n", "met"
    )  # fmt: skip
    rows = tuple(
        (
            card.instrument,
            card.world,
            row.agents,
            row.reading,
            row.bound,
            number(row.mean),
            f"{row.n:,}",
            f"{MET} met" if row.passed else f"{MISSED} missed",
        )
        for card in cards
        for row in card.pattern
    )
    return Table(columns, rows, numeric=frozenset({5, 6}))
