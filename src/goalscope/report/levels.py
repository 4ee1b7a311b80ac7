"""Levels of the gallery as drawings of the page. No JAX."""

import numpy as np
from jaxtyping import Float, Int
from markupsafe import Markup

from goalscope.report.cleaning import clean
from goalscope.report.render import bare
from goalscope.result import Picture
from goalscope.worlds.drawing import level_svg
from goalscope.worlds.text import WALL


def level_text(picture: Picture) -> str:
    """Return the level as text, cleaned, without empty lines around it."""
    return clean(picture.text, lines=True).strip("\n")


def level_drawing(
    picture: Picture, *, policy: Float[np.ndarray, "S A"] | None = None
) -> Markup | None:
    """Return the level as SVG, with a policy's arrows if one is given.

    None if the text is no level, or the policy not one over four moves.
    """
    try:
        svg = level_svg(
            level_text(picture),
            arrows=policy,
            cells=_off_the_walls(picture),
            moves=picture.moves,
        )
    except ValueError:
        return None
    return Markup(bare(svg))


def _off_the_walls(picture: Picture) -> Int[np.ndarray, "S 2"]:
    """Return where states are drawn; a policy inside a wall would mean nothing."""
    lines = level_text(picture).split("\n")

    def is_wall(row: int, column: int) -> bool:
        return lines[row : row + 1] != [] and lines[row][column : column + 1] == WALL

    walls = [min(place) >= 0 and is_wall(*place) for place in picture.cells.tolist()]
    return np.where(np.array(walls, bool)[:, None], -1, picture.cells)
