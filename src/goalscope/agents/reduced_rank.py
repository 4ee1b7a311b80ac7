"""A policy made of two linear layers, whose degeneracy is known exactly."""

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import Response
from goalscope.agents.layers import Embedding, embedding
from goalscope.dynamics.reduced_rank import Dimensions, exact_coefficient, true_weights
from goalscope.parameter_groups import AbstractGroupedAgent, ParameterGroup
from goalscope.worlds.base import AbstractWorld


class ReducedRankPolicy(AbstractGroupedAgent[tuple[()], tuple[()]]):
    """Has no goal: `logits = W₂ W₁ x`, with fixed random inputs `x` for the state tokens.

    The divergence from itself is, near itself, a squared error of `W₂ W₁` up to what is the
    same for all actions, so that its learning coefficient is that of reduced-rank
    regression with one output fewer than there are actions, where the states it is read on
    span all inputs.

    Fields:
        inputs: `x` of each token, summed; not a parameter.
        first: `W₁`, `[H, M]`; the group `capability`.
        second: `W₂`, `[A, H]`; the group `goal`.
    """

    inputs: Embedding
    first: Float[Array, "*b H M"] = eqx.field(converter=jnp.asarray)
    second: Float[Array, "*b A H"] = eqx.field(converter=jnp.asarray)

    @staticmethod
    def init(
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        num_inputs: int = 5,
        num_hidden: int = 3,
        rank: int = 1,
    ) -> "ReducedRankPolicy":
        """Return a policy of this rank, with logits of about unit size."""
        sizes: Sequence[int] = world.token_sizes
        shape = Dimensions(num_inputs, num_hidden, world.num_actions, rank)
        weights = true_weights(rng, shape)
        scale = (shape.hidden / max(rank, 1)) ** 0.25
        first, second = (np.asarray(w, np.float32) * np.float32(scale) for w in weights)
        return ReducedRankPolicy(embedding(rng, sizes, num_inputs), first, second)

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return (
            ParameterGroup("goal", ("second",)),
            ParameterGroup("capability", ("first",)),
            ParameterGroup("all", ("first", "second")),
        )

    def embed(self, view: Float[Array, "..."]) -> tuple[()]:
        return ()

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: tuple[()], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        logits = self.second @ (self.first @ self.inputs(tokens))
        return Response(logits, jnp.zeros(()), memory)


def exact_coefficients(policy: ReducedRankPolicy, rank: int) -> dict[str, float]:
    """Return the learning coefficient of each group of a policy of this rank.

    With one layer fixed, the other is a regular model: as many equations as the fixed one
    has rank, times what the moving one leaves free.

    >>> from goalscope.worlds.corner import Corner
    >>> policy = ReducedRankPolicy.init(np.random.default_rng(0), Corner(size=3), rank=1)
    >>> exact_coefficients(policy, 1)
    {'all': 5.5, 'capability': 2.5, 'goal': 1.5}
    """
    hidden, inputs = policy.first.shape[-2:]
    outputs = policy.second.shape[-2] - 1
    return {
        "all": exact_coefficient(Dimensions(inputs, hidden, outputs, rank)),
        "capability": rank * inputs / 2,
        "goal": rank * outputs / 2,
    }
