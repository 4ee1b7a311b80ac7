"""A perceptron that looks its state tokens up: the workhorse of every study."""

import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import Response
from goalscope.agents.layers import (
    Activation,
    Dense,
    Embedding,
    activate,
    check_activation,
    check_widths,
    dense,
    embedding,
)
from goalscope.agents.transparent import (
    AbstractTransparentAgent,
    Activations,
    Edits,
    check_edits,
    edited,
)
from goalscope.worlds.base import AbstractWorld


class MLP(AbstractTransparentAgent[Float[Array, " W"], tuple[()]]):
    """A multi-layer perceptron without memory, with one trunk and two heads.

    The first layer is `f(W x + Σ_k table_k[token_k])`: its level part `W x` is computed
    once per episode, its state part is a sum of table rows, which is the same function as
    a dense layer on one-hot tokens. Its sites are the hidden layers, `hidden_0` first, and
    the `logits`.
    """

    level: Dense
    tokens: Embedding
    hidden: tuple[Dense, ...]
    policy: Dense
    value: Dense
    activation: Activation = eqx.field(static=True)

    @staticmethod
    def init(
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        widths: Sequence[int] = (64, 64),
        activation: Activation = "tanh",
    ) -> "MLP":
        """Return an untrained agent for `world`; advances `rng`, runs nothing in JAX.

        Weights are normal with variance `1 / inputs`; the policy head is 100 times smaller,
        so that training starts from a nearly uniform policy (Andrychowicz et al. 2021).

        >>> from goalscope.worlds.corner import Corner
        >>> agent = MLP.init(np.random.default_rng(0), Corner(size=3), widths=(8,))
        >>> agent.policy.weight.shape
        (8, 4)
        """
        check_activation(activation)
        check_widths(widths)
        pairs = itertools.pairwise(widths)
        return MLP(
            level=dense(rng, math.prod(world.level_shape), widths[0]),
            tokens=embedding(rng, world.token_sizes, widths[0]),
            hidden=tuple(dense(rng, inputs, outputs) for inputs, outputs in pairs),
            policy=dense(rng, widths[-1], world.num_actions, scale=0.01),
            value=dense(rng, widths[-1], 1),
            activation=activation,
        )

    def embed(self, view: Float[Array, "..."]) -> Float[Array, " W"]:
        return self.level(jnp.ravel(view))

    def initial_memory(self) -> tuple[()]:
        return ()

    def trunk(
        self, context: Float[Array, " W"], tokens: Int[Array, " K"]
    ) -> Float[Array, " H"]:
        """Return the activations of the last hidden layer, which both heads read."""
        return self._layers(context, tokens, {}, {})

    def __call__(
        self, context: Float[Array, " W"], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        outputs = self.trunk(context, tokens)
        return Response(self.policy(outputs), self.value(outputs)[0], memory)

    @property
    def sites(self) -> tuple[str, ...]:
        layers = tuple(f"hidden_{number}" for number in range(len(self.hidden) + 1))
        return (*layers, "logits")

    def forward(
        self,
        view: Float[Array, "..."],
        tokens: Int[Array, " K"],
        memory: tuple[()],
        edits: Edits,
    ) -> tuple[Response[tuple[()]], Activations]:
        check_edits(edits, self.sites)
        activations: Activations = {}
        outputs = self._layers(self.embed(view), tokens, edits, activations)
        logits = edited(edits, activations, "logits", self.policy(outputs))
        return Response(logits, self.value(outputs)[0], memory), activations

    def _layers(
        self,
        context: Float[Array, " W"],
        tokens: Int[Array, " K"],
        edits: Edits,
        activations: Activations,
    ) -> Float[Array, " H"]:
        """Return the last hidden layer; records all of them in `activations`."""
        outputs = activate(self.activation, context + self.tokens(tokens))
        outputs = edited(edits, activations, "hidden_0", outputs)
        for number, layer in enumerate(self.hidden, 1):
            outputs = activate(self.activation, layer(outputs))
            outputs = edited(edits, activations, f"hidden_{number}", outputs)
        return outputs
