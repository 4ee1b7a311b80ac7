"""Learning rules for a choice between two actions, from the reward of one's own stream.

A learner's parameters are a vector; all that differs between learners is a leaf. Rules that
learn at every step do so in `step`, rules that learn from a stretch of experience in
`finish`.
"""

from abc import abstractmethod

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

NUM_ACTIONS = 2


class Stretch(eqx.Module):
    """What one learner saw, did and got in successive steps, leading axis `T`."""

    seen: Int[Array, "*b T"]
    actions: Int[Array, "*b T"]
    rewards: Float[Array, "*b T"]


class AbstractLearner(eqx.Module):
    """A learning rule for two actions in two states.

    The state is the action that was taken before in the learner's environment; a rule that
    is not `stateful` is shown state 0 always.
    """

    stateful: eqx.AbstractVar[bool]

    @property
    @abstractmethod
    def num_parameters(self) -> int:
        """How many parameters a learner has."""

    def init(
        self, key: Key[Array, ""], spread: Float[Array, ""] | float
    ) -> Float[Array, " P"]:
        """Return parameters of an untrained learner, `~ N(0, spread²)`. Consumes `key`."""
        return spread * jax.random.normal(key, (self.num_parameters,))

    @abstractmethod
    def logits(
        self, parameters: Float[Array, " P"], seen: Int[Array, ""]
    ) -> Float[Array, " 2"]:
        """Return the logarithms of the action probabilities, up to a constant."""

    def step(
        self,
        parameters: Float[Array, " P"],
        seen: Int[Array, ""],
        action: Int[Array, ""],
        reward: Float[Array, ""],
        next_seen: Int[Array, ""],
    ) -> Float[Array, " P"]:
        """Return the parameters after one step."""
        return parameters

    def finish(
        self, parameters: Float[Array, " P"], stretch: Stretch
    ) -> Float[Array, " P"]:
        """Return the parameters after a stretch of steps."""
        return parameters


def returns_to_go(
    rewards: Float[Array, " T"],
    discount: Float[Array, ""],
    last: Float[Array, ""] | float = 0.0,
) -> Float[Array, " T"]:
    """Return `G_t = r_t + γ G_{t+1}` with `G_T = last`.

    >>> returns_to_go(jnp.array([1.0, 1.0, 1.0]), jnp.array(0.5)).tolist()
    [1.75, 1.5, 1.0]
    """

    def back(following, reward):
        total = reward + discount * following
        return total, total

    end = jnp.asarray(last, rewards.dtype)
    return jax.lax.scan(back, end, rewards, reverse=True)[1]


def surrogate(
    parameters: Float[Array, " P"],
    learner: AbstractLearner,
    stretch: Stretch,
    weights: Float[Array, " T"],
) -> Float[Array, ""]:
    """Return the mean of weighted log-probabilities of what was done."""
    logits = jax.vmap(learner.logits, (None, 0))(parameters, stretch.seen)
    taken = jax.nn.log_softmax(logits)[jnp.arange(len(weights)), stretch.actions]
    return jnp.mean(weights * taken)
