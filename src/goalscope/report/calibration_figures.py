"""Drawings of a calibration: a lane per kind of agents, and power curves. No JAX."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from goalscope.report.calibration_kinds import ROLE_COLORS, area, area_bounds
from goalscope.report.chart_parts import CONFIG, Row, Spec, bounded, layer, rows, vertical
from goalscope.report.chart_parts import WIDTH as CHART
from goalscope.report.dose_chart import SHAPES, Shape
from goalscope.report.figure import Figure, Key, Panel, Table
from goalscope.report.palette import INK
from goalscope.scoring.records import KindRow, Scorecard

WIDTH, BAR, MARGIN = 240.0, 72.0, 10.0
ROW = 13.0
# Of the power curves, in doublings: left and right of all levels, and between worlds.
SIDE, ASIDE = 0.3, 0.09
OUTLINES = {
    "triangle": "m0-4l4 7.5h-8z",
    "square": "m-3.2-3.2h6.4v6.4h-6.4z",
    "diamond": "m0-4.6l4.6 4.6-4.6 4.6-4.6-4.6z",
}
DASHES = ' stroke-dasharray="3 2.5"'


class Scale:
    """Where scores lie on a lane, from their smallest to their largest."""

    def __init__(self, values: Sequence[float]) -> None:
        known = [value for value in values if math.isfinite(value)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        self.low, self.high = (low, high) if high > low else (low - 0.5, high + 0.5)

    def __call__(self, value: float) -> float:
        """Return the horizontal position of a score, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        return MARGIN + share * (WIDTH - 2 * MARGIN)

    def ticks(self) -> list[float]:
        """Return two to six round numbers on the scale."""
        rough = (self.high - self.low) / 5
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(step * k, 12) for k in range(first, last + 1)]


def score_scale(cards: Sequence[Scorecard]) -> Scale:
    """Return a scale on which all kinds and thresholds of some scorecards lie."""
    rows = [row for card in cards for row in card.kinds]
    ends = [end for row in rows for end in (row.score, *row.spread)]
    return Scale(ends + [card.threshold for card in cards])


def shape_of(index: int) -> Shape:
    """Return the mark that stands for a world."""
    return SHAPES[index % len(SHAPES)]


def axis_svg(scale: Scale) -> Markup:
    """Return the numbers that stand above the lanes."""
    ticks = "".join(
        f'<text x="{scale(tick):.1f}" y="11" text-anchor="middle">{_label(tick)}</text>'
        for tick in scale.ticks()
    )
    return _svg(WIDTH, 14.0, f'<g fill="var(--muted)" font-size="11">{ticks}</g>')


def lane_svg(
    rows: Sequence[KindRow | None], scale: Scale, thresholds: Sequence[float]
) -> Markup:
    """Return the scores of one kind, a line of the lane for each world.

    The mark is the mean, the line holds the middle 90 % of agents, the dashes are the
    threshold. None where the kind cannot live in a world.
    """
    height = ROW * len(rows)
    parts = [_guide(scale(tick), 0.0, height, "var(--rule)") for tick in scale.ticks()]
    for index, (row, threshold) in enumerate(zip(rows, thresholds, strict=True)):
        if math.isfinite(threshold):
            parts.append(_guide(scale(threshold), ROW * index, ROW, "var(--muted)", DASHES))
        if row is not None:
            parts.append(_lane(row, scale, ROW * (index + 0.5), shape_of(index)))
    return _svg(WIDTH, height, "".join(parts))


def _guide(x: float, top: float, height: float, color: str, dashes: str = "") -> str:
    return f'<path d="M{x:.1f} {top:g}v{height:g}" stroke="{color}"{dashes}/>'


def _lane(row: KindRow, scale: Scale, y: float, shape: Shape) -> str:
    if not math.isfinite(row.score):
        return ""
    color = ROLE_COLORS.get(row.role, INK)
    left, right = (scale(end) for end in row.spread)
    line = f'<path d="M{left:.1f} {y:g}H{right:.1f}" stroke="{color}" stroke-width="1.5"/>'
    return line + mark_svg(shape, scale(row.score), y, color)


def mark_svg(shape: Shape, x: float, y: float, color: str) -> str:
    """Return a mark as in a figure's key: only circles are filled."""
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:g}" r="3.6" fill="{color}"/>'
    paint = f'fill="var(--paper)" stroke="{color}" stroke-width="1.5"'
    return f'<path d="M{x:.1f} {y:g}{OUTLINES[shape]}" {paint}/>'


