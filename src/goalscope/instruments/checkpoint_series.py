"""One agent along its training: arrays with a leading axis of checkpoints."""

from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import Array

from goalscope.agents.base import AbstractAgent, is_memoryless


def num_checkpoints(agent: AbstractAgent, *, least: int) -> int:
    """Return how many checkpoints an agent has, or raise if they are too few.

    Raises `TypeError` for agents with a memory, and `ValueError` unless all arrays have the
    same number of checkpoints, at least `least`.
    """
    if not is_memoryless(agent):
        raise TypeError(
            f"{type(agent).__name__} has a memory: what it does in a state is not a "
            "function of the state; measure a memoryless agent"
        )
    leaves = jax.tree.leaves(eqx.filter(agent, eqx.is_array))
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in leaves}
    if len(lengths) != 1 or min(lengths) < least:
        raise ValueError(
            f"an agent along its training has a leading axis of at least {least} "
            f"checkpoints on every array; this one has lengths {sorted(lengths)}"
        )
    return lengths.pop()


def along_training(
    function: Callable[[AbstractAgent], Array], agent: AbstractAgent
) -> Array:
    """Return what `function` gives for each checkpoint, stacked."""
    return eqx.filter_vmap(function, in_axes=eqx.if_array(0))(agent)


def checkpoint(agent: AbstractAgent, index: int) -> AbstractAgent:
    """Return the agent at one checkpoint."""
    return jax.tree.map(lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, agent)
