"""Worlds looked over before anything is computed in them: refused, or told in a line."""

import math
from collections import Counter
from collections.abc import Mapping

import jax

from goalscope.describe import describe
from goalscope.errors import UserError, raised
from goalscope.storage.sealed import canonical_bytes
from goalscope.world_faults import NUM_STEPS, faults
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld

MOST_LEVELS, MOST_TRANSITIONS = 32, 1 << 19
THOROUGH = 32
"""How many times as many levels are looked at where agents of a world diverged."""


def check_worlds(worlds: Mapping[str, AbstractWorld], *, times: int = 1) -> str:
    """Return in words what was looked at in worlds without fault; "" if there are none.

    The quick form of `testing.check_world`: the same faults, on up to 32 levels. Each
    distinct world is looked at once.

    Args:
        worlds: what it is to the reader, as "planted world" -> world.
        times: how many times as many levels.

    Raises:
        UserError: one is broken, with the first fault and its remedy.
    """
    distinct: dict[bytes, AbstractWorld] = {}
    looked: Counter[str] = Counter()
    for name, world in worlds.items():
        described = canonical_bytes(describe(world))
        if described not in distinct:
            distinct[described] = world
            looked[_look_over(name, world, times)] += 1
    return "; ".join(
        words + (f" ({count} settings of it)" if count > 1 else "")
        for words, count in looked.items()
    )


def _look_over(name: str, world: AbstractWorld, times: int) -> str:
    """Return in words what was looked at."""
    kind, levels = type(world).__name__, times * _num_levels(world)
    try:
        wrong = faults(world, jax.random.key(0), levels)
    except Exception as error:
        raise UserError(f"{kind} ({name}) cannot be used: {raised(error)}") from error
    if wrong:
        more = f" ({len(wrong) - 1} more with testing.check_world)" if wrong[1:] else ""
        raise UserError(f"{kind} ({name}) is broken: {wrong[0]}{more}")
    if isinstance(world, AbstractSolvableWorld):
        return f"{kind}, every action in all {world.num_states} states of {levels} levels"
    return f"{kind}, {NUM_STEPS} random steps on each of {levels} levels"


def _num_levels(world: AbstractWorld) -> int:
    """Return on how many levels a world is looked over: fewer if they are large."""
    states = world.num_states if isinstance(world, AbstractSolvableWorld) else NUM_STEPS
    size = max(states, 1) * max(world.num_actions, 1) * math.ceil(world.num_features / 8)
    return max(2, min(MOST_LEVELS, MOST_TRANSITIONS // max(size, 1)))
