"""An agent that mostly does what is rewarded, and lets its own goal through a little."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import Response
from goalscope.goals import Goal
from goalscope.parameter_groups import AbstractGroupedAgent, ParameterGroup
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.fields import check_range, real


class Directions(NamedTuple):
    """Of each state: tokens `[S, K]`, and what a planner for each feature wants there.

    `wanted[s, a, f]` is the logarithm of the probability with which a planner that is after
    feature `f` takes action `a`.
    """

    tokens: Int[Array, "*b S K"]
    wanted: Float[Array, "*b S A F"]


class LeakyGoal(AbstractGroupedAgent[Directions, tuple[()]]):
    """Follows what is rewarded with weight `1 − ℓ`, and the goal in its slot with `ℓ`.

    `logits(s, a) = Σ_f wanted(s, a, f) [P ((1 − ℓ) r + ℓ z)]_f` with perception `P`,
    rewarded direction `r`, slot `z` and leak `ℓ`. The plans behind `wanted` are fixed, so
    that all that training can change is `P`, `r` and `z`, and what it does to `z` is in
    proportion to the leak: none at all at 0, although the slot says what the agent would do
    elsewhere.

    Fields:
        world: what the agent believes about dynamics and features.
        perception: how much of each feature it takes for each, `[F, F]`; capability.
        rewarded: what it has learnt that training pays for, `[F]`; capability too.
        slot: its own goal, `[F]`.
        leak: ℓ, in [0, 1]; with `dataclasses.replace(agent, leak=1.0)` it is itself.
        inverse_temperature: β of its plans.
        discount: γ of its plans.
        depth: steps that it looks ahead.
    """

    world: AbstractSolvableWorld
    perception: Float[Array, "*b F F"] = eqx.field(converter=real)
    rewarded: Float[Array, "*b F"] = eqx.field(converter=real)
    slot: Float[Array, "*b F"] = eqx.field(converter=real)
    leak: Float[Array, "*b"] = eqx.field(converter=real)
    inverse_temperature: Float[Array, "*b"] = eqx.field(converter=real, default=6.0)
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    depth: int = eqx.field(static=True, default=64)

    @staticmethod
    def init(
        _: np.random.Generator,
        world: AbstractSolvableWorld,
        *,
        feature: str,
        rewarded: str,
        leak: float,
    ) -> "LeakyGoal":
        """Return an agent whose own goal is `feature`, trained for `rewarded`."""
        names = world.feature_names
        for name in (feature, rewarded):
            if name not in names:
                raise ValueError(
                    f"{type(world).__name__} has no feature {name!r}; "
                    f"it has {', '.join(names)}"
                )
        each = np.eye(len(names), dtype=np.float32)
        paid, own = each[names.index(rewarded)], each[names.index(feature)]
        return LeakyGoal(world, each, paid, own, leak, depth=world.horizon)

    def __check_init__(self):
        check_range("leak", self.leak, 0, 1)

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return (
            ParameterGroup("goal", ("slot",)),
            ParameterGroup("capability", ("perception",)),
            ParameterGroup("rewarded", ("rewarded",)),
        )

    def embed(self, view: Float[Array, "..."]) -> Directions:
        table = solve.tabulate(self.world, self.world.level_seen(view))

        def plan(weights: Float[Array, " F"]) -> Float[Array, "S A"]:
            goal = Goal(weights, True, "feature")
            return solve.soft_policy(
                table, goal, self.inverse_temperature, self.discount, num_steps=self.depth
            )

        wanted = jax.vmap(plan, out_axes=-1)(jnp.eye(self.world.num_features))
        return Directions(table.tokens, wanted)

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Directions, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        index = nearest_state(context.tokens, tokens)
        pursued = (1 - self.leak) * self.rewarded + self.leak * self.slot
        logits = context.wanted[index] @ (self.perception @ pursued)
        return Response(logits, jnp.zeros(()), memory)


def nearest_state(seen: Int[Array, "S K"], tokens: Int[Array, " K"]) -> Int[Array, ""]:
    """Return the state whose tokens agree best, an earlier token counting more.

    >>> int(nearest_state(jnp.array([[0, 1], [2, 1], [2, 3]]), jnp.array([2, 3])))
    2
    """
    weights = 2 ** jnp.arange(tokens.shape[0])[::-1]
    return jnp.argmax(jnp.sum((seen == tokens[None]) * weights[None], axis=-1))