def bars_svg(rows: Sequence[KindRow | None]) -> Markup:
    """Return the shares of one kind that are convicted, a bar for each world."""
    bars = [_bar(row, ROW * index) for index, row in enumerate(rows) if row is not None]
    return _svg(BAR + 42, ROW * len(rows), "".join(bars))


def _bar(row: KindRow, top: float) -> str:
    color, share = ROLE_COLORS.get(row.role, INK), row.convicted
    y = top + ROW / 2
    track = f'<path d="M0 {y:g}h{BAR:g}" stroke="var(--rule)"/>'
    length = f"{BAR * share:.1f}"
    bar = f'<rect y="{y - 3:g}" width="{length}" height="6" fill="{color}"/>'
    number_of = f'<text x="{BAR + 5:g}" y="{y + 3.5:g}">{100 * share:.0f}%</text>'
    return f'{track}{bar}<g fill="var(--muted)" font-size="11">{number_of}</g>'


def power_figure(cards: Sequence[Scorecard], name: str) -> Figure | None:
    """Return AUC over the number of levels, if other numbers of levels were tried."""
    tried = [(index, card) for index, card in enumerate(cards) if card.power]
    if not tried:
        return None
    data = tuple(
        (card.world, str(levels), area(found), area_bounds(found))
        for _, card in tried
        for levels, found in card.power.items()
    )
    columns = ("world", "levels", "AUC", "95% interval")
    levels = tried[0][1].levels
    return Figure(
        name,
        "AUC of positives against negatives over the number of levels on which an agent is "
        "measured, with Newcombe's 95% interval; fewer agents than in the table above. "
        f"Everything else on this page is measured on {levels} levels.",
        (Panel("AUC", "AUC over the number of levels", power_chart(tried)),),
        Table(columns, data, numeric=frozenset({1, 2, 3})),
        key=world_key(cards),
        title="How many levels it needs",
    )


def power_chart(tried: Sequence[tuple[int, Scorecard]]) -> Spec:
    """Return a curve for each world, moved a little sideways; `tried` has its number."""
    levels = sorted({levels for _, card in tried for levels in card.power})
    sides = [levels[0] / 2**SIDE, levels[-1] * 2**SIDE]
    found = [interval for _, card in tried for interval in card.power.values()]
    shown = (min([0.5, *(interval.lower for interval in found)]), 1.0)
    axis = {"values": levels, "title": "levels", "grid": False, "format": "d"}
    scale = {"type": "log", "base": 2, "domain": sides, "nice": False}
    x = {"field": "x", "type": "quantitative", "scale": scale, "axis": axis}
    layers = []
    for index, card in tried:
        aside = 2 ** (ASIDE * (index - (len(tried) - 1) / 2))
        places = [count * aside for count in card.power]
        layers += _curve(rows(places, list(card.power.values())), x, shown, shape_of(index))
    return {"config": CONFIG, "width": CHART, "height": 160, "layer": layers}


def _curve(
    points: Sequence[Row], x: Spec, shown: tuple[float, float], shape: Shape
) -> list[Spec]:
    ink = {"color": INK, "opacity": 1}
    filled = shape == "circle"
    line = ink | {"type": "line", "strokeWidth": 1.5}
    line |= {} if filled else {"strokeDash": [4, 3]}
    point = ink | {"type": "point", "size": 44, "fill": INK if filled else "var(--paper)"}
    point |= {"shape": "triangle-up" if shape == "triangle" else shape}
    bar = ink | {"type": "rule", "strokeWidth": 1.5}
    y, ends = vertical("estimate", shown), vertical("lower", shown)
    return [
        layer(points, line, x, y),
        layer(bounded(points), bar, x, ends, "upper"),
        layer(points, point, x, y),
    ]


def world_key(cards: Sequence[Scorecard]) -> tuple[Key, ...]:
    """Return which mark stands for which world."""
    return tuple(Key(shape_of(index), INK, card.world) for index, card in enumerate(cards))


def _svg(width: float, height: float, body: str) -> Markup:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return Markup(f'<svg class="lane" aria-hidden="true" {size}>{body}</svg>')


def _label(tick: float) -> str:
    return f"{tick:g}".replace("-", "\u2212")
