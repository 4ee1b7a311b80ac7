"""An agent that stops trying as soon as chance is good enough for it."""

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planner import Solution, state_with
from goalscope.agents.planted import IMPOSSIBLE, optimal_policy
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.fields import check_range, real


class Satisficer(AbstractAgent[Solution, tuple[()]]):
    """Acts by chance where that should earn its aspiration, and optimally elsewhere.

    `π(·|s)` is uniform if `V_chance(s) ≥ c`, and uniform over the optimal actions if not,
    where `V_chance(s)` is the undiscounted return of acting by chance from `s` to the
    horizon; for a goal that pays 1 `once`, the probability to get there by chance. (After
    Simon 1956; there are other readings of "good enough".) With `c = 0` it never tries,
    with `c > 1` it always does.

    Fields:
        world: what the agent believes about dynamics and features.
        goal: what it wants.
        aspiration: c, in units of return, at least 0.
    """

    world: AbstractSolvableWorld
    goal: Goal
    aspiration: Float[Array, "*b"] = eqx.field(converter=real)

    def __check_init__(self):
        check_range("aspiration", self.aspiration, 0)

    def embed(self, view: Float[Array, "..."]) -> Solution:
        table = solve.tabulate(self.world, self.world.level_seen(view))
        steps = self.world.horizon
        chance = jnp.full(table.successors.shape, 1 / self.world.num_actions)
        values = solve.evaluate(table, chance, self.goal, 1.0, num_steps=steps)
        optimal = optimal_policy(table, self.goal, num_steps=steps)
        content = values >= self.aspiration
        policy = jnp.where(content[:, None], chance, optimal)
        possible = jnp.log(jnp.maximum(policy, 1e-12))
        log_policy = jnp.where(policy > 0, possible, IMPOSSIBLE)
        return Solution(table.tokens, log_policy, values)

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Solution, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        state = state_with(context.tokens, tokens)
        return Response(context.log_policy[state], context.values[state], memory)
