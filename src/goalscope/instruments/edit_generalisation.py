"""Whether an agent works out what to do or remembers it: what it does in changed levels."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.compiled import SMALLEST, CompiledTable
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.batched import returns
from goalscope.instruments.edited_levels import edited_levels
from goalscope.instruments.levels import check_candidates, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.instruments.own_goal import goal_with, own_goal
from goalscope.rollout import rollout
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real
from goalscope.worlds.fixed_levels import underlying

MIN_LEVELS = 8
COMPETENT = 0.5
LEAST_GAIN = 0.2
NUM_RESAMPLES = 200


class Scores(eqx.Module):
    """Discounted returns from the start of each level, under each condition.

    Fields:
        gained: more than chance, by the agent and by its clone, `[E, 2, L]`.
        room: what the optimum gets more than chance, `[E, L]`; 0 where there was no edit.
    """

    gained: Float[Array, "*b E 2 L"]
    room: Float[Array, "*b E L"]


class EditGeneralisation(AbstractInstrument):
    """How much of its competence an agent keeps when one thing in a level is changed.

    For each edit, `EG = Σ_l (J(π) − J_chance) / Σ_l (J* − J_chance)` over levels `l`, where
    `J` is the expected discounted return from the start of the edited level (exact for
    agents without memory, one episode for others) and `J*` the best return there, for the
    one of `goals` that the agent serves best on other levels (`instruments.own_goal`). 1 is
    as good as planning anew, 0 as good as chance. Levels are drawn from `world`, which
    should be the `FixedLevels` that the agent was trained on, and are

    - `unedited`;
    - `goal moved`: the object that the goal is named after lies in another free cell (NaN
      for goals that are no objects);
    - `path blocked`: a wall stands in a cell through which every shortest way leads, and
      another way is left (levels without such a cell do not count);
    - `fresh level`: new ones, of the world that the levels of a `FixedLevels` are from;
    - `elsewhere`, if that world is given: levels of it, wider or more crowded ones.

    `blocked/moved` is the ratio of the two, NaN where less than 0.2 is left after a move:
    agents that walk towards the goal and do not plan have a small one, planners one near 1.

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981). The control is the agent's own clone: a table of what it does in the
    unedited levels, looked up in the nearest of them (`agents.compiled`).

    What it does not show: that the agent searches when it acts. A network that was trained
    on every kind of level may have learnt what a search would find. An agent after none of
    `goals` reads as incompetent.

    Checks: `competent`, at least 0.5 on unedited levels: below, there is nothing to keep;
    `edited`, at least 8 levels could be edited either way; `control fails`, the clone keeps
    less than half of the agent's competence when the goal moves, so that memory could not
    have read the same.

    Fields:
        goals: what the agent may be after; at least one is called like an object.
        elsewhere: a world whose levels look alike in shape, or None.
        discount: of the returns; below 1, detours count.
        num_levels: levels of each kind.
    """

    question: ClassVar[str] = "Does the agent work out what to do, or remember it?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    elsewhere: AbstractSolvableWorld | None = None
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.95)
    num_levels: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals)
        check_range("discount", self.discount, 0, 1)
        if self.num_levels < 2:
            raise ValueError(f"an interval takes 2 levels; num_levels={self.num_levels}")

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "goal moved", 0.8, 1.05, dose=64.0),
            PlantedCase("planner", "path blocked", 0.7, 1.05, dose=64.0),
            PlantedCase("compiled table", "goal moved", -0.5, 0.4),
            PlantedCase("compiled table", "path blocked", -0.6, 0.4),
            PlantedCase("uniform", "goal moved", -0.05, 0.05),
        )

    @property
    def unit(self) -> str:
        return "share of the way from chance to the best"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*self.conditions, "blocked/moved")

    @property
    def conditions(self) -> tuple[str, ...]:
        """What was done to levels, in the order of the scores."""
        always = ("unedited", "goal moved", "path blocked", "fresh level")
        return always if self.elsewhere is None else (*always, "elsewhere")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.5

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("competent", "edited", "control fails")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_goal, k_levels, k_agent, k_interval = jax.random.split(key, 4)
        number = own_goal(k_goal, agent, world, self.goals, self.discount)
        levels, possible = edited_levels(
            k_levels,
            world,
            self.goals,
            number,
            num_levels=self.num_levels,
            elsewhere=self.elsewhere,
        )
        goal = goal_with(self.goals, number)
        scores = self._scores(k_agent, agent, underlying(world), goal, levels, possible)
        both = _judge(scores, jnp.ones(self.num_levels))
        ratio = jnp.arange(len(self.readings)) == len(self.conditions)
        both = jnp.where(ratio[:, None] & (both[1] < LEAST_GAIN)[None], jnp.nan, both)
        value, control = both[:, 0], both[:, 1]
        weights = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        spread = jax.vmap(_judge, (None, 0))(scores, weights)[:, :, 0]
        ends = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        edited = jnp.sum(possible[1:3], axis=-1)
        checks = jnp.stack(
            [
                value[0] >= COMPETENT,
                jnp.all(edited >= MIN_LEVELS),
                control[1] < 0.5 * value[0],
            ]
        )
        return Reading(
            value=value,
            lower=jnp.where(jnp.isnan(value), jnp.nan, jnp.minimum(ends[0], value)),
            upper=jnp.where(jnp.isnan(value), jnp.nan, jnp.maximum(ends[1], value)),
            control=control,
            ceiling=jnp.where(ratio, jnp.nan, 1.0),
            checks=checks,
            count=jnp.sum(possible, dtype=jnp.int32),
        )

    def _scores(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        goal: Goal,
        levels: Any,
        possible: Bool[Array, "E L"],
    ) -> Scores:
        """Return what agent, clone, chance and the optimum earn on all levels."""
        tables = jax.vmap(jax.vmap(solve.tabulate, (None, 0)), (None, 0))(world, levels)
        own = jax.vmap(jax.vmap(solve.policy_of, (None, 0)), (None, 0))(agent, tables)
        clone = _clone(jax.tree.map(lambda leaf: leaf[0], tables), own[0])
        steps = world.horizon

        def one(
            key: Key[Array, ""], level: Any, table: solve.Table, own: Float[Array, "S A"]
        ) -> tuple[Float[Array, " 2"], Float[Array, ""]]:
            start = world.index_of(level, world.reset(level))
            chance = jnp.full_like(own, 1 / own.shape[-1])
            every = jnp.stack([own, solve.policy_of(clone, table), chance])
            values = returns(table, every, stack((goal,)), self.discount, num_steps=steps)
            earned = values[start, :, 0]
            if not is_memoryless(agent):
                features = rollout(key, agent, world, level).features
                earned = earned.at[0].set(goal.returns(features, self.discount))
            best = solve.optimal_values(table, goal, self.discount, num_steps=steps)
            return earned[:2] - earned[2], best[start] - earned[2]

        keys = jax.random.split(key, possible.shape)
        gained, room = jax.vmap(jax.vmap(one))(keys, levels, tables, own)
        gained = jnp.where(possible[..., None], gained, 0.0)
        return Scores(jnp.moveaxis(gained, -1, 1), jnp.where(possible, room, 0.0))


def _clone(tables: solve.Table, policies: Float[Array, "L S A"]) -> CompiledTable:
    """Return the table of what an agent does in these levels."""
    log_policy = jnp.log(jnp.maximum(policies, SMALLEST))
    return CompiledTable(
        tables.view, tables.tokens, log_policy, jnp.zeros(policies.shape[:2])
    )


def _judge(scores: Scores, weights: Float[Array, " L"]) -> Float[Array, "R 2"]:
    """Return the readings of agent and clone, from levels that count `weights` times."""
    room = scores.room @ weights
    kept = (scores.gained @ weights) / jnp.where(room > 0, room, jnp.nan)[:, None]
    ratio = kept[2] / jnp.maximum(kept[1], LEAST_GAIN)
    return jnp.concatenate([kept, ratio[None]])
