"""Named groups of an agent's parameters: its goal, its perception, its policy ..."""

import fnmatch
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from goalscope.agents.base import AbstractAgent, Context, Memory

Tree = TypeVar("Tree", bound=PyTree)


@dataclass(frozen=True)
class ParameterGroup:
    """Some of an agent's parameters, by where they stand in it.

    Fields:
        name: what to call it: goal, capability, perception ...
        patterns: paths of fields, as `policy/weight`; a path stands for everything below
            it, and `*` for any characters.
    """

    name: str
    patterns: tuple[str, ...]

    def __post_init__(self):
        if not self.name or not self.patterns or not all(self.patterns):
            raise ValueError(
                f"a group has a name and at least one path of a field; got {self!r}"
            )

    def holds(self, path: str) -> bool:
        """Return whether the array at `path` belongs to the group.

        >>> ParameterGroup("goal", ("slot",)).holds("slot/weights")
        True
        """
        return any(
            fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"{pattern}/*")
            for pattern in self.patterns
        )


class AbstractGroupedAgent(AbstractAgent[Context, Memory]):
    """An agent that says itself which of its parameters are what."""

    @property
    @abstractmethod
    def groups(self) -> tuple[ParameterGroup, ...]:
        """The groups of its parameters; no array belongs to two."""


def find_group(
    agent: AbstractAgent, name: str, groups: tuple[ParameterGroup, ...] = ()
) -> ParameterGroup:
    """Return the group of this name: one of `groups`, or one that the agent declares.

    Raises `ValueError` if there is none, or if no real array of the agent belongs to it.
    """
    declared = agent.groups if isinstance(agent, AbstractGroupedAgent) else ()
    offered = {group.name: group for group in (*declared, *groups)}
    if name not in offered:
        raise ValueError(
            f"{type(agent).__name__} has no group of parameters called {name!r}; "
            + (f"it has {', '.join(offered)}" if offered else "it declares none")
            + "; name its arrays with a ParameterGroup"
        )
    paths = parameter_paths(agent)
    if not any(offered[name].holds(path) for path in paths):
        raise ValueError(
            f"the group {name!r} holds no parameter of {type(agent).__name__}: its "
            f"patterns are {', '.join(offered[name].patterns)}, and the parameters "
            f"{', '.join(paths)}"
        )
    return offered[name]


def parameter_paths(tree: PyTree) -> list[str]:
    """Return the paths of all real arrays of an agent, as `hidden/0/weight`."""
    leaves = jax.tree.leaves_with_path(eqx.filter(tree, eqx.is_inexact_array))
    return [_written(path) for path, _ in leaves]


def split_group(tree: Tree, group: ParameterGroup) -> tuple[Tree, Tree]:
    """Return the real arrays of the group, and all the rest; `eqx.combine` joins them."""
    belongs = jax.tree.map_with_path(
        lambda path, leaf: eqx.is_inexact_array(leaf) and group.holds(_written(path)), tree
    )
    return eqx.partition(tree, belongs)


def flat_group(tree: PyTree, group: ParameterGroup) -> Float[Array, " P"]:
    """Return the real arrays of the group as one vector."""
    return ravel_pytree(split_group(tree, group)[0])[0]


def mask_of(tree: PyTree, group: ParameterGroup) -> PyTree:
    """Return the tree of real arrays, 1 in the group and 0 elsewhere."""
    parameters = eqx.filter(tree, eqx.is_inexact_array)
    return jax.tree.map_with_path(
        lambda path, leaf: jnp.full_like(leaf, float(group.holds(_written(path)))),
        parameters,
    )


def change_group(
    tree: Tree, group: ParameterGroup, change: Callable[[Array], Array]
) -> Tree:
    """Return the tree with every real array of the group changed."""
    chosen, rest = split_group(tree, group)
    return eqx.combine(jax.tree.map(change, chosen), rest)


def zero_group(tree: Tree, group: ParameterGroup) -> Tree:
    """Return the tree with the group's real arrays set to 0.

    On a gradient: what training does that never pushes this group.
    """
    return change_group(tree, group, jnp.zeros_like)


def take_group(tree: Tree, group: ParameterGroup, source: Tree) -> Tree:
    """Return the tree with the group's real arrays taken from `source`."""
    return eqx.combine(split_group(source, group)[0], split_group(tree, group)[1])


def tangential(gradient: Tree, parameters: Tree) -> Tree:
    """Return the gradient without its part along the parameters themselves.

    `g − w ⟨g, w⟩ / ⟨w, w⟩`: where the scale of a goal acts as an inverse temperature, the
    radial part changes how consistently the agent pursues its goal, and only the rest
    changes which goal that is. Zero parameters have no radial part.
    """
    inner = _inner(gradient, parameters)
    length = _inner(parameters, parameters)
    share = jnp.where(length > 0, inner / jnp.where(length > 0, length, 1.0), 0.0)
    return jax.tree.map(lambda g, w: g - share * w, gradient, parameters)


def _inner(one: PyTree, other: PyTree) -> Float[Array, ""]:
    products = jax.tree.map(lambda a, b: jnp.sum(a * b), one, other)
    return sum(jax.tree.leaves(products), jnp.zeros(()))


def _written(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
