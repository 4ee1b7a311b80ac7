"""Several things lie about, and the mouse may take one of them: which one?

Nothing but the objects' names says which is worth having. Each kind of object is a goal of
its own, equally near on average, and taking one ends the episode: a forced choice. The
temptation is whatever training made worth having.
"""

from string import ascii_uppercase
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.fields import real
from goalscope.worlds.grid import AbstractMazeWorld, check_grid, connected, pick
from goalscope.worlds.text import MOUSE, draw, only, parse

CORNER = "corner"


class ObjectsLevel(NamedTuple):
    """Walls `[S]`, the cell of each object `[K]`, and the cell where the mouse starts."""

    walls: Bool[Array, "*b S"]
    objects: Int[Array, "*b K"]
    start: Int[Array, "*b"]


class Objects(AbstractMazeWorld[ObjectsLevel]):
    """A maze with one object of each of several kinds.

    Every interior cell is a wall with probability `wall_density`, independently. Objects
    and mouse lie on different free cells, uniformly. The episode ends at the first object,
    so each may bar the way to another: levels in which the mouse cannot choose between all
    of them are rejected and drawn again.

    Features: the mouse is, after the step, at each object, by its name; in the top-left
    `corner`, which ends nothing.

    Fields:
        wall_density: probability that a cell is a wall, in [0, 0.6].
        names: what the kinds of objects are called, 2 to 26 of them; on paper each is a
            capital letter of its name.
    """

    wall_density: Float[Array, "*b"] = eqx.field(converter=real, default=0.25)
    names: tuple[str, ...] = eqx.field(
        static=True, converter=tuple, default=("cherry", "bell", "lamp", "coin")
    )
    size: int = eqx.field(static=True, default=7)
    horizon: int = eqx.field(static=True, default=64)

    def __check_init__(self):
        check_grid(self.size, self.horizon, self.wall_density, densest=0.6)
        most = min(len(ascii_uppercase), self.size**2 - 1)
        free = len({*self.names, CORNER, ""}) == len(self.names) + 2
        if not (free and 2 <= len(self.names) <= most):
            raise ValueError(
                f"names={self.names}: an {self.size} x {self.size} maze holds 2 to {most} "
                f"kinds of objects, with different names other than {CORNER!r}"
            )

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (*self.names, CORNER)

    @property
    def level_shape(self) -> tuple[int, ...]:
        return (1 + len(self.names), self.size, self.size)

    @property
    def marks(self) -> str:
        """The letter of each object: the first of its name that is still free."""
        marks = ""
        for name in self.names:
            letters = [mark for mark in name.upper() if mark in ascii_uppercase]
            free = [mark for mark in (*letters, *ascii_uppercase) if mark not in marks]
            marks += free[0]
        return marks

    def propose(self, key: Key[Array, ""]) -> ObjectsLevel:
        num_objects = len(self.names)
        uniform = jax.random.uniform(key, (self.num_states + num_objects + 1,))
        walls = uniform[: self.num_states] < self.wall_density
        free, cells = ~walls, []
        for draw_ in uniform[self.num_states :]:
            cells.append(pick(draw_, free))
            free = free & ~self._at(cells[-1])
        return ObjectsLevel(walls, jnp.stack(cells[:-1]), cells[-1])

    def starts(self, level: ObjectsLevel) -> Bool[Array, " S"]:
        each = jax.vmap(self._at)(level.objects)
        taken = jnp.any(each, axis=0)

        def reaching(cell, own):
            return connected((level.walls | taken) & ~own, cell)

        return jnp.all(jax.vmap(reaching)(level.objects, each), axis=0) & ~taken

    def _at(self, cell: Int[Array, ""]) -> Bool[Array, " S"]:
        return jnp.arange(self.num_states) == cell

    def features(
        self,
        level: ObjectsLevel,
        state: Int[Array, ""],
        action: Int[Array, ""],
        successor: Int[Array, ""],
    ) -> Float[Array, " F"]:
        places = jnp.append(level.objects, 0)
        return (successor == places).astype(jnp.float32)

    def terminal(self, level: ObjectsLevel, state: Int[Array, ""]) -> Bool[Array, ""]:
        return jnp.any(state == level.objects)

    def observe_level(self, level: ObjectsLevel) -> Float[Array, "planes size size"]:
        each = jax.vmap(self._at)(level.objects)
        planes = jnp.concatenate([level.walls[None], each]).astype(jnp.float32)
        return planes.reshape(self.level_shape)

    def level_seen(self, view: Float[Array, "planes size size"]) -> ObjectsLevel:
        planes = view.reshape(view.shape[0], -1) > 0.5
        cells = jnp.argmax(planes[1:], axis=-1).astype(jnp.int32)
        start = jnp.argmax(~jnp.any(planes, axis=0)).astype(jnp.int32)
        return ObjectsLevel(planes[0], cells, start)

    def level_text(self, level: ObjectsLevel) -> str:
        cells = [int(cell) for cell in level.objects]
        marks = dict(zip(cells, self.marks, strict=True))
        return draw(np.asarray(level.walls), {int(level.start): MOUSE} | marks)

    def parse_level(self, text: str) -> ObjectsLevel:
        walls, cells = parse(text, self.size, MOUSE + self.marks)
        objects = np.array([only(cells, mark) for mark in self.marks], np.int32)
        start = jnp.int32(only(cells, MOUSE))
        return ObjectsLevel(jnp.asarray(walls), jnp.asarray(objects), start)
