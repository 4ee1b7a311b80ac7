"""How far an agent gets from chance towards the best, or the worst, for each goal.

It reads competence and not preference: an agent on its way to one goal may serve another. A
planner reads 1 for its own goal and -1 for the opposite, a random walk reads 0 for all.
"""

from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.worlds.base import AbstractWorld


class GoalAdvantage(AbstractInstrument):
    """`(J - J_chance) / (J_best - J_chance)`, or by `J_chance - J_worst` where J is below.

    `J` is the expected return of a memoryless agent over the world's horizon.

    Fields:
        goals: what the agent might be after.
        num_levels: levels that each agent is measured on.
    """

    question: ClassVar[str] = "How far from chance towards its best is the agent?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")
    goals: tuple[Goal, ...]
    num_levels: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals)

    def controls(self) -> tuple[PlantedCase, ...]:
        return (PlantedCase("planner", "own goal", 0.8, 1.0, dose=16.0),)

    @property
    def unit(self) -> str:
        return "share of the way from chance to the best (1) or the worst (-1)"

    @property
    def readings(self) -> tuple[str, ...]:
        return self.candidates

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(goal.name for goal in self.goals)

    @property
    def convicts(self) -> float:
        return 0.5

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("attainable",)

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        tables = draw_levels(key, solvable(world), num_levels=self.num_levels).tables
        goals, steps = stack(self.goals), world.horizon
        each = jax.vmap(jax.vmap(_returns, (None, None, 0, None)), (None, 0, None, None))
        own, chance, best, worst = jnp.moveaxis(each(agent, tables, goals, steps), -1, 0)
        gained = jnp.mean(own - chance, axis=0)
        room = jnp.where(
            gained > 0, jnp.mean(best - chance, 0), jnp.mean(chance - worst, 0)
        )
        scale = jnp.maximum(room, 1e-6)
        error = 1.96 * jnp.std(own - chance, axis=0) / self.num_levels**0.5
        return Reading(
            value=gained / scale,
            lower=(gained - error) / scale,
            upper=(gained + error) / scale,
            control=jnp.zeros_like(gained),
            ceiling=jnp.ones_like(gained),
            checks=jnp.all(jnp.mean(best - worst, axis=0) > 1e-3)[None],
            count=jnp.asarray(self.num_levels),
        )


def _returns(
    agent: AbstractAgent, table: solve.Table, goal: Goal, num_steps: int
) -> Float[Array, " 4"]:
    """Return what the agent, chance, the best and the worst policy earn on one level."""
    policy = solve.policy_of(agent, table)
    chance = jnp.full_like(policy, 1 / policy.shape[-1])
    opposite = eqx.tree_at(lambda goal: goal.weights, goal, -goal.weights)
    values = (
        solve.evaluate(table, policy, goal, 1.0, num_steps=num_steps),
        solve.evaluate(table, chance, goal, 1.0, num_steps=num_steps),
        solve.optimal_values(table, goal, 1.0, num_steps=num_steps),
        -solve.optimal_values(table, opposite, 1.0, num_steps=num_steps),
    )
    return jnp.stack(values) @ table.start
