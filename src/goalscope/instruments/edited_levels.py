"""The levels on which edits are tried: unedited, with one thing changed, and new ones."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope import solve
from goalscope.agents.planted import optimal_policy
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet, draw_levels
from goalscope.instruments.own_goal import chosen, goal_with
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.edits import Edit, blocked, movable, moved
from goalscope.worlds.fixed_levels import underlying


class EditedLevels(NamedTuple):
    """Levels of each condition, `[E, L]`, and whether the edit was possible, `[E, L]`.

    Conditions are: unedited, goal moved, path blocked, fresh, and elsewhere if asked for.
    """

    levels: Any
    possible: Bool[Array, "*b E L"]


def edited_levels(
    key: Key[Array, ""],
    world: AbstractSolvableWorld,
    goals: tuple[Goal, ...],
    number: Int[Array, ""],
    *,
    num_levels: int,
    elsewhere: AbstractSolvableWorld | None = None,
) -> EditedLevels:
    """Return levels drawn from `world`, edited for one of `goals`. Consumes `key`.

    Args:
        key: decides about levels and edits.
        world: whose levels they are.
        goals: what an agent may be after; the object of the goal is what it is called like.
        number: which of them it is.
        num_levels: levels of each condition.
        elsewhere: another world to draw levels from as well.

    Raises:
        ValueError: if no goal is called like an object that can be moved, or levels of
            `elsewhere` do not look like those of `world` in shape.
    """
    base = underlying(world)
    _check_alike(base, elsewhere)
    k_draw, k_move, k_wall, k_fresh, k_other = jax.random.split(key, 5)
    sheet = draw_levels(k_draw, world, num_levels=num_levels)
    edits = (
        _all_moved(k_move, base, sheet, goals, number),
        _all_blocked(k_wall, base, sheet, goal_with(goals, number)),
    )
    drawn = [_draw(k_fresh, base, num_levels)]
    if elsewhere is not None:
        drawn.append(_draw(k_other, elsewhere, num_levels))
    every = [sheet.levels, *(edit.level for edit in edits), *drawn]
    always = jnp.ones(num_levels, bool)
    possible = [always, *(edit.possible for edit in edits), *(always for _ in drawn)]
    levels = jax.tree.map(lambda *leaves: jnp.stack(leaves), *every)
    return EditedLevels(levels, jnp.stack(possible))


def _check_alike(
    world: AbstractSolvableWorld, elsewhere: AbstractSolvableWorld | None
) -> None:
    if elsewhere is not None and elsewhere.level_shape != world.level_shape:
        raise ValueError(
            f"levels elsewhere have shape {elsewhere.level_shape}, and agents of this "
            f"world see {world.level_shape}: give a world of that size, with other levels"
        )


def _all_moved(
    key: Key[Array, ""],
    world: AbstractSolvableWorld,
    sheet: Sheet,
    goals: tuple[Goal, ...],
    number: Int[Array, ""],
) -> Edit:
    """Return the levels with the object of a goal elsewhere; unchanged if it is none."""
    names = [goal.name for goal in goals]
    example = jax.tree.map(lambda leaf: leaf[0], sheet.levels)
    known = [name for name in names if movable(world, example, name)] or names[:1]

    def one(key: Key[Array, ""], level: Any) -> Edit:
        same = Edit(level, jnp.array(False))
        edits = [moved(key, world, level, n) if n in known else same for n in names]
        return chosen(tuple(edits), number)

    return jax.vmap(one)(jax.random.split(key, sheet.tables.start.shape[0]), sheet.levels)


def _all_blocked(
    key: Key[Array, ""], world: AbstractSolvableWorld, sheet: Sheet, goal: Goal
) -> Edit:
    """Return the levels with a wall on every best way to the goal."""

    def one(key: Key[Array, ""], level: Any, table: solve.Table) -> Edit:
        return blocked(key, world, level, _visits(world, level, table, goal))

    keys = jax.random.split(key, sheet.tables.start.shape[0])
    return jax.vmap(one)(keys, sheet.levels, sheet.tables)


def _visits(
    world: AbstractSolvableWorld, level: Any, table: solve.Table, goal: Goal
) -> Float[Array, " S"]:
    """Return how often an optimal agent that shares ties evenly visits each state."""
    begin = world.index_of(level, world.reset(level))
    start = jnp.zeros_like(table.start).at[begin].set(1.0)
    begun = eqx.tree_at(lambda table: table.start, table, start)
    policy = optimal_policy(begun, goal, num_steps=world.horizon)
    return solve.occupancy(begun, policy, goal, 1.0, num_steps=world.horizon)


def _draw(key: Key[Array, ""], world: AbstractSolvableWorld, num_levels: int) -> Any:
    keys = jax.random.split(key, num_levels)
    return jax.vmap(lambda key: world.sample_level(key))(keys)
