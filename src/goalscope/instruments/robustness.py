"""Whether an agent still gets to its goal when it is pushed off its way."""

from functools import partial
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Context, Memory
from goalscope.agents.planted import ActionBiased
from goalscope.answers import answered
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.rollout import choose, log_probability
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

MIN_LEVELS = 8
MIN_EARNED = 0.1
NUM_RESAMPLES = 100


class Robustness(AbstractInstrument):
    """Return after a push of δ steps in mid-episode, as a share of the return without it.

    The agent plays each level as it is, and again with a gust before step `when`: one
    action, drawn at random, is taken δ times by the wind, which stops before anything is
    paid or over. Both times luck is the same. Counted for a goal are levels on which it has
    not paid by then, and can still be had;

        share(δ) = Σ_l J_l(δ) / Σ_l J_l(0),   J the discounted return from the gust on.

    Near 1: it gets there all the same, give or take the steps that it was blown; 0: the way
    was learnt by heart. Above 1 a push helps, as it does agents that walk in circles.

    Readings: for each goal, the mean share over all δ; then its curve, `cheese after 2`;
    NaN where the agent earns less than a tenth of what is to be had without a push: the
    share of little is noise. The interval is what other levels
    would have given (Bayesian bootstrap). The control acts by chance, and is robust in its
    way: the share says nothing without the return, which `GoalScore` gives. The ceiling is
    1, an agent that minds no push.

    What it does not show: robustness to changes of the level, of the goal, or of the agent
    itself. It measures capability as much as goal.

    Checks: `played`, every goal could still be had on at least 8 levels; `earns`, some
    reading is not NaN.

    Fields:
        goals: the candidates.
        discount: γ of returns from the push on.
        when: steps before the push.
        sizes: the δ of the curve, in steps.
        num_levels: levels, played once for each δ and once without.
    """

    question: ClassVar[str] = "Does the agent get there when it is pushed off its way?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    when: int = eqx.field(static=True, default=2)
    sizes: tuple[int, ...] = eqx.field(static=True, default=(1, 2, 4))
    num_levels: int = eqx.field(static=True, default=64)

    def __check_init__(self):
        curve = tuple(_point(goal, size) for goal in self.goals for size in self.sizes)
        check_candidates(self.goals, curve)
        check_range("discount", self.discount, 0, 1)
        if self.when < 0 or min(self.sizes, default=0) < 1 or self.num_levels < 2:
            raise ValueError(
                "a push comes at step 0 or later and has sizes of at least 1, and an "
                f"interval takes 2 levels; got when={self.when}, sizes={self.sizes}, "
                f"num_levels={self.num_levels}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", 0.7, 1.3, dose=16.0),
            PlantedCase("scaled goal", "own goal", 0.7, 1.3),
        )

    @property
    def unit(self) -> str:
        return "share of the return without a push"

    @property
    def readings(self) -> tuple[str, ...]:
        names = tuple(goal.name for goal in self.goals)
        return (*names, *(_point(goal, size) for goal in self.goals for size in self.sizes))

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 1.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("played", "earns")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        if self.when >= world.horizon:
            raise ValueError(
                f"when={self.when}: a push comes before the end of an episode, which "
                f"{type(world).__name__} cuts off after {world.horizon} steps"
            )
        k_levels, k_agent, k_interval = jax.random.split(key, 3)
        tables = draw_levels(k_levels, world, num_levels=self.num_levels).tables
        chance = ActionBiased(jnp.zeros(world.num_actions))
        earned, most = self._play(k_agent, agent, tables, num_steps=world.horizon)
        theirs, _ = self._play(k_agent, chance, tables, num_steps=world.horizon)
        total, best = jnp.sum(earned, axis=0), jnp.sum(most, axis=0)
        value = _shares(total, best)
        weights = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        totals = jnp.einsum("nl,ldg->ndg", weights, earned, precision="highest")
        spread = jax.vmap(_shares, (0, None))(totals, best * 0)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        count = jnp.sum(most > 0, axis=0)
        earns = jnp.any(jnp.isfinite(value))
        return Reading(
            value=value,
            lower=jnp.minimum(lower, value),
            upper=jnp.maximum(upper, value),
            control=_shares(jnp.sum(theirs, axis=0), best),
            ceiling=jnp.ones(len(self.readings)),
            checks=jnp.stack([jnp.all(count >= MIN_LEVELS), earns]),
            count=jnp.max(count),
        )

    def _play(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        tables: solve.Table,
        *,
        num_steps: int,
    ) -> tuple[Float[Array, "L D G"], Float[Array, "L G"]]:
        """Return what each push, the first of none, leaves of each goal, and the most."""
        goals, sizes = stack(self.goals), jnp.array((0, *self.sizes))

        def one(key, table):
            luck = jax.random.uniform(key, (num_steps + 2,))
            context = agent.embed(table.view)
            episode = partial(self._episode, agent, context, table, luck)
            earned, state, live = jax.vmap(episode)(sizes)
            best = partial(solve.optimal_values, num_steps=num_steps)
            values = jax.vmap(best, (None, 0, None))(table, goals, self.discount)
            return earned, values[:, state[0]] * live[0]

        return jax.vmap(one)(jax.random.split(key, self.num_levels), tables)

    def _episode(
        self,
        agent: AbstractAgent[Context, Memory],
        context: Context,
        table: solve.Table,
        luck: Float[Array, " T"],
        size: Int[Array, ""],
    ) -> tuple[Float[Array, " G"], Int[Array, ""], Float[Array, " G"]]:
        """Return what is earned after the gust, and where it struck while what was open."""
        goals = stack(self.goals)
        rewards, going = jax.vmap(solve.payments, (None, 0), out_axes=-1)(table, goals)
        open_air = jnp.all(rewards == 0, axis=-1) & ~table.terminal[table.successors]
        gust = jnp.floor(luck[-1] * rewards.shape[1]).astype(jnp.int32)

        def blown(_, state):
            return jnp.where(open_air[state, gust], table.successors[state, gust], state)

        def step(carry, item):
            state, memory, live = carry
            time, uniform = item
            before = (state, live)
            moved = jax.lax.fori_loop(0, size, blown, state)
            state = jnp.where(time == self.when, moved, state)
            response = agent(context, table.tokens[state], memory)
            action = choose(uniform, response.logits)
            paid = live * rewards[state, action]
            live = live * going[state, action]
            after = (table.successors[state, action], response.memory, live)
            log_prob = log_probability(response.logits, action)
            return after, (paid, *before, jnp.where(jnp.any(before[1] > 0), log_prob, 0.0))

        start = choose(luck[-2], jnp.log(table.start))
        begin = (start, agent.initial_memory(), jnp.ones(rewards.shape[-1]))
        times = jnp.arange(luck.shape[0] - 2)
        _, steps = jax.lax.scan(step, begin, (times, luck[:-2]))
        paid, states, live, log_probs = steps
        answered(log_probs)
        later = times >= self.when
        worth = jnp.where(later, self.discount ** jnp.abs(times - self.when), 0.0)
        return worth @ paid, states[self.when], live[self.when]


def _shares(earned: Float[Array, "D G"], most: Float[Array, " G"]) -> Float[Array, " R"]:
    """Return the mean share of each goal, and its curve; NaN where little is earned."""
    whole = earned[:1]
    some = (whole > 0) & (whole >= MIN_EARNED * most[None])
    curve = jnp.where(some, earned[1:] / jnp.where(some, whole, 1.0), jnp.nan)
    return jnp.concatenate([jnp.mean(curve, axis=0), jnp.ravel(curve.T)])


def _point(goal: Goal, size: int) -> str:
    return f"{goal.name} after {size}"
