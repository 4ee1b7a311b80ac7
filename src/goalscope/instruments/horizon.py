"""How far ahead an agent plans, as far as its decisions show."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.instruments.own_goal import goal_with
from goalscope.instruments.profiles import (
    Planners,
    in_own_units,
    log_likelihoods,
    over_strengths,
    plausible,
    smooth,
)
from goalscope.rollout import choose
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

LONGEST = 64.0
AHEAD = np.concatenate(
    [[0.0, 0.01, 0.02, 0.04, 0.08, 0.12], np.linspace(0, np.log(LONGEST), 25)[1:]]
).astype(np.float32)
"""`log 1/(1−γ)` of the discounts that are tried: closely where an agent hardly looks
beyond its next step, since there a tenth of γ is much."""
CUTOFF = 3.841
DEPTH_CUTOFF = 2.25
MIN_DECISIONS = 100
MIN_EXPLAINED = 20.0


class Estimate(NamedTuple):
    """Discount, depth and myopia, each with its ends, `[3]`, and what was explained."""

    value: Float[Array, "*b 3"]
    lower: Float[Array, "*b 3"]
    upper: Float[Array, "*b 3"]
    explained: Float[Array, "*b"]


class Horizon(AbstractInstrument):
    """Which discount, or which depth, makes a planner decide as the agent does.

    In each level, episodes begin in states drawn from its start distribution, and the first
    action of each is a decision: the agent is asked near its goal and far from it, and
    decisions are independent. They are compared with those of soft-optimal planners
    (`agents.planner`), in two families: all discounts γ at full depth, and all depths `k`
    at the given discount. The inverse temperature is whatever fits best in each case
    (profile likelihood), from 0.25 to 1024 over the most that the goal pays at once, and so
    is the goal, one of `goals`, at a discount of 0.5 or 0.9.

    Readings: `discount` and `depth`, the maximum of each profile; `myopia rejected`,
    `2 ΔlogL` of the best discount against γ = 0, an agent that looks at its next step only
    (Rust 1987, section 6, asks the same of a manager of buses): above 3.84, p < 0.05.

    The interval of `discount` holds what a likelihood-ratio test at 5 % does not reject,
    `2 (ℓ̂ − ℓ(γ)) ≤ 3.84`; it ends at 1 where the longest horizon, 64 steps, is not
    rejected. Depths are whole, and below 5 one of them alone is likely, so that no test has
    exactly 5 %: their cut-off is 2.25, calibrated on 800 planners of depths 5 to 12 with β
    from 8 to 64, of which it covers 93 %, and 96 % of depths 1 to 12. Where depths beyond
    the largest distance are alike, the interval ends at `max_depth`. `myopia
    rejected` has the interval of a non-central χ² with one degree of freedom,
    `(√x ± 1.96)²`. The control is an agent that acts by chance, in as many decisions.

    What it does not show: how the agent does it. A table that was copied from a far-sighted
    planner is as far-sighted as that. An agent after none of `goals`, or blind to
    walls, gets the discount that does least harm to a wrong model: look at `explained`.

    Checks: `decisions`, there were at least 100; `explained`, the best planner is likelier
    than chance by `2 ΔlogL > 20`; `identified`, the interval of the discount is shorter
    than half of [0, 1].

    Fields:
        goals: what the agent may be after.
        discount: γ of the planners whose depth varies.
        max_depth: the greatest depth; a reading of it means "at least".
        num_levels: levels.
        num_decisions: decisions in each of them.
    """

    question: ClassVar[str] = "How far ahead does the agent plan?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    max_depth: int = eqx.field(static=True, default=24)
    num_levels: int = eqx.field(static=True, default=6)
    num_decisions: int = eqx.field(static=True, default=80)

    def __check_init__(self):
        check_candidates(self.goals)
        check_range("discount", self.discount, 0, 1)
        if min(self.max_depth, self.num_levels, self.num_decisions) < 1:
            raise ValueError(
                "it takes at least 1 level, 1 decision and a depth of 1; got "
                f"num_levels={self.num_levels}, num_decisions={self.num_decisions}, "
                f"max_depth={self.max_depth}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("short-sighted planner", "depth", 6.0, np.inf, dose=8.0),
            PlantedCase("discounting planner", "discount", 0.7, 1.0, dose=0.8),
            PlantedCase("myopic", "discount", 0.0, 0.5),
            PlantedCase("planner", "myopia rejected", 3.84, np.inf, dose=8.0),
            PlantedCase("uniform", "myopia rejected", 0.0, 3.84),
        )

    @property
    def unit(self) -> str:
        return "discount: a factor a step; depth: backups; myopia rejected: 2 ΔlogL"

    @property
    def readings(self) -> tuple[str, ...]:
        return ("discount", "depth", "myopia rejected")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return CUTOFF

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decisions", "explained", "identified")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_chance = jax.random.split(key, 3)
        tables = draw_levels(k_levels, world, num_levels=self.num_levels).tables
        chance = ActionBiased(jnp.zeros(world.num_actions))
        ours, theirs = (
            self._decide(k, each, tables)
            for k, each in ((k_agent, agent), (k_chance, chance))
        )
        counts = jnp.stack([ours, theirs])
        both = jax.lax.map(lambda taken: self._fit(tables, taken, world.horizon), counts)
        own = jax.tree.map(lambda leaf: leaf[0], both)
        number = jnp.sum(ours).astype(jnp.int32)
        checks = [
            number >= MIN_DECISIONS,
            own.explained > MIN_EXPLAINED,
            own.upper[0] - own.lower[0] < 0.5,
        ]
        return Reading(
            value=own.value,
            lower=own.lower,
            upper=own.upper,
            control=both.value[1],
            ceiling=jnp.full(3, jnp.nan),
            checks=jnp.stack(checks),
            count=number,
        )

    def _decide(
        self, key: Key[Array, ""], agent: AbstractAgent, tables: solve.Table
    ) -> Float[Array, "L S A"]:
        """Return how often the agent begins with each action in each state."""

        def one(table: solve.Table, draws: Float[Array, "2 D"]) -> Float[Array, "S A"]:
            policy = solve.policy_of(agent, table)
            starts = jnp.log(jnp.maximum(table.start, 1e-30))
            states = jax.vmap(choose, (0, None))(draws[0], starts)
            logits = jnp.log(jnp.maximum(policy[states], 1e-30))
            actions = jax.vmap(choose)(draws[1], logits)
            return jnp.zeros_like(policy).at[states, actions].add(1.0)

        shape = (self.num_levels, 2, self.num_decisions)
        return jax.vmap(one)(tables, jax.random.uniform(key, shape))

    def _likeliest(
        self, tables: solve.Table, counts: Float[Array, "L S A"], horizon: int
    ) -> Int[Array, ""]:
        """Return the number of the goal under which decisions are likeliest."""
        if len(self.goals) == 1:
            return jnp.int32(0)
        strengths = jnp.tile(jnp.geomspace(1.0, 256.0, 5), 2)
        planners = Planners(
            strengths, jnp.repeat(jnp.array([0.5, 0.9]), 5), jnp.full(10, horizon)
        )

        def best(goal: Goal) -> Float[Array, ""]:
            own = in_own_units(tables, goal)
            each = log_likelihoods(tables, counts, own, planners, num_steps=horizon)
            return jnp.max(each)

        return jnp.argmax(jax.lax.map(best, stack(self.goals)))

    def _fit(
        self, tables: solve.Table, counts: Float[Array, "L S A"], horizon: int
    ) -> Estimate:
        """Return what planners say about decisions."""
        number = self._likeliest(tables, counts, horizon)
        goal = in_own_units(tables, goal_with(self.goals, number))
        ahead = jnp.asarray(AHEAD)
        by_discount = over_strengths(
            tables,
            counts,
            goal,
            discounts=1 - jnp.exp(-ahead),
            depths=jnp.full(len(AHEAD), horizon),
            num_steps=horizon,
        ).log_likelihoods
        by_depth = over_strengths(
            tables,
            counts,
            goal,
            discounts=jnp.full(self.max_depth + 1, self.discount),
            depths=jnp.arange(self.max_depth + 1),
            num_steps=self.max_depth,
        ).log_likelihoods
        points, values = smooth(ahead, by_discount)
        discount = _discount(points, values)
        depth = _depth(by_depth)
        rejected = jnp.maximum(2 * (jnp.max(values) - by_discount[0]), 0.0)
        root = jnp.sqrt(rejected)
        myopia = (rejected, jnp.maximum(root - 1.96, 0.0) ** 2, (root + 1.96) ** 2)
        chance = -jnp.sum(counts) * np.log(counts.shape[-1])
        ends = jnp.stack([jnp.stack(three) for three in (discount, depth, myopia)])
        explained = 2 * (jnp.max(values) - chance)
        return Estimate(ends[:, 0], ends[:, 1], ends[:, 2], explained)


def _discount(
    points: Float[Array, " m"], values: Float[Array, " m"]
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Return estimate and interval of γ, from the profile over `log 1/(1−γ)`."""
    inside = plausible(values, CUTOFF)
    discounts = 1 - jnp.exp(-points)
    lower = jnp.min(jnp.where(inside, discounts, 1.0))
    upper = jnp.max(jnp.where(inside, discounts, 0.0))
    return discounts[jnp.argmax(values)], lower, jnp.where(inside[-1], 1.0, upper)


def _depth(
    values: Float[Array, " k"],
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Return estimate and interval of the depth, from the profile over 0, 1, 2, ..."""
    inside, depths = plausible(values, DEPTH_CUTOFF), jnp.arange(values.shape[0])
    lower = jnp.min(jnp.where(inside, depths, values.shape[0]))
    upper = jnp.max(jnp.where(inside, depths, 0))
    found, lower, upper = jnp.stack([jnp.argmax(values), lower, upper]).astype(jnp.float32)
    return found, lower, upper
