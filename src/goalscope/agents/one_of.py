"""Agents of different kinds behind one shape, so that one compiled program serves all."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from goalscope.agents.base import AbstractAgent, Response
from goalscope.goals import Goal


class OneOf(AbstractAgent[tuple, tuple]):
    """Behaves like `agents[index]`; the index is a leaf and may differ in a population.

    For calibration, where compiling one program per kind would take longer than running all
    of them. Alone, only the agent that is meant is asked; in a `vmap` over agents with
    different indices all are, and one answer is taken.
    """

    agents: tuple[AbstractAgent, ...]
    index: Int[Array, "*b"] = eqx.field(converter=jnp.asarray)

    def embed(self, view: Float[Array, "..."]) -> tuple:
        return tuple(
            self._if_meant(number, agent.embed, view)
            for number, agent in enumerate(self.agents)
        )

    def initial_memory(self) -> tuple:
        memories = tuple(agent.initial_memory() for agent in self.agents)
        return memories if jax.tree.leaves(memories) else ()

    def __call__(
        self, context: tuple, tokens: Int[Array, " K"], memory: tuple
    ) -> Response[tuple]:
        memories = memory or tuple(agent.initial_memory() for agent in self.agents)
        answers = [
            self._if_meant(number, agent, seen, tokens, kept)
            for number, (agent, seen, kept) in enumerate(
                zip(self.agents, context, memories, strict=True)
            )
        ]
        return Response(
            jnp.stack([answer.logits for answer in answers])[self.index],
            jnp.stack([answer.value for answer in answers])[self.index],
            tuple(answer.memory for answer in answers) if memory else (),
        )

    def _if_meant(self, number: int, ask: Any, *arguments: Any) -> PyTree:
        """Return what is asked of the agent with this number, zeros for all others."""
        if len(self.agents) == 1:
            return ask(*arguments)
        shapes = eqx.filter_eval_shape(ask, *arguments)
        arrays, rest = eqx.partition(shapes, lambda leaf: hasattr(leaf, "dtype"))

        def answer():
            return eqx.filter(ask(*arguments), eqx.is_array)

        def nothing():
            return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), arrays)

        return eqx.combine(jax.lax.cond(self.index == number, answer, nothing), rest)


def as_one_of(meant: str, kinds: Mapping[str, AbstractAgent], count: int) -> OneOf:
    """Return the `count` agents of one kind, of one shape with those of all other kinds.

    Kinds that differ in values only (planners for different goals) share a slot of `OneOf`;
    the slots of other kinds are filled with copies of one agent.

    Args:
        meant: the kind that is wanted.
        kinds: name -> stacked agents, `count` of the kind that is meant, at least one of
            every other.
        count: how many are wanted.
    """
    slots, index = {}, 0
    for name, agents in kinds.items():
        agents = nameless(agents)
        shape = _shape(agents)
        if name == meant:
            index = list(slots).index(shape) if shape in slots else len(slots)
            slots[shape] = agents
        elif shape not in slots:
            slots[shape] = picked(agents, np.zeros(count, int))
    return OneOf(tuple(slots.values()), np.full(count, index, np.int32))


def all_in_one(kinds: Mapping[str, AbstractAgent]) -> OneOf:
    """Return the agents of all kinds one after the other, of one shape.

    Slots are shared and filled as by `as_one_of`, so that any block of the agents is
    measured by one compiled program.

    Args:
        kinds: name -> stacked agents, of any number each.
    """
    slots: dict[tuple, list[PyTree]] = {}
    sources, index, taken = [], [], {}
    for agents in map(nameless, kinds.values()):
        shape, count = _shape(agents), _count(agents)
        slots.setdefault(shape, []).append(agents)
        start = taken.get(shape, 0)
        taken[shape] = start + count
        sources.append(np.arange(start, start + count))
        index.append(np.full(count, list(slots).index(shape), np.int32))
    source, owner = np.concatenate(sources), np.concatenate(index)
    filled = [
        picked(_joined(parts), np.where(owner == number, source, 0))
        for number, parts in enumerate(slots.values())
    ]
    return OneOf(tuple(filled), owner)


def _joined(parts: list[PyTree]) -> PyTree:
    def join(*leaves: Any) -> Any:
        if not eqx.is_array(leaves[0]):
            return leaves[0]
        return jnp.asarray(np.concatenate([np.asarray(leaf) for leaf in leaves]))

    return jax.tree.map(join, *parts)


def _count(agents: AbstractAgent) -> int:
    return len(jax.tree.leaves(eqx.filter(agents, eqx.is_array))[0])


def nameless(agents: AbstractAgent) -> AbstractAgent:
    """Return agents whose goals are told apart by their arrays only."""

    def rename(leaf: Any) -> Any:
        is_goal = isinstance(leaf, Goal)
        return Goal(leaf.weights, leaf.once, "planted") if is_goal else leaf

    return jax.tree.map(rename, agents, is_leaf=lambda leaf: isinstance(leaf, Goal))


def _shape(agents: AbstractAgent) -> tuple:
    """Return what two kinds must have in common to share a slot."""
    arrays = eqx.filter(agents, eqx.is_array)
    shapes = tuple((leaf.shape[1:], str(leaf.dtype)) for leaf in jax.tree.leaves(arrays))
    return jax.tree.structure(agents), shapes


def picked(agents: AbstractAgent, rows: Int[np.ndarray, " M"]) -> AbstractAgent:
    """Return these of stacked agents; on the host, where nothing is compiled for it."""

    def pick(leaf: Any) -> Any:
        return jnp.asarray(np.asarray(leaf)[rows]) if eqx.is_array(leaf) else leaf

    return jax.tree.map(pick, agents)
