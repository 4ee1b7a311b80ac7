"""Pieces of grid worlds: moves, connectivity, and how solvable levels are drawn."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int, Key, UInt32

from goalscope.worlds.base import AbstractSolvableWorld, Level, State
from goalscope.worlds.drawn import Drawing
from goalscope.worlds.fields import check_range, count

ACTION_NAMES = ("up", "left", "down", "right")
MAX_SIZE = 32


@runtime_checkable
class MazeLevel(Protocol):
    """A level of a maze: which cells are walls, `[S]`, and where the mouse starts."""

    @property
    def walls(self) -> Array: ...
    @property
    def start(self) -> Array: ...


Maze = TypeVar("Maze", bound=MazeLevel)


class AbstractGridWorld(AbstractSolvableWorld[Level, State]):
    """A solvable world on a square grid with walls, seen from above.

    Cells of the interior are numbered row by row from the top left; the surrounding wall
    is implicit. Token 0 of the state part of an observation is the cell of the mouse, token
    1 says which moves are blocked there (`surroundings`).
    """

    size: eqx.AbstractVar[int]
    """Height and width of the interior, in cells."""

    @abstractmethod
    def level_text(self, level: Level) -> str:
        """Return the level as text, one character a cell, border included."""

    @abstractmethod
    def parse_level(self, text: str) -> Level:
        """Return the level drawn by `text`; the inverse of `level_text`.

        Raises `ValueError` that names line and character where the text is no level.
        """

    def draw(self, level: Level) -> Drawing:
        """Return `level` on paper, where the agent is in the cell of token 0."""
        places = np.stack(np.divmod(np.asarray(_cells(self, level)), self.size), axis=1) + 1
        return Drawing(self.level_text(level), places)


@eqx.filter_jit
def _cells(world: AbstractGridWorld[Level, State], level: Level) -> Int[Array, " S"]:
    """Return the cell of the mouse in every state of a level."""

    def cell(number: Int[Array, ""]) -> Int[Array, ""]:
        return world.observe_state(level, world.state_at(level, number))[0]

    return jax.vmap(cell)(jnp.arange(world.num_states))


class AbstractMazeWorld(AbstractGridWorld[Maze, Int[Array, ""]]):
    """A grid world in which nothing moves but the mouse: a state is the cell it is in."""

    @property
    def action_names(self) -> tuple[str, ...]:
        return ACTION_NAMES

    @property
    def num_states(self) -> int:
        return self.size**2

    @property
    def token_sizes(self) -> tuple[int, ...]:
        return (self.num_states, 2**self.num_actions)

    @abstractmethod
    def propose(self, key: Key[Array, ""]) -> Maze:
        """Return a level that may be unsolvable; its start is `S` if no cell was left."""

    @abstractmethod
    def starts(self, level: Maze) -> Bool[Array, " S"]:
        """Return the cells from which the rest of `level` can be solved."""

    def sample_level(self, key: Key[Array, ""]) -> Maze:
        return first_solvable(key, self.propose, self.starts)

    def reset(self, level: Maze) -> Int[Array, ""]:
        return level.start

    def step(
        self,
        key: Key[Array, ""],
        level: Maze,
        state: Int[Array, ""],
        action: Int[Array, ""],
    ) -> Int[Array, ""]:
        return move(level.walls, state, action)

    def observe_state(self, level: Maze, state: Int[Array, ""]) -> Int[Array, " 2"]:
        return jnp.stack([state, surroundings(level.walls, state)])

    def state_at(self, level: Maze, index: Int[Array, ""]) -> Int[Array, ""]:
        return index

    def index_of(self, level: Maze, state: Int[Array, ""]) -> Int[Array, ""]:
        return state

    def start_distribution(self, level: Maze) -> Float[Array, " S"]:
        return uniform_over(self.starts(level))


def move(
    walls: Bool[Array, " S"], cell: Int[Array, ""], action: Int[Array, ""]
) -> Int[Array, ""]:
    """Return the cell after one step up, left, down or right; walls and border block."""
    size = side(walls)
    row, column = cell // size, cell % size
    to_row = jnp.clip(row + (action == 2) - (action == 0), 0, size - 1)
    to_column = jnp.clip(column + (action == 3) - (action == 1), 0, size - 1)
    target = to_row * size + to_column
    return jnp.where(walls[target], cell, target).astype(cell.dtype)


def connected(walls: Bool[Array, " S"], cell: Int[Array, ""]) -> Bool[Array, " S"]:
    """Return which cells can be reached from `cell` without crossing a wall.

    Nothing can be reached from a wall, nor from a cell outside the grid. Works on rows of
    bits, at most 32 cells wide.
    """
    size = side(walls)
    free = _bit_rows(~walls)

    def grow(carry):
        reached, _ = carry
        padded = jnp.pad(reached, 1)
        around = padded[:-2] | padded[2:] | (reached << 1) | (reached >> 1)
        grown = (reached | around) & free
        return grown, jnp.any(grown != reached)

    seed = _bit_rows(jnp.arange(size**2) == cell) & free
    reached, _ = jax.lax.while_loop(lambda carry: carry[1], grow, (seed, jnp.array(True)))
    columns = np.arange(size, dtype=np.uint32)[None]
    return (reached[:, None] >> columns & 1).astype(bool).ravel()


def _bit_rows(cells: Bool[Array, " S"]) -> UInt32[Array, " size"]:
    """Return each row of cells as the bits of one number, the leftmost cell lowest."""
    size = side(cells)
    values = np.left_shift(np.uint32(1), np.arange(size, dtype=np.uint32))[None]
    rows = cells.reshape(size, size).astype(jnp.uint32) * values
    return jnp.sum(rows, axis=-1, dtype=jnp.uint32)


def pick(uniform: Float[Array, ""], mask: Bool[Array, " S"]) -> Int[Array, ""]:
    """Return the index of a true entry, uniformly, from one uniform number in [0, 1).

    `S` where no entry is true.
    """
    rank = jnp.floor(uniform * jnp.sum(mask)).astype(jnp.int32)
    return jnp.sum(jnp.cumsum(mask) <= rank, dtype=jnp.int32)


def first_solvable(
    key: Key[Array, ""],
    propose: Callable[[Key[Array, ""]], Maze],
    starts: Callable[[Maze], Bool[Array, " S"]],
) -> Maze:
    """Return the first proposed level whose start is one of its possible `starts`.

    Rejection leaves the proposal's distribution unchanged given that the level is solvable.
    Proposals are numbered, and number `i` uses `fold_in(key, i)`: the level depends on the
    key alone and not on what it is batched with. Consumes `key`.
    """

    def redraw(carry):
        attempt, _, _ = carry
        level = propose(jax.random.fold_in(key, attempt))
        solvable = starts(level).at[level.start].get(mode="fill", fill_value=False)
        return attempt + 1, level, solvable

    shapes = jax.eval_shape(propose, key)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    begin = (jnp.int32(0), nothing, jnp.array(False))
    return jax.lax.while_loop(lambda carry: ~carry[2], redraw, begin)[1]


def uniform_over(mask: Bool[Array, " S"]) -> Float[Array, " S"]:
    """Return the uniform distribution over the true entries; zeros where there is none."""
    return mask / jnp.maximum(jnp.sum(mask), 1)


def surroundings(walls: Bool[Array, " S"], cell: Int[Array, ""]) -> Int[Array, ""]:
    """Return which neighbours of `cell` block, as a number below 16.

    Bit `a` is set if the step of action `a` leads nowhere. This is in the level part of
    the observation already; as a token, a network need not learn to look it up.
    """
    actions = jnp.arange(len(ACTION_NAMES))
    blocked = jax.vmap(move, (None, None, 0))(walls, cell, actions) == cell
    return jnp.sum(blocked.astype(jnp.int32) << actions)


def side(walls: Bool[Array, " S"] | Bool[np.ndarray, " S"]) -> int:
    """Return the length of the side of a square of this many cells."""
    return round(walls.shape[-1] ** 0.5)


def check_grid(
    size: int, horizon: int, wall_density: ArrayLike, *, densest: float = 0.9
) -> None:
    """Raise `ValueError` unless a grid world can have these parameters."""
    where = "it counts the cells between the borders"
    check_range("size", count(size), 2, MAX_SIZE, remedy=where)
    check_range("horizon", count(horizon), 1, remedy="an episode has at least one step")
    remedy = (
        "in denser mazes hardly any level can be solved, and drawing one takes for ever"
    )
    check_range("wall_density", wall_density, 0, densest, remedy=remedy)
