"""A calibration in the terminal, and as plain values. No JAX."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table

from goalscope.report.calibration_attacks import attack_entries, attack_table
from goalscope.report.calibration_invariances import invariance_pairs, invariance_table
from goalscope.report.calibration_kinds import area, instruments, kinds
from goalscope.report.calibration_summary import (
    doubts,
    failing,
    headline,
    limit,
    misses_table,
    share_of,
    verdict,
)
from goalscope.report.plain import plain
from goalscope.report.terminal_parts import table, text, titled
from goalscope.scoring.assembling import matrix
from goalscope.scoring.cross_talk import cross_talk
from goalscope.scoring.records import Scorecard


def show_cards(cards: tuple[Scorecard, ...]) -> Group:
    """Return what a calibration ends with: a row per trial, and every missed gate.

    Text is cleaned and is never read as markup.
    """
    found = misses_table(cards)
    misses = table(found.columns, found.rows, numeric=tuple(found.numeric))
    return Group(
        text(headline(cards), "bold"),
        *(text(doubt, "dim") for doubt in doubts(cards)),
        _summary(cards),
        *(titled("Gates that are not met", misses) if found.rows else ()),
        *_further(cards),
    )


def _further(cards: tuple[Scorecard, ...]) -> Iterator[Any]:
    """Yield what invariances and attacks came to, where they were tried."""
    pairs = invariance_pairs(cards)
    if pairs:
        broken = tuple(pair for pair in pairs if not pair[1].held)
        held = len(pairs) - len(broken)
        yield text(f"Invariances: {held} of {len(pairs)} held.", "bold")
        found = invariance_table(broken)
        picked = tuple((row[0], row[2], row[5], row[7], row[8]) for row in found.rows)
        columns = ("instrument", "when", "reading", "measured", "allowed")
        yield from titled("Broken", table(columns, picked)) if picked else ()
    entries = attack_entries(cards)
    if entries:
        found = attack_table(entries)
        picked = tuple((*row[:5], row[6], *row[8:]) for row in found.rows)
        columns = (
            "instrument", "attack", "reading", "without", "moved", "loss", "changed",
            "half change at",
        )  # fmt: skip
        yield from titled(
            "Agents against instruments, at ≤ 5% loss", table(columns, picked)
        )


def _summary(cards: Sequence[Scorecard]) -> Table:
    rows = [
        (
            card.instrument,
            card.world,
            verdict(card),
            area(card.auc),
            share_of(card.hit_rate, card.positives),
            share_of(card.false_rate, card.negatives),
            limit(card.false_rate),
            failing(card),
        )
        for card in cards
    ]
    columns = ("instrument", "world", "release", "AUC", "hits", "false", "limit", "unfit")
    return table(columns, rows, numeric=(3, 4, 5, 6, 7))


def as_json(cards: tuple[Scorecard, ...]) -> dict[str, Any]:
    """Return everything that the report says as plain JSON values; NaN becomes None."""
    names = instruments(cards)
    rows = tuple(kind for kind, _ in kinds(cards))
    means = matrix(cards, rows, names)
    found = {
        "headline": headline(cards),
        "doubts": doubts(cards),
        "scorecards": [_card(card) for card in cards],
        "pattern": {
            name: dict(zip(rows, means[index].tolist(), strict=True))
            for index, name in enumerate(names)
        },
        "cross_talk": cross_talk(cards),
    }
    return {name: plain(value) for name, value in found.items()}


def _card(card: Scorecard) -> dict[str, Any]:
    return {"released": card.released, "misses": card.misses} | vars(card)
