"""An agent that carries contents which nothing reads."""

import equinox as eqx
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.parameter_groups import AbstractGroupedAgent, ParameterGroup
from goalscope.worlds.fields import real


class Unread(AbstractGroupedAgent[Context, Memory]):
    """Behaves like `agent`, and has contents that are called its goal and do nothing.

    What an instrument finds in them is what it finds in nothing: the gradient on them is
    exactly zero, they have no learning coefficient, and no return is lost without them.

    Fields:
        agent: what acts; its parameters are called capability.
        contents: any numbers, `[P]`.
    """

    agent: AbstractAgent[Context, Memory]
    contents: Float[Array, "*b P"] = eqx.field(converter=real)

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return (
            ParameterGroup("goal", ("contents",)),
            ParameterGroup("capability", ("agent",)),
        )

    def embed(self, view: Float[Array, "..."]) -> Context:
        return self.agent.embed(view)

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        return self.agent(context, tokens, memory)
