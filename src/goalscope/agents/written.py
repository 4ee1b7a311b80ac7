"""A network whose weights are written, not learnt: value iteration as convolutions."""

import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import Response
from goalscope.agents.transparent import (
    AbstractTransparentAgent,
    Activations,
    Edits,
    check_edits,
)
from goalscope.agents.value_iteration import (
    SITES,
    Iteration,
    Plan,
    default_sweeps,
    feature_index,
    plan,
    respond,
    write_reader,
)
from goalscope.worlds.base import AbstractWorld


class WrittenNetwork(AbstractTransparentAgent[Plan, tuple[()]]):
    """A value iteration network (Tamar et al. 2016) with a goal written into its weights.

    A 1 x 1 convolution and a bias give a map of rewards, sweeps of `max` over four shifted
    copies carry it through free cells, and the logits are the values around the mouse. It
    acts as a planner that looks `num_sweeps` steps ahead. Its sites are the map `reward`,
    the map `values`, and the `logits`.

    Fields:
        kernel: weight of each plane in the map of rewards, `[P]`.
        bias: the rest of the map of rewards, `[S]`.
        ends: as in `Reader`.
        iteration: the recurrent part.
    """

    kernel: Float[Array, "*b P"]
    bias: Float[Array, "*b S"]
    ends: Float[Array, "*b P"]
    iteration: Iteration

    @staticmethod
    def init(
        _: np.random.Generator,
        world: AbstractWorld,
        *,
        feature: str,
        inverse_temperature: float = 32.0,
        discount: float = 0.9,
        num_sweeps: int | None = None,
    ) -> "WrittenNetwork":
        """Return the network that goes for `feature`. Nothing is random."""
        reader, index = write_reader(world), feature_index(world, feature)
        sweeps = default_sweeps(world) if num_sweeps is None else num_sweeps
        iteration = Iteration(discount, inverse_temperature, sweeps)
        return WrittenNetwork(
            reader.planes[index], reader.places[index], reader.ends, iteration
        )

    @property
    def sites(self) -> tuple[str, ...]:
        return SITES

    def embed(self, view: Float[Array, "..."]) -> Plan:
        return self._plan(view, {}, {})

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Plan, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        return respond(context, tokens, self.iteration, {}, {})

    def forward(
        self,
        view: Float[Array, "..."],
        tokens: Int[Array, " K"],
        memory: tuple[()],
        edits: Edits,
    ) -> tuple[Response[tuple[()]], Activations]:
        check_edits(edits, self.sites)
        activations: Activations = {}
        planned = self._plan(view, edits, activations)
        return respond(planned, tokens, self.iteration, edits, activations), activations

    def _plan(
        self, view: Float[Array, "..."], edits: Edits, activations: Activations
    ) -> Plan:
        reward = jnp.tensordot(self.kernel, view, 1).ravel() + self.bias
        return plan(view, reward, self.ends, self.iteration, edits, activations)
