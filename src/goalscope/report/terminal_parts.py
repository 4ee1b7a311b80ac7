"""Pieces of what is printed: tables, titles, clean text. No JAX."""

from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from goalscope.report.cleaning import clean


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    numeric: Sequence[int] = (),
) -> Table:
    """Return a table; text in it is cleaned and is never read as markup."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        shown.add_column(text(column), justify="right" if index in numeric else "left")
    for row in rows:
        shown.add_row(*(text(cell) if isinstance(cell, str) else cell for cell in row))
    return shown


def titled(title: str, *parts: RenderableType) -> tuple[RenderableType, ...]:
    """Return parts below an empty line and a title."""
    return (Text(""), Text(title, "bold"), *parts)


def text(words: str, style: str = "") -> Text:
    """Return words without characters that act on the terminal."""
    return Text(clean(words), style)


def below(*lines: str) -> Text:
    """Return lines one below the other; a narrow terminal has no room beside each other."""
    return Text("\n").join(text(line) for line in lines if line)
