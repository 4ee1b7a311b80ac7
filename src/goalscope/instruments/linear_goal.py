"""What an agent wants, as weights on goals: maximum causal entropy inference."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.decisions import Decisions, decide
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.tabular.newton_weights import fit_weights, predicted
from goalscope.tabular.process import DeterministicProcess, side_by_side
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

GAIN = "gain"
MIN_DECISIONS = 48
NORMAL_QUANTILE = 1.96


class _Model(NamedTuple):
    """Levels side by side, and what each transition pays each goal, `[N, A, G]`."""

    process: DeterministicProcess
    utilities: Float[Array, "N A G"]


class _Log(NamedTuple):
    """What was done: how often each action in each state, `[N, A]`, and in each level."""

    counts: Float[Array, "*w N A"]
    by_level: Float[Array, "*w L"]


class LinearGoal(AbstractInstrument):
    """Weights of the goals that an agent wants at once, `r = Σ_g w_g r_g`, with intervals.

    The agent plays one episode on each of `num_levels` levels (see `decide` for which
    decisions count). Decisions are soft-optimal for `r` at temperature 1 with entropy
    relative to uniform behaviour (maximum causal entropy inverse reinforcement learning:
    Ziebart 2010), so a weight is in nats per unit of return: what the agent wants, times
    how reliably it acts on it. An episode ends for all goals where one that pays `once`
    pays. The weights have the prior `Normal(0, prior_sd²)`.

    Readings: the most probable weight of each goal; and `gain`, how many nats per decision
    such weights predict beyond chance, fitted to one half of the levels and scored on the
    other. Intervals of the weights are Laplace's: 1.96 posterior standard deviations, with
    the expected curvature of the likelihood (Fisher information); that of `gain` is 1.96
    standard errors over levels. The control is an agent that acts by chance.

    What it does not show: which of several goals an agent has that cannot be told apart:
    look at the interval, never at a weight alone. Weights assume a planner with this
    discount. An agent of habits, or with a goal outside the set, gets weights too: `gain`
    says what they predict, and `GoalPosterior` whether anything else predicts more. An
    agent that never errs has no largest weight, and gets one by the prior.

    Checks: `decisions`, at least 48; `identified`, the decisions leave every weight less
    than half the uncertainty that it has by the prior.

    Fields:
        goals: what may be wanted; their names are the names of the readings.
        discount: γ of the agent's plans, below 1.
        prior_sd: standard deviation of weights by the prior, nats per unit of return.
        num_levels: levels, one episode each.
        num_decisions: steps after which an episode is cut off.
    """

    question: ClassVar[str] = "How much does the agent want each goal, all at once?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    prior_sd: Float[Array, "*b"] = eqx.field(converter=real, default=64.0)
    num_levels: int = eqx.field(static=True, default=64)
    num_decisions: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals, (GAIN,))
        remedy = "plans without discount have no end"
        check_range("discount", self.discount, 0, 0.99, remedy=remedy)
        check_range("prior_sd", self.prior_sd, 1e-3, remedy="it is a standard deviation")
        if self.num_levels < 4 or self.num_levels % 2 or self.num_decisions < 1:
            raise ValueError(
                "two halves of at least 2 levels each, and 1 decision a level; got "
                f"num_levels={self.num_levels}, num_decisions={self.num_decisions}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", 4.0, np.inf, dose=8.0),
            PlantedCase("uniform", GAIN, -np.inf, 0.01),
            PlantedCase("random deterministic", GAIN, -np.inf, 0.05),
        )

    @property
    def unit(self) -> str:
        return "nats per unit of return; gain: nats per decision"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*self.candidates, GAIN)

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(goal.name for goal in self.goals)

    @property
    def convicts(self) -> float:
        return 4.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decisions", "identified")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_chance = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        model = self._model(sheet)
        chance = ActionBiased(jnp.zeros(world.num_actions))
        who = ((k_agent, agent), (k_chance, chance))
        logs = [self._watch(key, each, world, sheet) for key, each in who]
        both = jax.tree.map(lambda *parts: jnp.stack(parts), *logs)
        value, margin = self._infer(model, both)
        count = jnp.sum(logs[0].by_level)
        identified = margin[0, :-1] < NORMAL_QUANTILE * self.prior_sd / 2
        return Reading(
            value=value[0],
            lower=value[0] - margin[0],
            upper=value[0] + margin[0],
            control=value[1],
            ceiling=jnp.full_like(value[0], jnp.nan),
            checks=jnp.stack([count >= MIN_DECISIONS, jnp.all(identified)]),
            count=count.astype(jnp.int32),
        )

    def _model(self, sheet: Sheet) -> _Model:
        each = jax.vmap(jax.vmap(solve.payments, (None, 0)), (0, None))
        paid, going = (
            jnp.moveaxis(x, 1, -1) for x in each(sheet.tables, stack(self.goals))
        )
        start, after = sheet.tables.start, sheet.tables.successors
        process = side_by_side(start, after, jnp.prod(going, axis=-1))
        return _Model(process, paid.reshape(*process.successors.shape, -1))

    def _watch(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        sheet: Sheet,
    ) -> _Log:
        """Return what an agent did in an episode of every level. Consumes `key`."""
        goals, shape = stack(self.goals), (world.num_states, world.num_actions)

        def one(key, level):
            made: Decisions = decide(
                key, agent, world, level, goals, num_steps=self.num_decisions
            )
            once = made.counted.astype(jnp.float32)
            return jnp.zeros(shape).at[made.states, made.actions].add(once), jnp.sum(once)

        keys = jax.random.split(key, self.num_levels)
        counts, by_level = jax.vmap(one)(keys, sheet.levels)
        return _Log(counts.reshape(-1, world.num_actions), by_level)

    def _infer(
        self, model: _Model, logs: _Log
    ) -> tuple[Float[Array, "W R"], Float[Array, "W R"]]:
        """Return all readings of whoever was watched, and half of their intervals."""
        half = np.arange(self.num_levels) < self.num_levels // 2
        subsets = np.stack([np.ones_like(half), half, ~half], axis=1)
        mask = jnp.asarray(np.repeat(subsets, model.utilities.shape[0] // len(half), 0))
        counts = jnp.moveaxis(logs.counts, 0, -1)
        parts = counts[..., None] * mask[:, None, None]
        flat = parts.reshape(*parts.shape[:2], -1)
        weights, covariance = fit_weights(
            *model, flat, self.discount, prior_sd=self.prior_sd
        )
        gained = predicted(*model, weights, self.discount).reshape(parts.shape)
        by_state = jnp.sum(counts[..., None] * gained, axis=1)
        by_level = jnp.sum(by_state.reshape(self.num_levels, -1, *parts.shape[2:]), axis=1)
        unseen = jnp.where(jnp.asarray(half)[:, None], by_level[..., 2], by_level[..., 1]).T
        total = jnp.maximum(jnp.sum(logs.by_level, axis=1), 1)
        gain = jnp.sum(unseen, axis=1) / total
        off = unseen - gain[:, None] * logs.by_level
        error = jnp.sqrt(jnp.sum(off**2, axis=1)) / total
        spread = jnp.sqrt(jnp.diagonal(covariance, axis1=1, axis2=2))
        every, spread = (x.reshape(*parts.shape[2:], -1)[:, 0] for x in (weights.T, spread))
        margin = NORMAL_QUANTILE * jnp.append(spread, error[:, None], axis=1)
        return jnp.append(every, gain[:, None], axis=1), margin
