"""How much of what an agent does on unseen levels any goal at all predicts."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.behaviours import watch
from goalscope.instruments.betas import infer_betas
from goalscope.instruments.folds import (
    KNOWN_RIDGES,
    NUM_FOLDS,
    PLAYED_RIDGES,
    Predictions,
    predict,
)
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.tabular.ratios import share_below
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

SHARES = ("held_out", "over_chance", "over_lookup", "in_sample", "percentile")
BETA = "beta "
MIN_DECISIONS = 48
NUM_RESAMPLES = 100
NUM_RANDOM = 16


class GoalDirectedness(AbstractInstrument):
    """How much better a goal predicts unseen levels than habits do (held-out MEG).

    Every goal `u` of a wide class predicts behaviour: `π_u(a|s) ∝ p(a) exp Q_u(s,a)`,
    soft-optimal with entropy relative to habits `p`. The class is linear in all features of
    the world and in *arriving in each place* (token 0 of the observation), so that it also
    holds goals that are no candidate. The utility that predicts best on two thirds of the
    levels (maximum causal entropy: Ziebart 2010) is scored on the other third,
    `Σ d(s,a) log π_u(a|s)`, `d` being the agent's discounted occupancy until a candidate
    has paid. Published goal-directedness (MacDermott et al. 2024) scores the decisions that
    it was fitted to, and so convicts most random policies of some goal.

    Readings, in shares of `log A` per decision: `held_out`, what the goal predicts of
    unseen levels beyond habits, 0 if none helped; `over_chance`, what goal and habits
    predict; `over_lookup`, the same beyond habits and beyond a table of what is done in
    each place, learnt from the same levels; `in_sample`, the published quantity.
    `percentile`: the share of utilities with the same weights in random order and sign that
    predict worse. `beta X`: the signed inverse temperature at which candidate X alone
    explains most, nats per unit of return; negative for an agent that flees X.

    Intervals are what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981), with the fits as they are; of `beta`, 1.96 robust standard errors (levels
    as clusters). The control is an agent that acts by chance, which reads 0 by definition.
    The ceiling is what the agent's own probabilities would predict: (value − control) /
    (ceiling − control) is the share of what can be predicted at all.

    What it does not show: that the agent plans, or represents a goal. A stored table of
    optimal actions reads the same; `over_lookup` is low for tables by place only. A soft or
    distant goal decides little, and reads little, however single-minded the agent; habits
    that serve the goal are not counted for it. Goals that depend on what is not in features
    or places are missed. An agent with memory plays one episode a level, from which less
    can be learnt: with the levels that are enough for others, many a goal goes unnoticed
    (take three times as many), and its ceiling is that of its played actions.

    Checks: `decisions`, at least 48 (discounted); `uncapped`, no `beta` is as large as was
    tried: such an agent is as good for the candidate as can be, and its β is not known.

    Fields:
        goals: the candidates; what is done after one of them has paid does not count.
        discount: γ of plans and of decisions, below 1.
        num_levels: levels, a multiple of 3.
    """

    question: ClassVar[str] = "How much does any goal predict of behaviour not yet seen?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    num_levels: int = eqx.field(static=True, default=24)

    def __check_init__(self):
        check_candidates(self.goals, SHARES)
        remedy = "plans and decisions without discount have no end"
        check_range("discount", self.discount, 0, 0.99, remedy=remedy)
        if self.num_levels < NUM_FOLDS or self.num_levels % NUM_FOLDS:
            raise ValueError(
                f"num_levels={self.num_levels}: levels are split in {NUM_FOLDS} equal "
                f"folds; take {max(1, round(self.num_levels / NUM_FOLDS)) * NUM_FOLDS}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "held_out", 0.2, np.inf, dose=16.0),
            PlantedCase("other goal", "held_out", 0.1, np.inf, dose=32.0),
            PlantedCase("uniform", "held_out", -np.inf, 0.02),
            PlantedCase("action bias", "held_out", -np.inf, 0.02),
            PlantedCase("random deterministic", "held_out", -np.inf, 0.02),
        )

    @property
    def unit(self) -> str:
        return "share of log A per decision; beta: nats per unit of return"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*SHARES, *(BETA + goal.name for goal in self.goals))

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.1

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decisions", "uncapped")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_random, k_interval = jax.random.split(key, 4)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        seen = watch(
            k_agent, agent, world, sheet, stack(self.goals), discount=self.discount
        )
        found = predict(
            k_random,
            seen.until_any,
            self.discount,
            ridges=KNOWN_RIDGES if is_memoryless(agent) else PLAYED_RIDGES,
            num_random=NUM_RANDOM,
        )
        log_actions = float(np.log(world.num_actions))
        shares = _shares(found, jnp.ones(self.num_levels), log_actions)
        draws = jax.random.exponential(k_interval, (NUM_RESAMPLES, self.num_levels))
        spread = jax.vmap(_shares, (None, 0, None))(found, draws, log_actions)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        betas, margin, capped = infer_betas(seen, self.discount)
        value = jnp.append(shares, betas)
        decisions = jnp.sum(found.decisions)
        return Reading(
            value=value,
            lower=jnp.append(jnp.minimum(lower, shares), betas - margin),
            upper=jnp.append(jnp.maximum(upper, shares), betas + margin),
            control=jnp.zeros_like(value).at[SHARES.index("percentile")].set(0.5),
            ceiling=jnp.append(
                _ceilings(found, log_actions), jnp.full_like(betas, jnp.nan)
            ),
            checks=jnp.stack([decisions >= MIN_DECISIONS, ~jnp.any(capped)]),
            count=jnp.round(decisions).astype(jnp.int32),
        )


def _shares(
    found: Predictions, weights: Float[Array, " L"], log_actions: float
) -> Float[Array, " 5"]:
    """Return all readings but the betas, from levels that count `weights` times each."""
    most = jnp.maximum(weights @ found.decisions * log_actions, 1e-6)
    chance = weights @ found.goal
    by_habit, by_lookup = weights @ found.habits, weights @ found.lookup
    better = weights @ (found.random - found.goal[:, None])
    percentile = share_below(jnp.zeros(()), better)
    beyond = chance - jnp.maximum(by_habit, by_lookup)
    shares = jnp.stack([chance - by_habit, chance, beyond])
    return jnp.append(shares / most, jnp.stack([weights @ found.fitted / most, percentile]))


def _ceilings(found: Predictions, log_actions: float) -> Float[Array, " 5"]:
    """Return what the agent's own probabilities would read."""
    most = jnp.maximum(jnp.sum(found.decisions) * log_actions, 1e-6)
    certain = jnp.sum(found.certainty)
    beyond = jnp.stack([certain - jnp.sum(found.habits), certain])
    lookup = jnp.maximum(jnp.sum(found.habits), jnp.sum(found.lookup))
    shares = jnp.append(beyond, jnp.stack([certain - lookup, certain])) / most
    return jnp.append(shares, 1.0)
