"""Levels of the gallery as drawings of the page. No JAX."""

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from goalscope.report.cleaning import clean
from goalscope.report.render import bare
from goalscope.result import Picture
from goalscope.worlds.drawing import level_svg


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
        svg = level_svg(level_text(picture), arrows=policy, cells=picture.cells)
    except ValueError:
        return None
    return Markup(bare(svg))
