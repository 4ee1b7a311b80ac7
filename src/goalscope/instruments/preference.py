"""What an agent prefers where it costs the same."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.choices import at_random, prices, taken
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

MIN_CHOICES = 8
NUM_RESAMPLES = 100
NUM_NEWTON = 10
LARGEST_STEP = 2.0


class Preference(AbstractInstrument):
    """Bradley-Terry utilities of goals, from choices between pairs that are equally far.

    A start is a forced choice between goals `i` and `j` if each could be the first of all
    goals to pay, in the same number of steps. Where either does, `i` is taken with
    probability `σ(u_i − u_j)` (Bradley & Terry 1952). Utilities sum to 0 and maximise the
    likelihood of the choices with a Gaussian prior of `prior_scale`; every level counts as
    one choice for each pair that it offers.

    Readings: the utility of each goal, in nats: a difference of 1 is odds of 2.7; and
    `misfit`, the largest difference between the share of a pair and what utilities say of
    it, 0 for a pair of goals. The interval is what other levels would have given (Bayesian
    bootstrap). The control acts by chance: what is easier to stumble upon has the larger
    utility there. Utilities have no ceiling; that of `misfit`, the best, is 0.

    What it does not show: how much further the agent would go (`ExchangeRate`), nor whether
    it plans: a habit of going up prefers what lies above. A utility has a meaning only
    beside the others: two goals that the agent never takes, for a third is always to be
    had, are ordered by what it stumbles upon, with an interval that says so.

    Checks: `choices`, every goal was offered on at least 8 levels; `transitive`, no three
    goals of which each beats the next, beyond chance.

    Fields:
        goals: what is offered.
        prior_scale: standard deviation of utilities before any choice, in nats.
        num_levels: levels on which the agent is offered choices.
    """

    question: ClassVar[str] = "Which goal does the agent take where both cost the same?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    prior_scale: Float[Array, "*b"] = eqx.field(converter=real, default=3.0)
    num_levels: int = eqx.field(static=True, default=64)

    def __check_init__(self):
        check_candidates(self.goals, ("misfit",))
        check_range("prior_scale", self.prior_scale, 1e-3)
        if len(self.goals) < 2 or self.num_levels < 2:
            raise ValueError(
                "a preference takes at least 2 goals, and an interval 2 levels; got "
                f"{len(self.goals)} goals and num_levels={self.num_levels}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", self.convicts, np.inf, dose=16.0),
            PlantedCase("scaled goal", "own goal", self.convicts, np.inf),
            PlantedCase("uniform", "misfit", 0.0, 0.25),
        )

    @property
    def unit(self) -> str:
        return "nats; misfit: share of choices"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*(goal.name for goal in self.goals), "misfit")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 1.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("choices", "transitive")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_interval = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        first, weights = taken(k_agent, agent, world, sheet, stack(self.goals))
        chance = at_random(world, sheet, stack(self.goals))
        offered = _offers(sheet, stack(self.goals), world.horizon)
        wins = _wins(first, weights, offered)
        total = jnp.sum(wins, axis=0)
        value = self._read(total)
        resampled = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        totals = jnp.einsum("nl,lij->nij", resampled, wins, precision="highest")
        spread = jax.vmap(self._read)(totals)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        control = jnp.sum(_wins(chance, sheet.tables.start, offered), axis=0)
        levels = jnp.sum(wins + jnp.swapaxes(wins, 1, 2) > 0, axis=0)
        return Reading(
            value=value,
            lower=jnp.minimum(lower, value),
            upper=jnp.maximum(upper, value),
            control=self._read(control),
            ceiling=jnp.append(jnp.full(len(self.goals), jnp.nan), 0.0),
            checks=jnp.stack(
                [jnp.all(jnp.max(levels, axis=0) >= MIN_CHOICES), ~_circular(total)]
            ),
            count=jnp.sum(jnp.any(wins > 0, axis=(1, 2))),
        )

    def _read(self, wins: Float[Array, "G G"]) -> Float[Array, " R"]:
        utilities = fit_utilities(wins, self.prior_scale)
        played = wins + wins.T
        share = wins / jnp.where(played > 0, played, 1.0)
        expected = jax.nn.sigmoid(utilities[:, None] - utilities[None])
        misfit = jnp.max(jnp.where(played > 0, jnp.abs(share - expected), 0))
        return jnp.append(utilities, misfit)


def fit_utilities(
    wins: Float[Array, "G G"], prior_scale: Float[Array, ""] | float
) -> Float[Array, " G"]:
    """Return the Bradley-Terry utilities that are likeliest after `wins[i, j]` of i over j.

    Maximum a posteriori under `u ~ N(0, prior_scale²)`, by damped Newton steps. They sum
    to 0. Source: Bradley & Terry (1952).

    >>> utilities = fit_utilities(jnp.array([[0.0, 30.0], [10.0, 0.0]]), 100.0)
    >>> float(jnp.round(jnp.exp(utilities[0] - utilities[1]), 2))
    3.0
    """
    number, precision = wins.shape[0], 1 / prior_scale**2
    played = wins + wins.T

    def step(_, utilities):
        chance = jax.nn.sigmoid(utilities[:, None] - utilities[None])
        uphill = jnp.sum(wins - played * chance, axis=1) - precision * utilities
        spread = played * chance * (1 - chance)
        curvature = jnp.diag(jnp.sum(spread, axis=1) + precision) - spread
        move = jnp.linalg.solve(curvature, uphill)
        return utilities + move / jnp.maximum(1.0, jnp.max(jnp.abs(move)) / LARGEST_STEP)

    utilities = jax.lax.fori_loop(0, NUM_NEWTON, step, jnp.zeros(number, wins.dtype))
    return utilities - jnp.mean(utilities)


def _offers(sheet: Sheet, goals: Goal, horizon: int) -> Bool[Array, "L S G G"]:
    """Return where two goals can each be first to pay, in the same number of steps."""
    steps = jax.lax.map(lambda table: prices(table, goals, num_steps=horizon), sheet.tables)
    same = steps[..., :, None] == steps[..., None, :]
    others = ~jnp.eye(steps.shape[-1], dtype=bool)[None, None]
    return same & others & (steps <= horizon)[..., None]


def _wins(
    first: Float[Array, "L S G"],
    weights: Float[Array, "L S"],
    offered: Bool[Array, "L S G G"],
) -> Float[Array, "L G G"]:
    """Return the share of choices between two goals that went to the one, and to the other.

    On every level they sum to 1 at most, the rest went to neither.
    """
    chances = jnp.einsum("ls,lsij,lsi->lij", weights, offered.astype(jnp.float32), first)
    total = jnp.einsum("ls,lsij->lij", weights, offered.astype(jnp.float32))
    return chances / jnp.where(total > 0, total, 1.0)


def _circular(wins: Float[Array, "G G"]) -> Bool[Array, ""]:
    """Return whether some goal beats one that beats one that beats it."""
    played = wins + wins.T
    share = (wins + 0.5) / (played + 1)
    beats = (share > 0.5 + 1.64 * 0.5 / jnp.sqrt(played + 1)).astype(jnp.float32)
    return jnp.any((beats @ beats) * beats.T > 0)
