"""The same world written down otherwise, and agents that act in it as they did before."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.cued import Cued
from goalscope.worlds.fields import count
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.worlds.grid import AbstractMazeWorld

SURE = 1e4
"""Logit of an action that is taken for certain."""


class Rewritten(AbstractMazeWorld[Any]):
    """The maze `world` with its levels turned and its states numbered in another order.

    Turned levels are levels of `world`, and everything that can be done in them is what
    `world` says of them. Only where they come from, and how states are numbered, differs.

    Fields:
        world: the maze.
        cells: where each cell of a drawn level goes, `[S]`.
        order: which cell each number of a state stands for, `[S]`.
        size, horizon: those of `world`.
    """

    world: AbstractMazeWorld
    cells: Int[Array, "*b S"] = eqx.field(converter=count)
    order: Int[Array, "*b S"] = eqx.field(converter=count)
    size: int = eqx.field(static=True)
    horizon: int = eqx.field(static=True)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.world.feature_names

    @property
    def level_shape(self) -> tuple[int, ...]:
        return self.world.level_shape

    def propose(self, key: Key[Array, ""]) -> Any:
        return turned(self.world.propose(key), self.cells)

    def starts(self, level: Any) -> Bool[Array, " S"]:
        return self.world.starts(level)

    def sample_level(self, key: Key[Array, ""]) -> Any:
        return turned(self.world.sample_level(key), self.cells)

    def features(
        self,
        level: Any,
        state: Int[Array, ""],
        action: Int[Array, ""],
        successor: Int[Array, ""],
    ) -> Float[Array, " F"]:
        return self.world.features(level, state, action, successor)

    def terminal(self, level: Any, state: Int[Array, ""]) -> Bool[Array, ""]:
        return self.world.terminal(level, state)

    def observe_level(self, level: Any) -> Float[Array, "..."]:
        return self.world.observe_level(level)

    def state_at(self, level: Any, index: Int[Array, ""]) -> Int[Array, ""]:
        return self.order[index].astype(index.dtype)

    def index_of(self, level: Any, state: Int[Array, ""]) -> Int[Array, ""]:
        return jnp.argsort(self.order)[state].astype(jnp.asarray(state).dtype)

    def level_seen(self, view: Float[Array, "..."]) -> Any:
        return self.world.level_seen(view)

    def start_distribution(self, level: Any) -> Float[Array, " S"]:
        return self.world.start_distribution(level)[self.order]

    def level_text(self, level: Any) -> str:
        return self.world.level_text(level)

    def parse_level(self, text: str) -> Any:
        return self.world.parse_level(text)


def turned(level: Any, cells: Int[Array, " S"]) -> Any:
    """Return a level of a maze with every cell where `cells` says."""
    back = jnp.argsort(cells)

    def moved(leaf: Array) -> Array:
        return leaf[back] if leaf.dtype == bool else cells[leaf].astype(leaf.dtype)

    return jax.tree.map(moved, level)


def rewritten(
    world: AbstractWorld, cells: Int[np.ndarray, " S"], order: Int[np.ndarray, " S"]
) -> AbstractWorld:
    """Return `world` with its levels turned and its states in another order.

    Levels of a list are turned; their states keep their numbers.

    Raises:
        TypeError: a world that is no maze.
    """
    if isinstance(world, Cued):
        inner = rewritten(world.world, cells, order)
        return eqx.tree_at(lambda cued: cued.world, world, inner)
    if isinstance(world, FixedLevels):
        levels = jax.vmap(turned, (0, None))(world.levels, jnp.asarray(cells))
        return eqx.tree_at(lambda fixed: fixed.levels, world, levels)
    if not isinstance(world, AbstractMazeWorld):
        raise TypeError(f"{type(world).__name__} is no maze; only mazes are rewritten")
    return Rewritten(
        world=world,
        cells=jnp.asarray(cells),
        order=jnp.asarray(order),
        size=world.size,
        horizon=world.horizon,
    )


class Turned(AbstractAgent[Context, Memory]):
    """Acts in turned levels as `agent` does in the levels as they were.

    It can be made to decide once and for all: the action that it would draw in a cell, with
    what chance would have decided drawn beforehand, is then taken for certain. So what it
    does is the same however actions are numbered.

    Fields:
        agent: who acts.
        cells: where each cell went, `[S]`.
        actions: which action each action became, `[A]`.
        decided: whether it decides once and for all.
        luck: Gumbel noise of each action in each cell, `[S, A]`.
    """

    agent: AbstractAgent[Context, Memory]
    cells: Int[Array, "*b S"] = eqx.field(converter=count)
    actions: Int[Array, "*b A"] = eqx.field(converter=count)
    decided: Bool[Array, "*b"] = eqx.field(converter=jnp.asarray)
    luck: Float[Array, "*b S A"] = eqx.field(converter=jnp.asarray)

    def embed(self, view: Float[Array, "..."]) -> Context:
        planes = view.reshape(view.shape[0], -1)[:, self.cells]
        return self.agent.embed(planes.reshape(view.shape))

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        numbers = jnp.arange(self.actions.shape[0])
        cell = jnp.argsort(self.cells)[tokens[0]]
        blocked = jnp.sum((tokens[1] >> self.actions & 1) << numbers)
        seen = tokens.at[0].set(cell).at[1].set(blocked)
        answer = self.agent(context, seen, memory)
        drawn = jnp.argmax(jax.nn.log_softmax(answer.logits) + self.luck[cell])
        certain = jnp.where(numbers == drawn, SURE, 0.0)
        logits = jnp.where(self.decided, certain, answer.logits)
        return Response(logits[jnp.argsort(self.actions)], answer.value, answer.memory)
