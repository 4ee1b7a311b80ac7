"""The levels on which one agent is measured, drawn and written out."""

from typing import Generic

import equinox as eqx
import jax
from jaxtyping import Array, Key

from goalscope import solve
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld, Level, State


class Sheet(eqx.Module, Generic[Level]):
    """Levels and their tables, each with a leading axis `L`."""

    levels: Level
    tables: solve.Table


def solvable(world: AbstractWorld) -> AbstractSolvableWorld:
    """Return `world`, or raise `TypeError` if it does not number its states."""
    if not isinstance(world, AbstractSolvableWorld):
        raise TypeError(
            f"{type(world).__name__} does not number its states, so no level of it can be "
            "solved; inherit from AbstractSolvableWorld"
        )
    return world


def draw_levels(
    key: Key[Array, ""], world: AbstractSolvableWorld[Level, State], *, num_levels: int
) -> Sheet[Level]:
    """Return levels drawn from `world`, with their tables. Consumes `key`."""

    def one(key: Key[Array, ""]) -> Sheet[Level]:
        level = world.sample_level(key)
        return Sheet(level, solve.tabulate(world, level))

    return jax.vmap(one)(jax.random.split(key, num_levels))


def check_candidates(goals: tuple[Goal, ...], readings: tuple[str, ...] = ()) -> None:
    """Raise `ValueError` unless `goals` are at least one, with names that are free.

    Args:
        goals: what an instrument is about to ask about.
        readings: names that the instrument uses for other things.
    """
    names = [goal.name for goal in goals]
    if not names:
        raise ValueError("an instrument asks about at least one candidate goal; got none")
    taken = sorted(set(names) & set(readings))
    if len(set(names)) < len(names) or taken:
        raise ValueError(
            f"candidate goals are called {', '.join(names)}; names must differ"
            + (f", and {', '.join(taken)} is a reading of its own" if taken else "")
        )
