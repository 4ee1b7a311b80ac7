"""One section an instrument: what it asks, what each kind reads, what it cannot. No JAX."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from goalscope.report.calibration_figures import (
    axis_svg,
    bars_svg,
    lane_svg,
    power_figure,
    score_scale,
    world_key,
)
from goalscope.report.calibration_kinds import (
    MET,
    MISSED,
    ROLE_KEY,
    ROLES,
    counts_as,
    hundredths,
    kinds,
    measured,
    role_order,
)
from goalscope.report.calibration_summary import failing
from goalscope.report.figure import Section, Table
from goalscope.report.wording import counted, number, percent
from goalscope.scoring.metrics import measured_mean
from goalscope.scoring.records import KindRow, Scorecard

LANE_COLUMNS = ("kind", "counts as", "what there is to find", "agents")


@dataclass(frozen=True)
class Lane:
    """One kind of agents: words, and drawings of its scores and convictions."""

    words: tuple[str, ...]
    score: Markup
    convicted: Markup


def instrument_section(cards: Sequence[Scorecard], name: str) -> Section:
    """Return all that is known of one instrument; `cards` are its worlds."""
    first = cards[0]
    power = power_figure(cards, f"{name}-power")
    scale = score_scale(cards)
    facts = {
        "question": first.question,
        "about": f"Score: {first.score}, in {first.unit}; "
        f"{counted(first.levels, 'level')} an agent.",
        "limits": tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
        "columns": LANE_COLUMNS,
        "lanes": _lanes(cards),
        "axis": axis_svg(scale),
        "key": ROLE_KEY + (world_key(cards) if len(cards) > 1 else ()),
        "caption": _caption(cards),
        "numbers": _numbers(cards),
        "checks": _checks(cards),
        "retest": f"{_unfit(cards)} {_retest(cards)}",
        "gates": _gates(cards),
    }
    figures = () if power is None else (power,)
    return Section(name, first.instrument, "calibration_instrument", facts, figures)


def _lanes(cards: Sequence[Scorecard]) -> tuple[Lane, ...]:
    """Return a lane for each kind, positives first, then the higher mean first."""
    scale, thresholds = score_scale(cards), [card.threshold for card in cards]
    found = {kind: [_row(card, kind) for card in cards] for kind, _ in kinds(tuple(cards))}
    lanes = []
    for rows in sorted(found.values(), key=_lane_order):
        known = [row for row in rows if row is not None]
        agents = ", ".join(dict.fromkeys(f"{row.n:,}" for row in known))
        words = (known[0].kind, counts_as(known[0]), known[0].truth, agents)
        lanes.append(Lane(words, lane_svg(rows, scale, thresholds), bars_svg(rows)))
    return tuple(lanes)


def _row(card: Scorecard, kind: str) -> KindRow | None:
    return next((row for row in card.kinds if row.kind == kind), None)


def _lane_order(rows: Sequence[KindRow | None]) -> tuple[int, float, str]:
    known = [row for row in rows if row is not None]
    mean = measured_mean(np.array([row.score for row in known]))
    return role_order(known[0].role), -mean if math.isfinite(mean) else 0.0, known[0].kind


def _caption(cards: Sequence[Scorecard]) -> str:
    thresholds = dict.fromkeys(
        number(card.threshold) for card in cards if math.isfinite(card.threshold)
    )
    dashed = (
        f"dashes: {', '.join(thresholds)}, from which an agent is convicted"
        if thresholds
        else "convictions are read off other readings than the score"
    )
    return (
        "Scores by kind: the mark is the mean over agents, the line holds the middle 90% "
        f"of them; {dashed}. Bars: agents convicted of anything, rightly or not."
    )


def _numbers(cards: Sequence[Scorecard]) -> Table:
    columns = (
        "kind", "counts as", "world", "agents", "mean score", "middle 90%", "convicted",
        "of its own goal", "ρ with dose", "retest",
    )  # fmt: skip
    rows = tuple(
        (
            row.kind,
            counts_as(row),
            card.world,
            f"{row.n:,}",
            number(row.score),
            f"{number(row.spread[0])} to {number(row.spread[1])}",
            percent(row.convicted),
            percent(row.right),
            hundredths(row.follows, signed=True),
            number(row.retest),
        )
        for card in cards
        for row in sorted(card.kinds, key=lambda row: (role_order(row.role), row.kind))
    )
    return Table(columns, rows, numeric=frozenset(range(3, 10)))


def _checks(cards: Sequence[Scorecard]) -> Table:
    """Return the share of agents that pass each validity check, and where fewest do."""
    rows = []
    for card in cards:
        for check in dict.fromkeys(name for row in card.kinds for name in row.checks):
            passing = [(row.checks.get(check, math.nan), row) for row in card.kinds]
            fewest, where = min(passing, key=lambda pair: pair[0])
            shares = (percent(_share(passing, role)) for role in ROLES)
            rows.append((check, card.world, *shares, f"{percent(fewest)}, {where.kind}"))
    columns = ("check", "world", "positives", "negatives", "neither", "fewest")
    return Table(columns, tuple(rows), numeric=frozenset({2, 3, 4}))


def _unfit(cards: Sequence[Scorecard]) -> str:
    """Return how many of the agents that are judged fail a check, in a sentence."""
    shares = ", ".join(f"{failing(card)} in {card.world}" for card in cards)
    return f"At least one check fails for so many positives and negatives: {shares}."


def _share(passing: Sequence[tuple[float, KindRow]], role: str) -> float:
    """Return the share over agents of a role."""
    own = [(share, row.n) for share, row in passing if row.role == role and row.n]
    agents = sum(n for _, n in own)
    return sum(share * n for share, n in own) / agents if agents else math.nan


def _retest(cards: Sequence[Scorecard]) -> str:
    """Return how much scores move when agents are measured on other levels."""
    tried = [
        (row.retest, row.kind, card.world)
        for card in cards
        for row in card.kinds
        if math.isfinite(row.retest)
    ]
    if not tried:
        return "No agent was measured a second time."
    worst, kind, world = max(tried)
    middle = float(np.median([moved for moved, _, _ in tried]))
    return (
        "Measured again on other levels, an agent's score moves by "
        f"{number(middle)}, the median over kinds and worlds; most for {kind} in {world}, "
        f"by {number(worst)}."
    )


def _gates(cards: Sequence[Scorecard]) -> Table:
    rows = tuple(
        (
            card.world,
            gate.name,
            measured(gate),
            gate.bound,
            f"{MET} met" if gate.passed else f"{MISSED} missed",
        )
        for card in cards
        for gate in card.gates
    )
    columns = ("world", "gate", "measured", "required", "met")
    return Table(columns, rows, numeric=frozenset({2}))
