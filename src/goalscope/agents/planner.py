"""An agent that plans for the goal in its slot, in the level that it perceives."""

from typing import NamedTuple

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.goals import Goal, collect, reach
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.fields import count, real


class Solution(NamedTuple):
    """Of each state: tokens `[S, K]`, action log-probabilities `[S, A]`, value `[S]`."""

    tokens: Int[Array, "*b S K"]
    log_policy: Float[Array, "*b S A"]
    values: Float[Array, "*b S"]


class Planner(AbstractAgent[Solution, tuple[()]]):
    """A soft-optimal planner with an explicit goal.

    It sees the level, solves it for its goal (`solve.soft_policy`) and looks its action up
    by the state tokens. Where no state of the level that it sees has these tokens, it takes
    the one that agrees best, an earlier token counting more than all later ones; of
    several, the first. Its logits are differentiable in all array fields.

    Fields:
        world: what the agent believes about dynamics and features.
        goal: what it plans for.
        inverse_temperature: β, nats per unit of return; not 0, negative for the opposite.
        discount: γ of its own returns, in [0, 1].
        depth: how often it backs values up: beyond its next step, it sees what it can
            reach within so many more. From the horizon of `world` on, more change nothing.
    """

    world: AbstractSolvableWorld
    goal: Goal
    inverse_temperature: Float[Array, "*b"] = eqx.field(converter=real)
    discount: Float[Array, "*b"] = eqx.field(converter=real)
    depth: Int[Array, "*b"] = eqx.field(converter=count)

    @staticmethod
    def init(
        _: np.random.Generator,
        world: AbstractSolvableWorld,
        *,
        feature: str,
        inverse_temperature: float,
        once: bool = True,
        discount: float = 0.99,
        depth: int | None = None,
    ) -> "Planner":
        """Return an agent that wants `feature`: the first time, or if not `once` each time.

        It knows the dynamics of `world`, and looks as far ahead as its horizon unless
        `depth` is given. Nothing is random.
        """
        goal = reach(world, feature) if once else collect(world, feature)
        ahead = world.horizon if depth is None else depth
        return Planner(world, goal, inverse_temperature, discount, ahead)

    def __check_init__(self):
        if _any(self.depth < 1):
            raise ValueError(
                f"a planner looks at least 1 step ahead; depth is {self.depth}"
            )
        if _any(self.inverse_temperature == 0):
            raise ValueError(
                "inverse_temperature is 0: not a planner; use `planted.uniform` instead"
            )
        if _any(~jnp.isfinite(self.inverse_temperature)):
            raise ValueError(
                f"inverse_temperature={self.inverse_temperature}: must be finite; 1e9 "
                "is as good as greedy"
            )
        if _any((self.discount < 0) | (self.discount > 1)):
            raise ValueError(f"discount={self.discount}: must lie in [0, 1]")

    def embed(self, view: Float[Array, "..."]) -> Solution:
        table = solve.tabulate(self.world, self.world.level_seen(view))
        horizon = self.world.horizon
        log_policy = solve.soft_policy(
            table,
            self.goal,
            self.inverse_temperature,
            self.discount,
            num_steps=horizon,
            depth=self.depth,
        )
        values = solve.evaluate(
            table,
            jnp.exp(log_policy),
            self.goal,
            self.discount,
            num_steps=horizon,
            depth=self.depth,
        )
        return Solution(table.tokens, log_policy, values)

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Solution, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        index = state_with(context.tokens, tokens)
        return Response(context.log_policy[index], context.values[index], memory)


def state_with(known: Int[Array, "S K"], tokens: Int[Array, " K"]) -> Int[Array, ""]:
    """Return the first state of those whose tokens agree best with `tokens`.

    An earlier token counts more than all later ones.

    >>> known = jnp.array([[0, 3], [1, 3], [1, 5]])
    >>> int(state_with(known, jnp.array([1, 5]))), int(state_with(known, jnp.array([1, 4])))
    (2, 1)
    """
    weights = 2 ** jnp.arange(tokens.shape[0])[::-1]
    return jnp.argmax(jnp.sum((known == tokens[None]) * weights[None], axis=-1))


def _any(wrong: Bool[Array, "*b"]) -> bool:
    """Return whether any entry is true, as far as that is known while tracing."""
    return not isinstance(wrong, Tracer) and bool(jnp.any(wrong))
