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

from goalscope.worlds.fields import real

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


class Reinforce(AbstractLearner):
    """REINFORCE with discounted returns to go and their mean as baseline (Williams 1992).

    Fields:
        learning_rate: step size.
        discount: γ.
    """

    learning_rate: Float[Array, ""] = eqx.field(converter=real)
    discount: Float[Array, ""] = eqx.field(converter=real)
    stateful: bool = eqx.field(static=True, default=False)

    @property
    def num_parameters(self) -> int:
        return NUM_ACTIONS

    def logits(
        self, parameters: Float[Array, " P"], seen: Int[Array, ""]
    ) -> Float[Array, " 2"]:
        return jnp.stack([parameters[seen], jnp.zeros(())])

    def finish(
        self, parameters: Float[Array, " P"], stretch: Stretch
    ) -> Float[Array, " P"]:
        returns = returns_to_go(stretch.rewards, self.discount)
        weights = jax.lax.stop_gradient(returns - jnp.mean(returns))
        return parameters + self.learning_rate * jax.grad(_surrogate)(
            parameters, self, stretch, weights
        )


class ActorCritic(AbstractLearner):
    """Advantage actor-critic with a value for each state (A2C; Mnih et al. 2016).

    Fields:
        learning_rate: step size of policy and values.
        discount: γ.
    """

    learning_rate: Float[Array, ""] = eqx.field(converter=real)
    discount: Float[Array, ""] = eqx.field(converter=real)
    stateful: bool = eqx.field(static=True, default=True)

    @property
    def num_parameters(self) -> int:
        return 2 * NUM_ACTIONS

    def logits(
        self, parameters: Float[Array, " P"], seen: Int[Array, ""]
    ) -> Float[Array, " 2"]:
        return jnp.stack([parameters[seen], jnp.zeros(())])

    def finish(
        self, parameters: Float[Array, " P"], stretch: Stretch
    ) -> Float[Array, " P"]:
        values = parameters[NUM_ACTIONS:][stretch.seen]
        last = values[-1]
        returns = returns_to_go(stretch.rewards[:-1], self.discount, last)
        before = jax.tree.map(lambda leaf: leaf[:-1], stretch)
        errors = returns - values[:-1]
        policy = jax.grad(_surrogate)(parameters, self, before, errors)
        critic = (
            jnp.zeros_like(parameters)
            .at[NUM_ACTIONS + before.seen]
            .add(errors / len(errors))
        )
        return parameters + self.learning_rate * (policy + critic)


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


def _surrogate(
    parameters: Float[Array, " P"],
    learner: AbstractLearner,
    stretch: Stretch,
    weights: Float[Array, " T"],
) -> Float[Array, ""]:
    """Return the mean of weighted log-probabilities of what was done."""
    logits = jax.vmap(learner.logits, (None, 0))(parameters, stretch.seen)
    taken = jax.nn.log_softmax(logits)[jnp.arange(len(weights)), stretch.actions]
    return jnp.mean(weights * taken)
