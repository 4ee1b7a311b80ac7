"""Shaded tables, kinds of agents by instruments. No JAX."""

import math
from dataclasses import dataclass

SHADES = 10


@dataclass(frozen=True)
class Cell:
    """One cell of a shaded table.

    Fields:
        text: a number.
        before, after: signs beside it.
        shade: the style sheet's class of its colour: "p0" to "p10" from nothing to 1, "m1"
            to "m10" below nothing, "own" for numbers that do not count.
    """

    text: str = "·"
    before: str = ""
    after: str = ""
    shade: str = "own"


@dataclass(frozen=True)
class Heat:
    """A shaded table.

    Fields:
        columns: names of instruments.
        rows: kind, what there is to find in it, and a cell per instrument.
        heads: what the first two columns are called.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    heads: tuple[str, str] = ("kind", "what there is to find")


def shade(value: float) -> str:
    """Return the class of a colour for a number from -1 to 1; others count as the nearest.

    >>> shade(0.04), shade(0.96), shade(7.0), shade(-0.3), shade(float("nan"))
    ('p0', 'p10', 'p10', 'm3', 'own')
    """
    if math.isnan(value):
        return "own"
    step = round(SHADES * min(max(value, -1.0), 1.0))
    return f"m{-step}" if step < 0 else f"p{step}"
