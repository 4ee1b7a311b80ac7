"""Learners that follow the gradient of their return: REINFORCE and actor-critic."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.incentives.learners import (
    NUM_ACTIONS,
    AbstractLearner,
    Stretch,
    returns_to_go,
    surrogate,
)
from goalscope.worlds.fields import real


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
        return parameters + self.learning_rate * jax.grad(surrogate)(
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
        policy = jax.grad(surrogate)(parameters, self, before, errors)
        critic = (
            jnp.zeros_like(parameters)
            .at[NUM_ACTIONS + before.seen]
            .add(errors / len(errors))
        )
        return parameters + self.learning_rate * (policy + critic)
