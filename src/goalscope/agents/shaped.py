"""An agent that plans for a goal which is written down in an odd way."""

import jax
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planner import Planner, Solution


class Shaped(AbstractAgent[Solution, tuple[()]]):
    """Plans for the reward of `planner`'s goal plus potential shaping.

    `r′(s,a) = r(s,a) + γ c(s,a) Φ(s′) − Φ(s)`, with `c` 0 on transitions after which
    nothing can be earned (Ng, Harada & Russell 1999). The rewards that it plans with look
    nothing like the goal, are paid everywhere, and ask for exactly the same: `V′ = V − Φ`,
    also beyond its last step.

    Fields:
        planner: its goal, temperature, discount and depth.
        potential: `Φ`, one number a state, in units of reward, `[S]`.
    """

    planner: Planner
    potential: Float[Array, "*b S"]

    def embed(self, view: Float[Array, "..."]) -> Solution:
        planner = self.planner
        table = solve.tabulate(planner.world, planner.world.level_seen(view))
        rewards, going = solve.payments(table, planner.goal)
        ahead, following = planner.discount * going, table.successors
        shaping = ahead * self.potential[following] - self.potential[:, None]
        beta = planner.inverse_temperature

        def action_values(values):
            return rewards + shaping + ahead * values[following]

        def backup(_, values):
            return solve.soft_value(beta, action_values(values))

        values = jax.lax.fori_loop(0, planner.depth, backup, -self.potential)
        log_policy = solve.log_choice(beta, action_values(values))
        return Solution(table.tokens, log_policy, values)

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Solution, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        return self.planner(context, tokens, memory)
