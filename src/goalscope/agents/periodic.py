"""An agent that does the same things again and again, whatever it sees."""

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planted import certain
from goalscope.worlds.fields import count


class Periodic(AbstractAgent[tuple[()], Int[Array, ""]]):
    """Has no goal: step `t` of an episode takes action `pattern[t mod period]`.

    It has a memory, of the time, and needs no eyes. Where its pattern leads somewhere, it
    looks as if it wanted to be there.

    Fields:
        pattern: actions, `[P]`; those from `period` on are never taken.
        period: after how many steps it begins again, at most `P`.
        num_actions: how many actions there are.
    """

    pattern: Int[Array, "*b P"] = eqx.field(converter=count)
    period: Int[Array, "*b"] = eqx.field(converter=count)
    num_actions: int = eqx.field(static=True)

    def embed(self, view: Float[Array, "..."]) -> tuple[()]:
        return ()

    def initial_memory(self) -> Int[Array, ""]:
        return jnp.int32(0)

    def __call__(
        self, context: tuple[()], tokens: Int[Array, " K"], memory: Int[Array, ""]
    ) -> Response[Int[Array, ""]]:
        logits = certain(self.pattern[memory], self.num_actions)
        return Response(logits, jnp.zeros(()), (memory + 1) % self.period)
