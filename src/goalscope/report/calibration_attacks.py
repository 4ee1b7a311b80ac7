"""The section on agents that act against an instrument: how far it moves. No JAX."""

import math
from collections.abc import Sequence

from goalscope.report.chart_parts import (
    CONFIG,
    WIDTH,
    Spec,
    bounded,
    fitting,
    guides,
    layer,
    rows,
    vertical,
)
from goalscope.report.figure import Figure, Key, Panel, Section, Table
from goalscope.report.palette import INK
from goalscope.report.wording import NOTHING, bounds, number, percent
from goalscope.scoring.attacks import BUDGET, Attacked, AttackRow, attacked
from goalscope.scoring.records import Scorecard

COLUMNS = (
    "instrument", "attack", "reading", "without", "moved furthest", "strength", "loss",
    "undiscounted", "changed", "half change at",
)  # fmt: skip
CAPTION = (
    "Mean reading over the share of the discounted return that agents lose, at growing "
    "strength of each attack, with Student's 95% interval over agents; the dots at no loss "
    "are the same agents before. Dashes: a loss of 5%, and the reading from which an agent "
    "is convicted. This is a report and no gate."
)

Entry = tuple[Scorecard, Attacked]


def attack_section(cards: tuple[Scorecard, ...]) -> Section | None:
    """Return how far each reading was moved, None if no agent acted against any."""
    entries = attack_entries(cards)
    if not entries:
        return None
    shown = [(card, found) for card, found in entries if not _is_silent(found)]
    figure = Figure(
        "attacks",
        CAPTION,
        tuple(_panel(card, found) for card, found in shown),
        _everything(entries),
        key=(Key("circle", INK, "mean over agents"),),
        data="Every strength of every attack",
        layout="threes",
        title="What it costs to move a reading",
    )
    facts = {"table": attack_table(entries), "label": "Readings under attack"}
    return Section("attacks", "Adversaries", "calibration_attacks", facts, (figure,))


def attack_entries(cards: tuple[Scorecard, ...]) -> tuple[Entry, ...]:
    """Return each attack on each reading, with its scorecard."""
    return tuple((card, found) for card in cards for found in attacked(card.attacks))


def _is_silent(found: Attacked) -> bool:
    """Return whether a reading decides nothing, so that only the table shows it."""
    return math.isnan(found.rows[0].threshold)


def attack_table(entries: Sequence[Entry]) -> Table:
    """Return each attack in a row: what it moves at most, and what it must pay."""
    body = tuple(_summary(card, found) for card, found in entries)
    return Table(COLUMNS, body, numeric=frozenset({3, 5, 6, 7}))


def _summary(card: Scorecard, found: Attacked) -> tuple[str, ...]:
    row, first = found.furthest, found.rows[0]
    about = (card.instrument, first.attack, first.reading)
    before = number(first.before.estimate)
    if row is None:
        return (*about, before, *[NOTHING] * 5, _turning(found))
    return (
        *about,
        before,
        f"{number(row.after.estimate)} {bounds(row.after)}",
        number(row.strength),
        percent(row.loss.estimate),
        percent(row.plain_loss.estimate),
        flips(row),
        _turning(found),
    )


def flips(row: AttackRow) -> str:
    """Return how many convictions an attack changed."""
    if math.isnan(row.flips.estimate):
        return NOTHING
    return f"{round(row.flips.estimate * row.n)} of {row.n}"


def _turning(found: Attacked) -> str:
    row = found.turning
    if math.isnan(found.rows[0].threshold):
        return NOTHING
    if row is None:
        most = max(row.loss.estimate for row in found.rows)
        return f"more than {percent(most)}" if most > 0 else "no strength tried"
    return f"{percent(row.loss.estimate)} ({number(row.strength)})"


def _everything(entries: Sequence[Entry]) -> Table:
    columns = (
        "instrument", "attack", "strength", "reading", "n", "mean", "95% interval",
        "loss", "95% interval", "undiscounted", "convictions changed",
    )  # fmt: skip
    body = tuple(
        (
            card.instrument,
            row.attack,
            f"{number(row.strength)} ({row.unit})",
            row.reading,
            f"{row.n}",
            number(row.after.estimate),
            bounds(row.after),
            number(row.loss.estimate),
            bounds(row.loss),
            number(row.plain_loss.estimate),
            flips(row),
        )
        for card, found in entries
        for row in found.rows
    )
    return Table(columns, body, numeric=frozenset({4, 5, 7, 9}))


def _panel(card: Scorecard, found: Attacked) -> Panel:
    first = found.rows[0]
    title = f"{card.instrument}: {first.attack}"
    alt = f"{first.reading} over the share of the return that is lost"
    return Panel(title, alt, attack_chart(found), below="share of the return lost")


def attack_chart(found: Attacked) -> Spec:
    """Return the mean reading over the loss, strengths joined in their order."""
    first = found.rows[0]
    places = [0.0, *(row.loss.estimate for row in found.rows)]
    means = [first.before, *(row.after for row in found.rows)]
    ends = [end for mean in means for end in (mean.lower, mean.upper, first.threshold)]
    shown = fitting([*ends, 1.0] if max(ends) <= 1 else ends)
    domain = [min(-0.02, *places), max(2 * BUDGET, *places)]
    axis = {"title": None, "tickCount": 4, "grid": False, "format": "%"}
    scale = {"domain": domain, "nice": False}
    x = {"field": "x", "type": "quantitative", "scale": scale, "axis": axis}
    points = rows(places, means)
    ink = {"color": INK, "opacity": 1}
    line = ink | {"type": "line", "strokeWidth": 1.5}
    bar = ink | {"type": "rule", "strokeWidth": 1.5}
    point = ink | {"type": "point", "size": 36, "filled": True}
    y, lower = vertical("estimate", shown, first.reading), vertical("lower", shown)
    order = {"order": {"field": "place", "type": "quantitative"}}
    ordered = [{**point_, "place": i} for i, point_ in enumerate(points)]
    layers = [
        *guides([BUDGET], "x", x),
        *guides([first.threshold], "y", y),
        layer(ordered, line, x, y, more=order),
        layer(bounded(points), bar, x, lower, "upper"),
        layer(points, point, x, y),
    ]
    return {"config": CONFIG, "width": WIDTH, "height": 130, "layer": layers}
