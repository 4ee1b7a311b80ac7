"""An empty room with two things in it: the world on which training speed is measured."""

from typing import NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.base import AbstractWorld


class PlainLevel(NamedTuple):
    """Three different cells."""

    start: Int[Array, "*b"]
    goal: Int[Array, "*b"]
    coin: Int[Array, "*b"]


class PlainWorld(AbstractWorld[PlainLevel, Int[Array, ""]]):
    """A square room without walls, with a goal, which ends the episode, and a coin."""

    size: int = eqx.field(static=True, default=9)
    horizon: int = eqx.field(static=True, default=64)

    @property
    def action_names(self) -> tuple[str, ...]:
        return ("up", "left", "down", "right", "stay")

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ("goal", "coin")

    @property
    def level_shape(self) -> tuple[int, ...]:
        return (2, self.size, self.size)

    @property
    def token_sizes(self) -> tuple[int, ...]:
        return (self.size**2,)

    def sample_level(self, key: Key[Array, ""]) -> PlainLevel:
        choices = self.size**2 - jnp.arange(3)
        uniform = jax.random.uniform(key, (3,))
        first, second, third = jnp.floor(uniform * choices).astype(jnp.int32)
        second += second >= first
        low, high = jnp.minimum(first, second), jnp.maximum(first, second)
        third += third >= low
        third += third >= high
        return PlainLevel(first, second, third)

    def reset(self, level: PlainLevel) -> Int[Array, ""]:
        return level.start

    def step(
        self,
        key: Key[Array, ""],
        level: PlainLevel,
        state: Int[Array, ""],
        action: Int[Array, ""],
    ) -> Int[Array, ""]:
        row, column = state // self.size, state % self.size
        to_row = jnp.clip(row + (action == 2) - (action == 0), 0, self.size - 1)
        to_column = jnp.clip(column + (action == 3) - (action == 1), 0, self.size - 1)
        return to_row * self.size + to_column

    def features(
        self,
        level: PlainLevel,
        state: Int[Array, ""],
        action: Int[Array, ""],
        successor: Int[Array, ""],
    ) -> Float[Array, " F"]:
        there = jnp.stack([successor == level.goal, successor == level.coin])
        return there.astype(jnp.float32)

    def terminal(self, level: PlainLevel, state: Int[Array, ""]) -> Bool[Array, ""]:
        return state == level.goal

    def observe_level(self, level: PlainLevel) -> Float[Array, "2 size size"]:
        cells = jnp.arange(self.size**2)
        planes = jnp.stack([cells == level.goal, cells == level.coin])
        return planes.astype(jnp.float32).reshape(2, self.size, self.size)

    def observe_state(self, level: PlainLevel, state: Int[Array, ""]) -> Int[Array, " 1"]:
        return state[None]
