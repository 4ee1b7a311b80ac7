"""Goals: reward as a function of the features that a world names."""

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float

from goalscope.worlds.base import AbstractWorld


class Goal(eqx.Module):
    """Reward as a weighted sum of features, `r = w · φ`.

    The same type serves as *base objective* (what training pays for), as *proxy*, and as
    *candidate* (what an instrument asks about).

    Fields:
        weights: one weight per feature of the world, `[F]`.
        once: if true, the goal pays at its first non-zero reward of an episode and never
            again: "reach the cheese" rather than "collect cheese for ever". Its value
            after that moment is zero.
        name: what to call it in tables.
    """

    weights: Float[Array, "*b F"] = eqx.field(converter=jnp.asarray)
    once: Bool[Array, "*b"] = eqx.field(converter=jnp.asarray)
    name: str = eqx.field(static=True)

    def reward(self, features: Float[Array, "*b F"]) -> Float[Array, "*b"]:
        """Return the reward of one transition with these features.

        >>> from goalscope.worlds.corner import Corner
        >>> goal = reach(Corner(), "cheese")
        >>> float(goal.reward(jnp.array([1.0, 0.0, 0.0, 0.0])))
        1.0
        """
        return jnp.matmul(features, self.weights, precision="highest")

    def returns(
        self, features: Float[Array, "T F"], discount: Float[Array, ""] | float = 1.0
    ) -> Float[Array, ""]:
        """Return `Σ_t γᵗ r_t` of one episode, up to the first reward if `once`."""
        rewards = self.reward(features)
        earlier = jnp.cumsum(rewards != 0) - (rewards != 0)
        counted = jnp.where(self.once & (earlier > 0), 0.0, rewards)
        return jnp.sum(counted * discount ** jnp.arange(features.shape[0]))


def reach(world: AbstractWorld, feature: str) -> Goal:
    """Return the goal that pays 1 the first time `feature` happens."""
    return Goal(_one_hot(world, feature), True, feature)


def collect(world: AbstractWorld, feature: str) -> Goal:
    """Return the goal that pays 1 every time `feature` happens."""
    return Goal(_one_hot(world, feature), False, feature)


def stack(goals: tuple[Goal, ...]) -> Goal:
    """Return one goal whose arrays have a leading axis `G`, to `vmap` over."""
    weights = jnp.stack([goal.weights for goal in goals])
    return Goal(weights, jnp.stack([goal.once for goal in goals]), "stacked")


def _one_hot(world: AbstractWorld, feature: str) -> np.ndarray:
    names = world.feature_names
    if feature not in names:
        raise ValueError(
            f"{type(world).__name__} has no feature {feature!r}; it has {', '.join(names)}"
        )
    return np.eye(len(names), dtype=np.float32)[names.index(feature)]
