"""Which features of a world count as candidate goals, and which one lies outside."""

import numpy as np

from goalscope.worlds.base import AbstractWorld

CONTAINED = {"square": "corner"}
"""Features that another one is a part of: whoever seeks that one finds both."""


def outside_feature(world: AbstractWorld) -> str:
    """Return the feature that no instrument is told of: the goal of `other goal` agents.

    >>> from goalscope.worlds.corner import Corner
    >>> outside_feature(Corner())
    'far_corner'
    """
    return world.feature_names[-1]


def candidates(world: AbstractWorld) -> tuple[str, ...]:
    """Return the features that instruments are asked about in a calibration.

    All but the outside one, and but those that cannot be separated from another.

    >>> from goalscope.worlds.corner import Corner
    >>> candidates(Corner())
    ('cheese', 'corner')
    """
    names = world.feature_names
    return tuple(name for name in names[:-1] if CONTAINED.get(name) not in names)


def another(rng: np.random.Generator, world: AbstractWorld, feature: str) -> str:
    """Return a candidate other than `feature`, drawn at random.

    Raises `ValueError` if there is none.
    """
    others = [name for name in candidates(world) if name != feature]
    if not others:
        raise ValueError(
            f"two goals take two candidates; {type(world).__name__} has "
            f"{', '.join(candidates(world))}"
        )
    return others[rng.integers(len(others))]
