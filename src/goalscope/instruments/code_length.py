"""How many bits it takes to write down what an agent does, with a goal and without."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.decisions import play
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import Evidence, level_weights, weigh
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

READINGS = (
    "bits saved by the goal",
    "bits saved by lookup",
    "bits with the goal",
    "bits with lookup",
)
MIN_DECISIONS = 48
NUM_RESAMPLES = 100


class CodeLength(AbstractInstrument):
    """Bits per decision of an agent's behaviour, by three coders.

    Sender and receiver both know the levels and where the agent is; what is sent are its
    actions, `−log₂ p(a)` bits each (ideal code). *Chance* gives `log₂ A` to every action.
    The *goal* coder is a planner for one of the candidates with some β: the marginal
    likelihood `Σ_g Σ_β p(g) p(β) Π π_{g,β}(a|s)`, so that it pays for finding out which.
    The *lookup* coder learns a table from what it has sent, of actions by what the agent
    sees of its state but not of the level (prequential, Dawid 1984; `nulls.predict`
    without chance). All are prefix codes that know no more than what was sent: on average
    none writes down random behaviour in fewer bits than chance.

    Readings: what goal and lookup save of the bits of chance, and what they take, per
    decision (see `decide` for which decisions count). One scale for all worlds: the most to
    save is `log₂ A`, the ceiling. The interval is what other levels would have given
    (Bayesian bootstrap), the control an agent that acts by chance.

    What it does not show: which goal (`GoalPosterior`), nor that the shortest of three
    codes is the true one. Where a goal lies in one place, a table says as much as the goal
    does. A table grows better with the number of levels, a goal does not.

    Checks: `decisions`, there were at least 48.

    Fields:
        goals: the candidates, equally likely.
        inverse_temperatures: grid of β, equally likely; nats per unit of return.
        discount: γ with which candidates are planned for, in [0, 1].
        num_levels: levels, one episode each.
        num_decisions: steps after which an episode is cut off.
    """

    question: ClassVar[str] = "How many bits does a goal save in writing behaviour down?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    inverse_temperatures: Float[Array, "*b B"] = eqx.field(
        converter=real, default_factory=lambda: np.geomspace(0.5, 256, 10)
    )
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    num_levels: int = eqx.field(static=True, default=64)
    num_decisions: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals, READINGS)
        check_range("discount", self.discount, 0, 1)
        remedy = "a coder of behaviour that flees a goal takes its negative as the goal"
        check_range("inverse_temperatures", self.inverse_temperatures, 1e-3, remedy=remedy)
        if self.num_levels < 2 or self.num_decisions < 1:
            raise ValueError(
                "a code takes at least 2 levels and 1 decision a level; got "
                f"num_levels={self.num_levels}, num_decisions={self.num_decisions}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        goal, lookup = READINGS[:2]
        return (
            PlantedCase("planner", goal, 0.1, 2.0, dose=16.0),
            PlantedCase("scaled goal", goal, 0.1, 2.0),
            PlantedCase("uniform", goal, -0.5, 0.02),
            PlantedCase("uniform", lookup, -0.5, 0.02),
            PlantedCase("random deterministic", goal, -1.0, 0.05),
        )

    @property
    def unit(self) -> str:
        return "bits per decision"

    @property
    def readings(self) -> tuple[str, ...]:
        return READINGS

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.1

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decisions",)

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_chance, k_interval = jax.random.split(key, 4)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        goals, number = stack(self.goals), self.num_decisions
        log_policies = soft_policies(
            sheet.tables,
            goals,
            self.inverse_temperatures,
            self.discount,
            num_steps=world.horizon,
        )

        def lengths(key, agent):
            made = play(key, agent, world, sheet, goals, num_decisions=number)
            seen = made.rates(world.num_actions)
            return weigh(seen, log_policies, world), seen.counts

        evidence, counts = lengths(k_agent, agent)
        control = lengths(k_chance, ActionBiased(jnp.zeros(world.num_actions)))
        most = float(np.log2(world.num_actions))
        even = jnp.ones(self.num_levels)
        value = bits_per_decision(evidence, counts, even, most)
        weights = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        each = jax.vmap(bits_per_decision, (None, None, 0, None))
        spread = each(evidence, counts, weights, most)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        count = jnp.sum(counts).astype(jnp.int32)
        return Reading(
            value=value,
            lower=jnp.minimum(lower, value),
            upper=jnp.maximum(upper, value),
            control=bits_per_decision(*control, even, most),
            ceiling=jnp.array([most, most, 0.0, 0.0]),
            checks=jnp.stack([count >= MIN_DECISIONS]),
            count=count,
        )


def bits_per_decision(
    evidence: Evidence,
    counts: Float[Array, " L"],
    weights: Float[Array, " L"],
    most: float,
) -> Float[Array, " 4"]:
    """Return the bits that goal and lookup save, and those that they take.

    Args:
        evidence: log-likelihoods of the decisions of each level.
        counts: how many decisions there were on each level.
        weights: how often each level counts.
        most: bits of a decision by chance, `log₂ A`.
    """
    goals = jnp.tensordot(weights, evidence.goals[..., 0], 1)
    with_goal = logsumexp(goals) - np.log(goals.size)
    learners = evidence.log_prior[1:]
    learners = learners - logsumexp(learners)
    with_lookup = logsumexp(weights @ evidence.nulls[:, 1:] + learners)
    number = jnp.maximum(weights @ counts, 1e-6)
    taken = -jnp.stack([with_goal, with_lookup]) / (number * np.log(2))
    return jnp.concatenate([most - taken, taken])
