"""Which candidate goal explains an agent's decisions, if any does better than no goal."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.decisions import policies_of, watch
from goalscope.instruments.earnings import excess
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import (
    Evidence,
    level_weights,
    marginals,
    posterior,
    weigh,
)
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

OTHER_READINGS = ("none", "bits", "gain")
MIN_DECISIONS = 48
MIN_SEPARATION = 3.0
NUM_RESAMPLES = 200


class _Watched(NamedTuple):
    """What was seen of an agent, level by level.

    Fields:
        evidence: log-likelihoods under all models.
        counts: expected number of decisions, `[L]`.
        excess: what the agent earns of each goal beyond chance, `[L, G]`.
    """

    evidence: Evidence
    counts: Float[Array, " L"]
    excess: Float[Array, "L G"]


class GoalPosterior(AbstractInstrument):
    """Bayesian goal inference that can answer "none of these", and does not hang on luck.

    On each of `num_levels` levels, the evidence is what one episode is expected to say: the
    policy of an agent without memory is known in every state, so the expectation is exact
    (see `decisions.watch`); an agent with memory plays. A candidate goal `g` predicts the
    action `a` with probability `∝ p(a) π_{g,β}(a|s)`, where `π_{g,β}` is soft-optimal for
    `g` and the default policy `p` is either uniform (a planner: Ziebart 2010) or whatever
    the models without a goal have learnt about the agent on earlier levels: an agent of
    habits that bends them towards `g`. The inverse temperature β and the two defaults are
    integrated out. The models without a goal are those of `nulls.predict`.

    Networks are none of these models, and the posterior of models that are all wrong is too
    sure: other levels may have convicted of another goal. So it is *bagged*: the mean of
    the posteriors over 200 draws of levels from these (Bayesian bootstrap: Rubin 1981;
    BayesBag: Huggins and Miller 2019). In each draw, the probability of a candidate of
    which the agent earns no more than chance goes to `none`: a goal that is got by accident
    is nobody's goal.

    Readings: the bagged posterior of each candidate, and of `none`; `bits`, the logarithm
    to base 2 of how many times likelier the decisions are under the best candidate than
    without a goal; `gain`, the same in nats per decision. The interval is what 95 % of the
    draws say. The control is an agent that acts by chance, on a quarter of the levels,
    judged by its decisions alone.

    What it does not show: whether the agent represents its goal, or searches for it. A goal
    outside the candidates that mostly asks for the same decisions as one of them is taken
    for it; goals that ask for the same decisions everywhere share their probability.

    Checks: `decisions`, at least 48 are expected, where pilot posteriors separated agents
    with and without a goal (AUC 0.98); `separated`, the first decision of a level alone
    would tell any two candidates apart by 3 nats over all levels, at the middle β.

    Fields:
        goals: the candidates; their names are the names of the readings.
        inverse_temperatures: grid of β, equally likely; nats per unit of return.
        discount: γ with which candidates are planned for and earnings counted, in [0, 1].
        goal_share: prior probability that the agent has one of the goals, in equal parts.
        habit_share: prior probability that an agent with a goal bends habits towards it;
            at 0 only planners have goals, and an agent that gets to its goal mostly by
            habit reads `none`.
        num_levels: levels, one episode each.
        num_decisions: steps after which an episode is cut off.
    """

    question: ClassVar[str] = "Which goal does the agent have, of these or none?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    inverse_temperatures: Float[Array, "*b B"] = eqx.field(
        converter=real, default_factory=lambda: np.geomspace(1, 256, 8)
    )
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    goal_share: Float[Array, "*b"] = eqx.field(converter=real, default=0.5)
    habit_share: Float[Array, "*b"] = eqx.field(converter=real, default=0.5)
    num_levels: int = eqx.field(static=True, default=160)
    num_decisions: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals, OTHER_READINGS)
        check_range("discount", self.discount, 0, 1)
        check_range("goal_share", self.goal_share, 0, 1)
        check_range("habit_share", self.habit_share, 0, 1)
        remedy = "a candidate is pursued, not fled; 1e-3 is as good as not at all"
        check_range("inverse_temperatures", self.inverse_temperatures, 1e-3, remedy=remedy)
        if self.num_levels < 2 or self.num_decisions < 1:
            raise ValueError(
                "a posterior takes at least 2 levels and 1 decision a level; got "
                f"num_levels={self.num_levels}, num_decisions={self.num_decisions}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", 0.9, 1.0, dose=8.0),
            PlantedCase("uniform", "none", 0.5, 1.0),
            PlantedCase("random deterministic", "none", 0.5, 1.0),
            PlantedCase("action bias", "none", 0.5, 1.0),
            PlantedCase("other goal", "none", 0.5, 1.0),
        )

    @property
    def unit(self) -> str:
        return "posterior probability; bits: log2 Bayes factor; gain: nats per decision"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*self.candidates, *OTHER_READINGS)

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(goal.name for goal in self.goals)

    @property
    def convicts(self) -> float:
        return 0.95

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decisions", "separated")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_chance, k_interval = jax.random.split(key, 4)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        log_policies = soft_policies(
            sheet.tables,
            stack(self.goals),
            self.inverse_temperatures,
            self.discount,
            num_steps=world.horizon,
        )
        plans, chance = (sheet, log_policies), ActionBiased(jnp.zeros(world.num_actions))
        some = jax.tree.map(lambda leaf: leaf[: max(2, self.num_levels // 4)], plans)
        ours = self._watched(k_agent, agent, world, *plans)
        theirs = self._watched(k_chance, chance, world, *some)
        theirs = theirs._replace(excess=jnp.ones_like(theirs.excess))
        value, lower, upper = self._bagged(k_interval, ours)
        num_goals, count = len(self.goals), jnp.sum(ours.counts)
        separated = self._separated(sheet, log_policies)
        return Reading(
            value=value,
            lower=jnp.minimum(lower, value),
            upper=jnp.maximum(upper, value),
            control=self._bagged(k_interval, theirs)[0],
            ceiling=jnp.where(jnp.arange(num_goals + 3) <= num_goals, 1.0, jnp.nan),
            checks=jnp.stack([count >= MIN_DECISIONS, separated]),
            count=jnp.round(count).astype(jnp.int32),
        )

    def _watched(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        sheet: Sheet,
        log_policies: Float[Array, "L S A G B"],
    ) -> "_Watched":
        where, known = (world, sheet, stack(self.goals)), policies_of(agent, sheet)
        made = watch(key, agent, *where, policies=known, num_decisions=self.num_decisions)
        extra = excess(key, agent, *where, policies=known, discount=self.discount)
        return _Watched(weigh(made, log_policies, world), made.counts, extra)

    def _bagged(self, key: Key[Array, ""], seen: "_Watched") -> tuple[Array, Array, Array]:
        """Return the readings and their interval, `[R]`; see the class. Consumes `key`."""
        num_levels = seen.counts.shape[0]
        weights = level_weights(key, num_levels, num_resamples=NUM_RESAMPLES)
        spread = jax.vmap(self._judge, (None, 0))(seen, weights)
        whole = self._judge(seen, jnp.ones(num_levels))
        is_share = jnp.arange(len(self.readings)) <= len(self.goals)
        value = jnp.where(is_share, jnp.mean(spread, axis=0), whole)
        return value, *jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)

    def _judge(self, seen: "_Watched", weights: Float[Array, " L"]) -> Float[Array, " R"]:
        """Return all readings from levels that count `weights` times each."""
        goals, none = marginals(seen.evidence, weights, self.habit_share)
        shares = posterior(goals, none, self.goal_share)[:-1]
        shares = jnp.where(weights @ seen.excess > 0, shares, 0.0)
        advantage = jnp.max(goals) - none
        num_decisions = jnp.maximum(weights @ seen.counts, 1e-6)
        rest = [1 - jnp.sum(shares), advantage / np.log(2), advantage / num_decisions]
        return jnp.concatenate([shares, jnp.stack(rest)])

    def _separated(
        self, sheet: Sheet, log_policies: Float[Array, "L S A G B"]
    ) -> Bool[Array, ""]:
        """Return whether starts alone would tell every two candidates apart."""
        plans = log_policies[..., log_policies.shape[-1] // 2]
        ratios = plans[..., :, None] - plans[..., None, :]
        divergence = jnp.sum(jnp.exp(plans)[..., None] * ratios, axis=2)
        start = sheet.tables.start[..., None, None]
        apart = jnp.sum(start * divergence, axis=(0, 1))
        same = jnp.eye(len(self.goals), dtype=bool)
        return jnp.all(same | (apart >= MIN_SEPARATION))
