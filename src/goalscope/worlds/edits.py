"""Levels with one thing changed: a goal moved, a way blocked. Where memory alone fails.

Edits are for grid worlds whose levels say which cells are `walls` and where the `start` is,
and keep the cell of an object in a field that is named like the feature of getting there,
or cells of all of them in `objects`, in the order of the features. A world of another kind
has edits if it has the methods of `EditableWorld` itself.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.grid import AbstractGridWorld, move, pick

FIELDS = {"key_collected": "keys", "chest_opened": "chests"}
"""Fields that hold all objects of one feature, in ascending order."""

NOT_FIELDS = ("walls", "start")
CERTAIN = 0.999


class Edit(NamedTuple):
    """A level with one thing changed, and whether it could be.

    An edited level can be solved from where it begins. If nothing could be changed, it is
    the level as it was.
    """

    level: Any
    possible: Bool[Array, "*b"]


@runtime_checkable
class EditableWorld(Protocol):
    """A world that edits its own levels."""

    def moved(self, key: Key[Array, ""], level: Any, feature: str) -> Edit:
        """Return `level` with what `feature` is about elsewhere. Consumes `key`."""
        ...

    def blocked(self, key: Key[Array, ""], level: Any, visits: Float[Array, " S"]) -> Edit:
        """Return `level` where a state in which `visits` is 1 cannot be entered."""
        ...


@runtime_checkable
class KnowsStarts(Protocol):
    """A grid world that knows from which cells a level can be solved."""

    def starts(self, level: Any) -> Bool[Array, " S"]:
        """Return those cells."""
        ...


@runtime_checkable
class EditableLevel(Protocol):
    """A level of a grid world, as a named tuple."""

    @property
    def walls(self) -> Array: ...
    @property
    def start(self) -> Array: ...
    def _asdict(self) -> dict[str, Any]: ...
    def _replace(self, **changes: Any) -> Any: ...


def moved(
    key: Key[Array, ""], world: AbstractSolvableWorld, level: Any, feature: str
) -> Edit:
    r"""Return `level` with the object of `feature` at another free cell. Consumes `key`.

    Uniform over the cells that leave the level solvable. Where there are several such
    objects, the first moves.

    Raises `ValueError` if levels have no object of that name, `TypeError` if the world has
    no edits.

    >>> from goalscope.worlds.corner import Corner
    >>> world = Corner(size=3)
    >>> level = world.parse_level("#####\n#*..#\n#...#\n#..@#\n#####")
    >>> edit = moved(jax.random.key(0), world, level, "cheese")
    >>> bool(edit.possible), int(edit.level.cheese) in (0, 8)
    (True, False)
    """
    if isinstance(world, EditableWorld):
        return world.moved(key, level, feature)
    grid = editable(world)
    cells = jnp.arange(level.walls.shape[0])
    good = jax.vmap(lambda cell: playable(grid, placed(grid, level, feature, cell)))(cells)
    good = good & is_free(level) & (cells != level.start)
    return _first(level, placed(grid, level, feature, _draw(key, good)), jnp.any(good))


def blocked(
    key: Key[Array, ""],
    world: AbstractSolvableWorld,
    level: Any,
    visits: Float[Array, " S"],
) -> Edit:
    """Return `level` with a wall that makes the way longer. Consumes `key`.

    The wall stands in a cell through which every best way leads, uniform over those that
    leave the level solvable. Some levels have none: every best way can be avoided at no
    cost, or some cell cannot be avoided at all.

    Args:
        key: decides which of them.
        world: whose level it is; raises `TypeError` if it has no edits.
        level: what to change.
        visits: probability that a best way from the start leads through each state.
    """
    if isinstance(world, EditableWorld):
        return world.blocked(key, level, visits)
    grid = editable(world)
    good = critical(grid, level, visits) & walled(grid, level)
    return _first(level, with_wall(level, _draw(key, good)), jnp.any(good))


def editable(world: AbstractSolvableWorld) -> AbstractGridWorld:
    """Return `world` if it is a grid world, of which levels can be edited."""
    if not isinstance(world, AbstractGridWorld):
        raise TypeError(
            f"levels of {type(world).__name__} cannot be edited: it is no grid world, and "
            "has no methods `moved(key, level, feature)` and "
            "`blocked(key, level, visits)`; of stored levels, give the world they are from"
        )
    return world


def playable(world: AbstractGridWorld, level: EditableLevel) -> Bool[Array, ""]:
    """Return whether `level` can be solved from where it begins."""
    if not isinstance(world, KnowsStarts):
        raise TypeError(f"{type(world).__name__} has no method `starts(level)`")
    return world.starts(level)[level.start]


def placed(world: AbstractGridWorld, level: Any, feature: str, cell: Int[Array, ""]) -> Any:
    """Return `level` with the (first) object of `feature` at `cell`."""
    name, slot = _field(world, level, feature)
    at = getattr(level, name)
    cell = cell.astype(at.dtype)
    there = cell if slot is None else at.at[slot].set(cell)
    return level._replace(**{name: jnp.sort(there) if name in FIELDS.values() else there})


def movable(world: AbstractSolvableWorld, level: Any, feature: str) -> bool:
    """Return whether levels of `world` have an object of `feature` that can be moved."""
    return isinstance(world, EditableWorld) or feature in _fields(editable(world), level)


def _field(
    world: AbstractGridWorld, level: EditableLevel, feature: str
) -> tuple[str, int | None]:
    """Return where a level says where the object of `feature` is: field and slot."""
    known = _fields(world, level)
    if feature not in known:
        raise ValueError(
            f"{type(world).__name__} has no object {feature!r} that could be moved; it has "
            f"{', '.join(known)}"
        )
    return known[feature]


def _fields(
    world: AbstractGridWorld, level: EditableLevel
) -> dict[str, tuple[str, int | None]]:
    """Return where a level says where each object is."""
    fields = {name: at for name, at in level._asdict().items() if name not in NOT_FIELDS}
    known: dict[str, tuple[str, int | None]]
    known = {name: (name, None) for name, at in fields.items() if at.ndim == 0}
    known |= {name: (field, 0) for name, field in FIELDS.items() if field in fields}
    for slot in range(fields["objects"].shape[0] if "objects" in fields else 0):
        known[world.feature_names[slot]] = ("objects", slot)
    return known


def with_wall(level: EditableLevel, cell: Int[Array, ""]) -> Any:
    """Return `level` with a wall at `cell`; unchanged if there is no such cell."""
    return level._replace(walls=level.walls.at[cell].set(True, mode="drop"))


def walled(world: AbstractGridWorld, level: EditableLevel) -> Bool[Array, " S"]:
    """Return which free and empty cells could be walls, and the level still be solved."""
    cells = jnp.arange(level.walls.shape[0])
    good = jax.vmap(lambda cell: playable(world, with_wall(level, cell)))(cells)
    return good & is_free(level) & (cells != level.start)


def through(
    world: AbstractGridWorld, level: Any, visits: Float[Array, " S"]
) -> Float[Array, " C"]:
    """Return how often a way that `visits` states leads through each cell."""
    states = jax.vmap(world.state_at, (None, 0))(level, jnp.arange(world.num_states))
    cells = jax.vmap(world.observe_state, (None, 0))(level, states)[:, 0]
    return jnp.zeros(level.walls.shape[0]).at[cells].add(visits)


def critical(
    world: AbstractGridWorld, level: Any, visits: Float[Array, " S"]
) -> Bool[Array, " C"]:
    """Return the cells through which every best way leads."""
    return through(world, level, visits) > CERTAIN


def distances(walls: Bool[Array, " S"], cell: Int[Array, ""]) -> Int[Array, " S"]:
    """Return the number of steps from `cell` to every cell; `S` where there is no way.

    >>> distances(jnp.array([0, 0, 0, 1, 0, 0, 0, 0, 0], bool), jnp.int32(0)).tolist()
    [0, 1, 2, 9, 2, 3, 4, 3, 4]
    """
    num_cells = walls.shape[0]
    cells, actions = jnp.arange(num_cells), jnp.arange(4)
    each = jax.vmap(jax.vmap(move, (None, None, 0)), (None, 0, None))
    around = each(walls, cells, actions)

    def relax(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        far, _ = carry
        nearer = jnp.minimum(far, jnp.min(far[around], axis=-1) + 1)
        nearer = jnp.where(walls, num_cells, nearer)
        return nearer, jnp.any(nearer != far)

    begin = (jnp.where(cells == cell, 0, num_cells), jnp.array(True))
    return jax.lax.while_loop(lambda carry: carry[1], relax, begin)[0]


def is_free(level: EditableLevel) -> Bool[Array, " S"]:
    """Return which cells hold neither a wall nor an object; the mouse may be there."""
    return ~level.walls & ~_occupied(level)


def _occupied(level: EditableLevel) -> Bool[Array, " S"]:
    """Return which cells hold an object."""
    empty = jnp.zeros(level.walls.shape[0], bool)
    fields = level._asdict().items()
    cells = [jnp.atleast_1d(at) for name, at in fields if name not in NOT_FIELDS]
    return empty.at[jnp.concatenate(cells)].set(True, mode="drop")


def _draw(key: Key[Array, ""], good: Bool[Array, " S"]) -> Int[Array, ""]:
    return pick(jax.random.uniform(key), good)


def _first(level: Any, changed: Any, possible: Bool[Array, ""]) -> Edit:
    same = jax.tree.map(lambda new, old: jnp.where(possible, new, old), changed, level)
    return Edit(same, possible)
