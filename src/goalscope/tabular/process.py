"""A Markov decision process without reward, as arrays: where each action leads."""

from abc import abstractmethod

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Float, Int


class AbstractProcess(eqx.Module):
    """Where each action leads from each of `S` states, and where episodes start.

    Values and flows may have further axes `*b` behind: many of them are computed at once.
    Nothing says which type of numbers they are: results have that of the arguments.
    """

    start: eqx.AbstractVar[Float[Array, " S"]]
    """How much starts in each state. Usually 1 in all; 1 for each level where the levels
    of a sheet stand side by side as one process."""

    @abstractmethod
    def expect(self, values: Float[Array, "S *b"]) -> Float[Array, "S A *b"]:
        """Return `Σ_s′ P(s′|s,a) v(s′)`: what the next state is worth on average."""

    @abstractmethod
    def push(self, flow: Float[Array, "S A *b"]) -> Float[Array, "S *b"]:
        """Return `Σ_{s,a} f(s,a) P(s′|s,a)`: how much arrives in each state."""


class StochasticProcess(AbstractProcess):
    """A process of any kind.

    Fields:
        start: how much starts in each state, `[S]`.
        transitions: `P(s′|s,a)`, `[S, A, S]`; what is missing to 1 is the probability that
            the episode ends.
    """

    start: Float[Array, " S"]
    transitions: Float[Array, "S A S"]

    def __check_init__(self):
        states, actions = self.transitions.shape[:2]
        if self.transitions.shape != (states, actions, states):
            raise ValueError(f"transitions are [S, A, S]; got {self.transitions.shape}")
        if self.start.shape != (states,):
            raise ValueError(f"{states} states, but {self.start.shape[0]} of them start")

    def expect(self, values: Float[Array, "S *b"]) -> Float[Array, "S A *b"]:
        return jnp.tensordot(self.transitions, values, 1, precision="highest")

    def push(self, flow: Float[Array, "S A *b"]) -> Float[Array, "S *b"]:
        first = (0, 1)
        return jnp.tensordot(self.transitions, flow, (first, first), precision="highest")


class DeterministicProcess(AbstractProcess):
    """A process in which every action has one outcome, and which can end.

    Fields:
        start: how much starts in each state, `[S]`.
        successors: number of the state after each action, `[S, A]`.
        going: 1 where the episode goes on, 0 where it ends with the transition, `[S, A]`;
            with the axes `*b` where that differs between what is computed at once.
    """

    start: Float[Array, " S"]
    successors: Int[Array, "S A"]
    going: Float[Array, "S A *b"]

    def expect(self, values: Float[Array, "S *b"]) -> Float[Array, "S A *b"]:
        return self._going(values.ndim + 1) * values[self.successors]

    def push(self, flow: Float[Array, "S A *b"]) -> Float[Array, "S *b"]:
        moved = self._going(flow.ndim) * flow
        empty = jnp.zeros((flow.shape[0], *flow.shape[2:]), flow.dtype)
        return empty.at[self.successors].add(moved)

    def _going(self, ndim: int) -> Float[Array, "S A ..."]:
        return self.going.reshape(self.going.shape + (1,) * (ndim - self.going.ndim))


def side_by_side(
    start: Float[Array, "L S"],
    successors: Int[Array, "L S A"],
    going: Float[Array, "L S A *b"],
) -> DeterministicProcess:
    """Return `L` processes of `S` states each as one of `L·S` states.

    What is computed of the whole is what would have been computed of each part.

    >>> alone = jnp.zeros((2, 1, 1), int)
    >>> both = side_by_side(jnp.ones((2, 1)), alone, jnp.ones((2, 1, 1)))
    >>> both.successors.ravel().tolist()
    [0, 1]
    """
    num_parts, num_states = start.shape
    offsets = num_states * jnp.arange(num_parts, dtype=successors.dtype)
    moved = successors + offsets[:, None, None]
    leaves = (leaf.reshape(-1, *leaf.shape[2:]) for leaf in (start, moved, going))
    return DeterministicProcess(*leaves)
