"""Whether an agent does better when it is given time before its first action."""

from functools import partial
from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.prepared import Prepared, memories
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.batched import returns
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.rollout import rollout
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

MIN_LEVELS = 8
SATURATED = 0.95
NUM_RESAMPLES = 200


class ThinkingTime(AbstractInstrument):
    """What extra calls on the first observation, before the first action, are worth.

    `J(k)` is the discounted return of an episode that begins after `k` calls whose actions
    are not carried out, as a share of the best return on the same levels, for the one of
    `goals` for which this share is largest on the average over all `k`. The reading is
    `TT = J(k*) − J(0)`, where `k*` does best; it is chosen on one half of the levels and
    read on the other, both ways, so that chance does not look like thought. Every `k` plays
    the same levels with the same random numbers: for an agent without memory `TT` is
    exactly 0. The readings `after k` are the dose curve (Guez et al. 2019; Bush et al.
    2025).

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981). The control is time spent on another level, the most calls: what any
    warming up of the memory would do.

    What it does not show: that an agent without such a gain does not search; it may do all
    of it within one call. Nor does a gain show search for *this* goal: what is worked out
    longer may be anything that the goal profits from.

    Checks: `reachable`, the goal can be had on at least 8 levels; `unsaturated`, the agent
    gets less than 0.95 without extra time, so that there is something to gain.

    Fields:
        goals: what the agent may be after.
        extra_calls: numbers of extra calls, ascending, from 1 on.
        discount: of the returns; below 1, it counts to be quick once one moves.
        num_levels: levels, one episode each for every number of calls; even.
    """

    question: ClassVar[str] = "Does it help the agent to think before it acts?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    extra_calls: tuple[int, ...] = eqx.field(static=True, default=(1, 2, 4, 8, 16))
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    num_levels: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals)
        check_range("discount", self.discount, 0, 1)
        calls = self.extra_calls
        if not calls or calls[0] < 1 or list(calls) != sorted(set(calls)):
            raise ValueError(f"extra_calls={calls}: must ascend from 1 or more")
        if self.num_levels < 2 or self.num_levels % 2:
            raise ValueError(f"num_levels={self.num_levels}: must be even, to be halved")

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("thinker", "thinking time", 0.02, 1.0),
            PlantedCase("planner", "thinking time", -1e-6, 1e-6),
            PlantedCase("compiled table", "thinking time", -1e-6, 1e-6),
        )

    @property
    def unit(self) -> str:
        return "share of the optimal return"

    @property
    def readings(self) -> tuple[str, ...]:
        return ("thinking time", *(f"after {number}" for number in self._doses))

    @property
    def _doses(self) -> tuple[int, ...]:
        return (0, *self.extra_calls)

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.05

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("reachable", "unsaturated")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_interval = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        best = self._best(world, sheet)
        if is_memoryless(agent):
            earned = self._exact(agent, world, sheet)
        else:
            earned = self._played(k_agent, agent, world, sheet)
        shares = jnp.sum(earned, axis=(0, 1)) / jnp.maximum(jnp.sum(best, axis=0), 1e-6)
        own = jnp.argmax(shares)
        earned, best = earned[..., own], best[:, own]
        columns = self._columns(earned, best)
        value = _shares(columns, best, jnp.ones(self.num_levels))
        weights = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        spread = jax.vmap(_shares, (None, None, 0))(columns, best, weights)
        ends = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        lower, upper = jnp.minimum(ends[0], value), jnp.maximum(ends[1], value)
        without = jnp.full(len(self._doses), value[1])
        return Reading(
            value=value[:-1],
            lower=lower[:-1],
            upper=upper[:-1],
            control=jnp.append(value[-1], without),
            ceiling=jnp.append(1 - value[1], jnp.ones(len(self._doses))),
            checks=jnp.stack([jnp.sum(best > 0) >= MIN_LEVELS, value[1] < SATURATED]),
            count=jnp.asarray(self.num_levels, jnp.int32),
        )

    def _best(self, world: AbstractSolvableWorld, sheet: Sheet) -> Float[Array, "L G"]:
        best = partial(solve.optimal_values, num_steps=world.horizon)
        each = jax.vmap(best, (None, 0, None))

        def one(level: Any, table: solve.Table) -> Float[Array, " G"]:
            start = world.index_of(level, world.reset(level))
            return each(table, stack(self.goals), self.discount)[:, start]

        return jax.vmap(one)(sheet.levels, sheet.tables)

    def _exact(
        self, agent: AbstractAgent, world: AbstractSolvableWorld, sheet: Sheet
    ) -> Float[Array, "L D G"]:
        """Return the expected returns of an agent that no extra call changes."""

        def one(level: Any, table: solve.Table) -> Float[Array, " G"]:
            policy, goals = solve.policy_of(agent, table)[None], stack(self.goals)
            steps = world.horizon
            values = returns(table, policy, goals, self.discount, num_steps=steps)
            return values[world.index_of(level, world.reset(level)), 0]

        earned = jax.vmap(one)(sheet.levels, sheet.tables)[:, None]
        return jnp.tile(earned, (1, len(self._doses) + 1, 1))

    def _played(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        sheet: Sheet,
    ) -> Float[Array, "L D G"]:
        """Return what is earned after each number of calls, and last by the control."""

        def think(level: Any) -> Any:
            context = agent.embed(world.observe_level(level))
            tokens = world.observe_state(level, world.reset(level))
            return memories(agent, context, tokens, self._doses)

        def play(key: Key[Array, ""], level: Any, memory: Any) -> Float[Array, " G"]:
            features = rollout(key, Prepared(agent, memory), world, level).features
            each = jax.vmap(Goal.returns, (0, None, None))
            return each(stack(self.goals), features, self.discount)

        kept = jax.vmap(think)(sheet.levels)
        elsewhere = jax.tree.map(lambda leaf: jnp.roll(leaf[:, -1:], 1, 0), kept)
        kept = jax.tree.map(
            lambda own, other: jnp.concatenate([own, other], 1), kept, elsewhere
        )
        keys = jax.random.split(key, self.num_levels)
        every = jax.vmap(jax.vmap(play, (None, None, 0)))
        return every(keys, sheet.levels, kept)

    def _columns(
        self, earned: Float[Array, "L D"], best: Float[Array, " L"]
    ) -> Float[Array, "L C"]:
        """Return what adds up to each reading, and last to the control of the first."""
        first = jnp.arange(self.num_levels) % 2 == 0
        halves = jnp.stack([first, ~first]).astype(earned.dtype)
        chosen = jnp.argmax(halves[::-1] @ earned[:, :-1], axis=-1)
        own = earned[jnp.arange(self.num_levels), jnp.where(first, *chosen)]
        gained, warmed = own - earned[:, 0], earned[:, -1] - earned[:, 0]
        return jnp.concatenate([gained[:, None], earned[:, :-1], warmed[:, None]], axis=1)


def _shares(
    columns: Float[Array, "L C"], best: Float[Array, " L"], weights: Float[Array, " L"]
) -> Float[Array, " C"]:
    """Return sums over levels as shares of what could have been earned."""
    return (weights @ columns) / (weights @ best)
