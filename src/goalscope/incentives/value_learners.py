"""Learners that estimate what actions are worth: Q-learning, and a bandit."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.incentives.learners import NUM_ACTIONS, AbstractLearner
from goalscope.worlds.fields import real


class QLearning(AbstractLearner):
    """Q-learning with ε-greedy actions (Watkins 1989).

    Fields:
        learning_rate: α.
        discount: γ.
        exploration: ε.
    """

    learning_rate: Float[Array, ""] = eqx.field(converter=real)
    discount: Float[Array, ""] = eqx.field(converter=real)
    exploration: Float[Array, ""] = eqx.field(converter=real)
    stateful: bool = eqx.field(static=True, default=False)

    @property
    def num_parameters(self) -> int:
        return NUM_ACTIONS * NUM_ACTIONS

    def logits(
        self, parameters: Float[Array, " P"], seen: Int[Array, ""]
    ) -> Float[Array, " 2"]:
        values = parameters.reshape(NUM_ACTIONS, NUM_ACTIONS)[seen]
        best = jax.nn.one_hot(jnp.argmax(values), NUM_ACTIONS)
        return jnp.log(best * (1 - self.exploration) + self.exploration / NUM_ACTIONS)

    def step(
        self,
        parameters: Float[Array, " P"],
        seen: Int[Array, ""],
        action: Int[Array, ""],
        reward: Float[Array, ""],
        next_seen: Int[Array, ""],
    ) -> Float[Array, " P"]:
        table = parameters.reshape(NUM_ACTIONS, NUM_ACTIONS)
        target = reward + self.discount * jnp.max(table[next_seen])
        change = self.learning_rate * (target - table[seen, action])
        return table.at[seen, action].add(change).ravel()


class CrossEntropyBandit(AbstractLearner):
    """Predicts by logistic regression what each action pays at once, and acts on that.

    The reward, divided by `scale`, is taken as the probability of success; the loss is its
    cross-entropy. Actions are drawn with logits `predicted / temperature`.

    Fields:
        learning_rate: step size.
        temperature: of the choice, in units of predicted probability.
        scale: largest reward.
    """

    learning_rate: Float[Array, ""] = eqx.field(converter=real)
    temperature: Float[Array, ""] = eqx.field(converter=real)
    scale: Float[Array, ""] = eqx.field(converter=real)
    stateful: bool = eqx.field(static=True, default=False)

    @property
    def num_parameters(self) -> int:
        return NUM_ACTIONS * NUM_ACTIONS

    def logits(
        self, parameters: Float[Array, " P"], seen: Int[Array, ""]
    ) -> Float[Array, " 2"]:
        predicted = jax.nn.sigmoid(parameters.reshape(NUM_ACTIONS, NUM_ACTIONS)[seen])
        return predicted / self.temperature

    def step(
        self,
        parameters: Float[Array, " P"],
        seen: Int[Array, ""],
        action: Int[Array, ""],
        reward: Float[Array, ""],
        next_seen: Int[Array, ""],
    ) -> Float[Array, " P"]:
        table = parameters.reshape(NUM_ACTIONS, NUM_ACTIONS)
        error = reward / self.scale - jax.nn.sigmoid(table[seen, action])
        return table.at[seen, action].add(self.learning_rate * error).ravel()
