"""When the goal in an agent formed, and when the rest of it did."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.dynamics.change_points import change_p_value, one_change
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.checkpoint_series import along_training, num_checkpoints
from goalscope.instruments.levels import draw_levels, solvable
from goalscope.parameter_groups import ParameterGroup, change_group, find_group, split_group
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

NUM_RESAMPLES, MIN_CHECKPOINTS, LEARNT, CLEAR = 50, 4, 0.05, 0.05
STEADY = 1e-4
"""Share of the best return within which a curve does not change: rounding makes less."""


class GoalParts(AbstractInstrument):
    """Return along training with only the goal trained, and with all but the goal.

    At each checkpoint three agents are scored under `objective`, as a share of the best
    return: the agent; the *restricted* one, whose goal is that of the checkpoint and whose
    other parameters are those of the first; and the *excluded* one, whose goal is that of
    the first checkpoint and whose other parameters are those of this one (after the
    restricted and excluded loss of Nanda et al. 2023). Readings: `whole`, `restricted` and
    `excluded`, at the last checkpoint; `whole changes`, `restricted changes` and `excluded
    changes`, the place along training in [0, 1] of the clearest change of each curve; and
    `lead`, how much earlier the restricted curve changes than the whole: a mechanism forms
    before behaviour shows it. A curve that stays within 0.0001 of the best return changes
    nowhere, and reads as if at the second checkpoint.

    The interval is the Bayesian bootstrap over levels. The control is the same with a group
    that nothing reads: restricted to it, the agent stays what it was at first, and without
    it, what it is.

    What it does not show: when a goal formed that was there at the first checkpoint; how
    the parts work together. A goal that needs new eyes earns nothing when it is put into an
    untrained agent, and the eyes nothing without the goal.

    Checks: `learnt`, the last checkpoint earns more than the first by a twentieth of the
    best return; `changes`, the whole curve has a change that its values in another order
    seldom have (5 %).

    Fields:
        objective: what returns are counted under.
        discount: γ of the returns.
        num_levels: levels, the same for all checkpoints.
        goal: name of the group of parameters.
        groups: groups for agents that do not declare theirs.
    """

    question: ClassVar[str] = "Did the goal form before behaviour changed?"
    needs: ClassVar[tuple[Need, ...]] = ("checkpoints", "weights", "world model")

    objective: Goal
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.95)
    num_levels: int = eqx.field(static=True, default=16)
    goal: str = eqx.field(static=True, default="goal")
    groups: tuple[ParameterGroup, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        check_range("discount", self.discount, 0, 1)
        if self.num_levels < 2:
            raise ValueError(f"an interval takes 2 levels; num_levels={self.num_levels}")

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("goal before sight", "lead", 0.15, 1.0, dose=2.0),
            PlantedCase("goal with behaviour", "lead", -0.01, 0.01),
        )

    @property
    def unit(self) -> str:
        return "share of the best return; changes: place along training; lead: the same"

    @property
    def readings(self) -> tuple[str, ...]:
        curves = ("whole", "restricted", "excluded")
        return (*curves, *(f"{name} changes" for name in curves), "lead")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.5

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("learnt", "changes")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        number = num_checkpoints(agent, least=MIN_CHECKPOINTS)
        world = solvable(world)
        k_levels, k_interval, k_change = jax.random.split(key, 3)
        tables = draw_levels(k_levels, world, num_levels=self.num_levels).tables
        curves, best = self._curves(agent, tables, world)
        weights = jax.random.exponential(k_interval, (NUM_RESAMPLES, self.num_levels))
        value = _judge(curves, best, jnp.ones(self.num_levels))
        spread = jax.vmap(_judge, (None, None, 0))(curves, best, weights)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        whole = jnp.sum(curves[0], axis=1) / jnp.sum(best)
        unread = jnp.stack([curves[0], jnp.broadcast_to(curves[0, :1], curves[0].shape)])
        control = _judge(unread[jnp.array([0, 1, 0])], best, jnp.ones(self.num_levels))
        changed = change_p_value(k_change, whole) <= CLEAR
        return Reading(
            value=value,
            lower=jnp.minimum(value, lower),
            upper=jnp.maximum(value, upper),
            control=control,
            ceiling=jnp.ones(7).at[3:].set(jnp.nan),
            checks=jnp.stack([whole[-1] - whole[0] > LEARNT, changed]),
            count=jnp.asarray(number, jnp.int32),
        )

    def _curves(
        self, agent: AbstractAgent, tables: solve.Table, world: AbstractSolvableWorld
    ) -> tuple[Float[Array, "3 C L"], Float[Array, " L"]]:
        """Return returns of the three agents, and the best ones."""
        group = find_group(agent, self.goal, self.groups)
        chosen, rest = split_group(agent, group)
        first = change_group(agent, EVERYTHING, _first)
        early_goal, early_rest = split_group(first, group)
        agents = (
            agent,
            eqx.combine(chosen, early_rest),
            eqx.combine(early_goal, rest),
        )

        def earned(agent: AbstractAgent) -> Float[Array, " L"]:
            def one(table: solve.Table) -> Float[Array, ""]:
                policy = solve.policy_of(agent, table)
                values = solve.evaluate(
                    table, policy, self.objective, self.discount, num_steps=world.horizon
                )
                return jnp.sum(table.start * values)

            return jax.vmap(one)(tables)

        def optimal(table: solve.Table) -> Float[Array, ""]:
            values = solve.optimal_values(
                table, self.objective, self.discount, num_steps=world.horizon
            )
            return jnp.sum(table.start * values)

        together = jax.tree.map(
            lambda *each: jnp.stack(each) if eqx.is_array(each[0]) else each[0], *agents
        )
        curves = along_training(lambda agent: along_training(earned, agent), together)
        return curves, jax.vmap(optimal)(tables)


EVERYTHING = ParameterGroup("everything", ("*",))


def _first(leaf: Array) -> Array:
    """Return an array that is at every checkpoint what it was at the first."""
    return jnp.broadcast_to(leaf[:1], leaf.shape)


def _judge(
    curves: Float[Array, "3 C L"], best: Float[Array, " L"], weights: Float[Array, " L"]
) -> Float[Array, " R"]:
    """Return all readings from levels that count so many times each."""
    shares = curves @ weights / (best @ weights)
    flat = jnp.ptp(shares, axis=1, keepdims=True) < STEADY
    shares = jnp.where(flat, shares[:, :1], shares)
    number = shares.shape[1]
    places = jax.vmap(lambda curve: one_change(curve)[0])(shares) / (number - 1)
    return jnp.concatenate([shares[:, -1], places, (places[0] - places[1])[None]])
