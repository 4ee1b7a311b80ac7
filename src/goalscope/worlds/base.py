"""What a world is: dynamics, observations and named features, and no reward."""

from abc import abstractmethod
from typing import Generic, TypeVar

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

Level = TypeVar("Level")
State = TypeVar("State")


class AbstractWorld(eqx.Module, Generic[Level, State]):
    """A Markov process with observations and named features, and no reward.

    A *level* is everything that stays fixed during one episode (walls, where the objects
    stand, where the episode starts); a *state* is everything that moves. All methods are
    pure functions of one level and one state; callers batch them with `jax.vmap`.

    What may differ between agents of one population (shares, probabilities, positions) is
    an array field; what decides shapes or loops (sizes, horizon, names) is static.
    """

    horizon: eqx.AbstractVar[int]
    """Number of steps after which an episode is cut off."""

    @property
    @abstractmethod
    def action_names(self) -> tuple[str, ...]:
        """The actions, in the order of their numbers."""

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The features, in the order in which `features` returns them."""

    @property
    @abstractmethod
    def level_shape(self) -> tuple[int, ...]:
        """Shape of the level part of observations, `(planes, height, width)` or `(n,)`."""

    @property
    @abstractmethod
    def token_sizes(self) -> tuple[int, ...]:
        """Vocabulary size of each integer of the state part of an observation."""

    @property
    def num_actions(self) -> int:
        return len(self.action_names)

    @property
    def num_features(self) -> int:
        return len(self.feature_names)

    @abstractmethod
    def sample_level(self, key: Key[Array, ""]) -> Level:
        """Return a level drawn from this world's distribution. Consumes `key`."""

    @abstractmethod
    def reset(self, level: Level) -> State:
        """Return the state in which an episode of `level` begins."""

    @abstractmethod
    def step(
        self, key: Key[Array, ""], level: Level, state: State, action: Int[Array, ""]
    ) -> State:
        """Return the state after `action`. Consumes `key`."""

    @abstractmethod
    def features(
        self, level: Level, state: State, action: Int[Array, ""], successor: State
    ) -> Float[Array, " F"]:
        """Return what just happened when `action` led from `state` to `successor`."""

    @abstractmethod
    def terminal(self, level: Level, state: State) -> Bool[Array, ""]:
        """Return whether the episode is over in `state`."""

    @abstractmethod
    def observe_level(self, level: Level) -> Float[Array, "..."]:
        """Return the part of the observation that is constant within an episode."""

    @abstractmethod
    def observe_state(self, level: Level, state: State) -> Int[Array, " K"]:
        """Return the part of the observation that changes, as integer tokens."""


class AbstractSolvableWorld(AbstractWorld[Level, State]):
    """A world that is deterministic and can number its states, so that it can be solved."""

    @property
    @abstractmethod
    def num_states(self) -> int:
        """How many states a level has, terminal and unreachable ones included."""

    @abstractmethod
    def state_at(self, level: Level, index: Int[Array, ""]) -> State:
        """Return the state with this number."""

    @abstractmethod
    def index_of(self, level: Level, state: State) -> Int[Array, ""]:
        """Return the number of this state; the inverse of `state_at`."""

    @abstractmethod
    def level_seen(self, view: Float[Array, "..."]) -> Level:
        """Return the level that looks like `view`, up to where an episode begins.

        The inverse of `observe_level` for fully observed worlds: it lets a planner plan
        with its own perception. Raises `NotImplementedError` where the view does not
        determine the level.
        """

    @abstractmethod
    def start_distribution(self, level: Level) -> Float[Array, " S"]:
        """Return the probability of each state to be the start, given the rest of `level`.

        The mean over levels of the expected return from this distribution equals the mean
        over levels of the return from `reset(level)`, with less variance.
        """


def one_hot_start(index: Int[Array, ""], num_states: int) -> Float[Array, " S"]:
    """Return the distribution of a start that is always the same state."""
    return jnp.zeros(num_states).at[index].set(1.0)
