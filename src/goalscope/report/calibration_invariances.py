"""The section on what must not matter to an instrument, and whether it does. No JAX."""

from goalscope.report.calibration_heat import Cell, Heat, shade
from goalscope.report.calibration_kinds import MET, MISSED, instruments
from goalscope.report.figure import Section, Table
from goalscope.report.wording import counted, number
from goalscope.scoring.invariances import ROUNDING, Invariance
from goalscope.scoring.records import Scorecard

CAPTION = (
    "The largest absolute change of any reading of any agent when the same thing is "
    "written otherwise, relative to the reading where it is beyond 1; darker is nearer to "
    f"what is allowed. Nothing but rounding may change (at most {ROUNDING:g}); where other "
    "random numbers are drawn afterwards (~), the mean over agents must stay, within its "
    "own error. Where levels are turned, agents that are watched only have drawn "
    "beforehand what they do in each cell. A dot where a transformation does not apply. "
    "✓ held, ✗ not."
)

Pair = tuple[Scorecard, Invariance]


def invariance_section(cards: tuple[Scorecard, ...]) -> Section | None:
    """Return transformations by instruments, None if none was tried."""
    pairs = invariance_pairs(cards)
    if not pairs:
        return None
    tried = tuple(card for card in cards if card.invariances)
    names = instruments(tried)
    body = tuple(
        (what, about, tuple(_cell(pairs, name, what) for name in names))
        for what, about in dict.fromkeys(
            (row.transformation, _agents(row)) for _, row in pairs
        )
    )
    held = sum(row.held for _, row in pairs)
    places = ", ".join(dict.fromkeys(card.world for card in tried))
    facts = {
        "heat": Heat(names, body, ("when", "agents")),
        "label": "Largest change of a reading by transformation and instrument",
        "caption": f"{CAPTION} {held} of {counted(len(pairs), 'invariance')} are held; "
        f"tried in the first world of each instrument ({places}).",
        "table": invariance_table(pairs),
        "data": "All changes, and what is allowed",
        "notes": (),
    }
    return Section("invariances", "Invariances", "calibration_heat", facts)


def invariance_pairs(cards: tuple[Scorecard, ...]) -> tuple[Pair, ...]:
    """Return every invariance that was tried, with its scorecard."""
    return tuple((card, row) for card in cards for row in card.invariances)


def _agents(row: Invariance) -> str:
    return {
        "planted": "planted agents",
        "drawing": "planted agents",
        "shaped": "planners",
        "network": "untrained networks",
        "table": "compiled tables",
    }.get(row.agents, row.agents)


def _cell(pairs: tuple[Pair, ...], instrument: str, what: str) -> Cell:
    own = [
        row
        for card, row in pairs
        if card.instrument == instrument and row.transformation == what
    ]
    if not own:
        return Cell()
    row = max(own, key=lambda found: (not found.held, found.change))
    before = "" if row.exact else "~"
    share = row.measured / row.bound if row.bound else float(row.measured > 0)
    return Cell(size(row.change), before, MET if row.held else MISSED, shade(share))


def size(change: float) -> str:
    """Return a change that may be tiny, with one digit.

    >>> size(0.0), size(0.000002), size(0.31)
    ('0', '2e-06', '0.3')
    """
    return f"{change:.1g}"


def invariance_table(pairs: tuple[Pair, ...]) -> Table:
    """Return what each transformation changed, beside what it may change."""
    columns = (
        "instrument", "world", "when", "agents", "n", "reading", "largest change",
        "measured", "allowed", "held",
    )  # fmt: skip
    rows = tuple(
        (
            card.instrument,
            card.world,
            row.transformation,
            _agents(row),
            f"{row.n:,}",
            row.reading,
            size(row.change),
            f"{'change' if row.exact else 'mean change'} {size(row.measured)}",
            f"{number(row.bound)} ({'rounding' if row.exact else 'chance'})",
            f"{MET} held" if row.held else f"{MISSED} broken",
        )
        for card, row in pairs
    )
    return Table(columns, rows, numeric=frozenset({4, 6}))
