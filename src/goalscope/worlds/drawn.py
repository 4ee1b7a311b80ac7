"""Worlds that can be drawn: levels as text, and where the agent is on paper."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from goalscope.worlds.base import AbstractWorld


class Drawing(NamedTuple):
    """A level on paper.

    Fields:
        text: a rectangle of at least 3 x 3 characters with a border, one a cell: `#` wall,
            `.` floor, `@` where the agent starts (`worlds.text` has more); any other is
            drawn as the letter that it is.
        places: row and column of `text` where the agent is in each state, `[S, 2]`; -1 and
            -1 in states that are not drawn.
    """

    text: str
    places: Int[np.ndarray, "S 2"]


@runtime_checkable
class DrawnWorld(Protocol):
    """A solvable world whose levels can be drawn.

    Whoever has the method is one: nothing is inherited, so that no method is implemented
    twice, and a world without pictures need not say so.
    """

    def draw(self, level: Any) -> Drawing | None:
        """Return `level` on paper; None if it has no picture after all."""
        ...


@runtime_checkable
class ReadableWorld(Protocol):
    """A world that reads levels from text."""

    def parse_level(self, text: str) -> Any:
        """Return the level drawn by `text`; raises `ValueError` where that is none."""
        ...


def drawing(world: AbstractWorld, level: Any) -> Drawing | None:
    """Return a level on paper, or None for a world without pictures."""
    return world.draw(level) if isinstance(world, DrawnWorld) else None


def shown_level(world: AbstractWorld, shown: Any) -> Any:
    """Return a level that was given as itself, or as text.

    Raises:
        ValueError: text that is no level, or for a world that reads none.
    """
    if not isinstance(shown, str):
        return shown
    if isinstance(world, ReadableWorld):
        return world.parse_level(shown)
    kind = type(world).__name__
    raise ValueError(f"{kind} reads no levels from text; give the level itself")


def headings(
    places: Int[np.ndarray, "S 2"], successors: Int[np.ndarray, "S A"]
) -> Int[np.ndarray, "S A 2"]:
    """Return where each action leads on paper from each state, in rows and columns.

    Each is -1, 0 or 1. An action that leads nowhere, as into a wall, points where it does
    in all other states, if it does the same in all of them.
    """
    drawn = np.asarray(places.min(axis=1) >= 0)
    seen = drawn[:, None] & drawn[successors]
    moved = np.sign(places[successors] - places[:, None]) * seen[..., None]
    for action in range(successors.shape[1]):
        ways = np.unique(moved[moved[:, action].any(axis=1), action], axis=0)
        if len(ways) == 1:
            moved[:, action] = ways[0]
    return moved
