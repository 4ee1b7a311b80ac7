"""What a section of the report is made of: figures, tables, keys. No JAX."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup

Spec = Mapping[str, Any]
"""A Vega-Lite chart with its data."""


@dataclass(frozen=True)
class Table:
    """A table of text.

    Fields:
        columns: headings.
        rows: cells, as many as columns.
        numeric, code: numbers of the columns that hold numbers, and text of fixed width.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    code: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Key:
    """One entry of a figure's key: a mark as in the figure, and what it stands for."""

    mark: Literal[
        "line", "dashed", "dotted", "area", "swatch", "cell", "hatch",
        "circle", "triangle", "square", "diamond",
    ]  # fmt: skip
    color: str
    text: str


@dataclass(frozen=True)
class Panel:
    """One drawing of a figure.

    Fields:
        title: above the drawing.
        alt: what the drawing shows, in words.
        drawing: SVG, or a chart to be rendered, or None if there is nothing to draw.
        note: said instead of the drawing where there is none.
        below: what the horizontal axis is.
    """

    title: str
    alt: str
    drawing: Markup | Spec | None
    note: str = ""
    below: str = ""


@dataclass(frozen=True)
class Figure:
    """Drawings side by side, with the data behind them.

    Fields:
        name: unique in the report; letters, digits and hyphens.
        caption: what is drawn, with units and numbers of agents.
        panels: the drawings.
        key: what colours and marks stand for.
        table: the data.
        data: what the table holds, in a few words.
        layout: how large the panels are; "threes" makes rows of three or six, "beside" puts
            the caption beside the panel.
        title: above the figure; empty where the section's title says it.
    """

    name: str
    caption: str
    panels: tuple[Panel, ...]
    table: Table
    key: tuple[Key, ...] = ()
    data: str = "Data behind the figure"
    layout: Literal["wide", "medium", "small", "threes", "beside"] = "wide"
    title: str = ""


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Fields:
        name: its anchor; letters.
        title: its heading.
        template: the template that shows it; "figures" shows the figures alone.
        facts: what else the template shows.
        figures: in order.
    """

    name: str
    title: str
    template: str = "figures"
    facts: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
