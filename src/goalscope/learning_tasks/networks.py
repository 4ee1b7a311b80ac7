"""Small networks that learn a task: one hidden layer over pairs of tokens or signs."""

from abc import abstractmethod
from typing import final

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float


class AbstractNetwork(eqx.Module):
    """A network that gives logits of all answers to all cases of a task."""

    @abstractmethod
    def __call__(self, inputs: Float[Array, "M I"]) -> Float[Array, "N K"]:
        """Return the logits of each answer to each case."""


@final
class PairNetwork(AbstractNetwork):
    """A hidden unit adds a weight of each token: `logits = σ(U[a] + V[b]) W`.

    It answers all pairs at once, in the order of a table, and looks at no inputs.

    Fields:
        first, second: `U` and `V`.
        outer: `W`.
        activation: "relu" or "quadratic".
    """

    first: Float[Array, "A H"]
    second: Float[Array, "B H"]
    outer: Float[Array, "H K"]
    activation: str = eqx.field(static=True)

    def __check_init__(self):
        if self.activation not in ("relu", "quadratic"):
            raise ValueError(f"no activation {self.activation!r}; choose relu or quadratic")

    def __call__(self, inputs: Float[Array, "M I"]) -> Float[Array, "N K"]:
        before = self.first[:, None, :] + self.second[None, :, :]
        after = jnp.square(before) if self.activation == "quadratic" else relu(before)
        return after.reshape(-1, after.shape[-1]) @ self.outer


@final
class SignNetwork(AbstractNetwork):
    """ReLU units over signs; the logit of −1 is 0: `logits = (σ(x W)·a, 0)`.

    A bias is the weight of an input that is always 1.
    """

    weights: Float[Array, "I H"]
    outer: Float[Array, " H"]

    def __call__(self, inputs: Float[Array, "N I"]) -> Float[Array, "N K"]:
        up = relu(inputs @ self.weights) @ self.outer
        return jnp.stack([up, jnp.zeros_like(up)], axis=-1)


def relu(values: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return the positive part."""
    return jax.nn.relu(values)


def new_pair_network(
    random: np.random.Generator,
    *,
    num_tokens: int,
    num_answers: int,
    width: int,
    activation: str,
    scale: float = 1.0,
) -> PairNetwork:
    """Return an untrained network, with unit variance before and after the hidden units.

    Args:
        random: what draws the weights.
        num_tokens: on either side of a pair.
        num_answers: how many answers there are.
        width: hidden units.
        activation: "relu" or "quadratic".
        scale: factor on the weights of the tokens.
    """
    spread = scale / np.sqrt(2)
    first, second = random.normal(0, spread, (2, num_tokens, width)).astype(np.float32)
    outer = random.normal(0, 1 / np.sqrt(width), (width, num_answers)).astype(np.float32)
    return PairNetwork(
        jnp.asarray(first), jnp.asarray(second), jnp.asarray(outer), activation
    )


def new_sign_network(
    random: np.random.Generator, *, length: int, padded: int, width: int
) -> SignNetwork:
    """Return an untrained network that says 0: every hidden unit has an opposite twin.

    Args:
        random: what draws the weights.
        length: signs of an input.
        padded: length of an input with unused places and, as the last, the bias.
        width: hidden units, an even number.

    Raises:
        ValueError: for an odd width.
    """
    if width % 2:
        raise ValueError(f"width is even, as hidden units are twins; got {width}")
    half = random.normal(0, 1 / np.sqrt(length), (padded, width // 2))
    outer = random.normal(0, np.sqrt(2 / width), width // 2)
    both = np.concatenate([half, half], axis=1), np.concatenate([outer, -outer])
    weights, outer = (jnp.asarray(each.astype(np.float32)) for each in both)
    return SignNetwork(weights, outer)
