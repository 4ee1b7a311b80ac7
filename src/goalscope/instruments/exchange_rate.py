"""How much further an agent goes for one goal than for another."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.choices import at_random, prices, taken
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import check_range, real

MIN_CHOICES = 16
NUM_RESAMPLES = 100
NUM_NEWTON = 20
LARGEST_STEP = 4.0
PRIOR_SCALE = 16.0
RESOLUTION = 0.5


class ExchangeRate(AbstractInstrument):
    """Psychometric threshold of the choice between two goals.

    A start from which both can be had, each before the other and without passing it, at
    distances `d₁` and `d₂`, is a choice at the price `x = d₁ − d₂` of extra steps. Among
    the episodes in which either pays,

        P(first goal) = σ(a − b x),   threshold θ = a / b,

    the number of extra steps at which the agent is indifferent. `a` and `b` maximise the
    likelihood of all choices, with a Gaussian prior of scale 16 nats on `a` and on `b`
    times the typical price, which matters where an agent never errs. `θ` is cut off at the
    largest price offered. A planner with discount γ to which the goals are worth `w` and
    `1 − w`, and which gets one of them, is indifferent at `θ = log(w/(1 − w)) / log(1/γ)`.

    Readings: `θ` for the first goal, and `−θ` for the second: what the agent pays for each;
    `slope`, `b` in nats per step; `decided`, the share of episodes with a choice in which
    either pays. The interval is what other levels would have given (Bayesian bootstrap),
    and for prices half a step more: distances are whole steps. The control acts by chance:
    who wanders finds the nearer goal sooner, so its slope is not 0, and its threshold says
    which goal is easier to stumble upon. The ceiling of the prices is the largest one
    offered.

    What it does not show: why. Two goals that are worth the same read 0, and so does an
    agent that takes what is nearest; a habit of walking towards one of them reads as a
    price. An agent that errs is lost to what is near on its way to what is far: the softer
    it is, the nearer to 0 is θ. Where every choice goes to one goal, θ is a bound.

    Checks: `choices`, there were some on at least 16 levels; `within`, θ lies within the
    prices offered; `falls`, the higher the price the rarer the choice, interval included.

    Fields:
        goals: the two.
        prior_scale: of the prior, in nats.
        num_levels: levels on which the agent is offered choices.
    """

    question: ClassVar[str] = "How many more steps does the agent walk for one goal?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    prior_scale: Float[Array, "*b"] = eqx.field(converter=real, default=PRIOR_SCALE)
    num_levels: int = eqx.field(static=True, default=64)

    def __check_init__(self):
        check_candidates(self.goals, ("slope", "decided"))
        check_range("prior_scale", self.prior_scale, 1e-3)
        if len(self.goals) != 2 or self.num_levels < 2:
            raise ValueError(
                "an exchange has 2 goals, and an interval takes 2 levels; got "
                f"{len(self.goals)} goals and num_levels={self.num_levels}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", 4.0, np.inf, dose=16.0),
            PlantedCase("scaled goal", "own goal", 4.0, np.inf),
            PlantedCase("mixture", "own goal", -0.5, 4.4),
            PlantedCase("uniform", "own goal", -2.0, 2.0),
        )

    @property
    def unit(self) -> str:
        return "extra steps; slope: nats per step; decided: share of episodes"

    @property
    def readings(self) -> tuple[str, ...]:
        return (*(goal.name for goal in self.goals), "slope", "decided")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 4.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("choices", "within", "falls")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_interval = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        first, weights = taken(k_agent, agent, world, sheet, stack(self.goals))
        chance = at_random(world, sheet, stack(self.goals))
        price, offered = _offers(sheet, stack(self.goals), world.horizon)
        counts = self._counts(first, weights * offered, price, world.horizon)
        control = self._counts(chance, sheet.tables.start * offered, price, world.horizon)
        most = jnp.max(jnp.where(offered * weights > 0, jnp.abs(price), 0))
        value = self._read(jnp.sum(counts, axis=0), most)
        resampled = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        totals = jnp.einsum("nl,lxc->nxc", resampled, counts, precision="highest")
        spread = jax.vmap(self._read, (0, None))(totals, most)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        margin = jnp.array([RESOLUTION, RESOLUTION, 0, 0])
        count = jnp.sum(jnp.sum(counts, axis=(1, 2)) > 0)
        ceiling = jnp.stack([most, most, jnp.nan, 1.0]).astype(jnp.float32)
        return Reading(
            value=value,
            lower=jnp.minimum(lower, value) - margin,
            upper=jnp.maximum(upper, value) + margin,
            control=self._read(jnp.sum(control, axis=0), most),
            ceiling=ceiling,
            checks=jnp.stack(
                [count >= MIN_CHOICES, jnp.abs(value[0]) < most, lower[2] > 0]
            ),
            count=count,
        )

    def _counts(
        self,
        first: Float[Array, "L S 2"],
        weights: Float[Array, "L S"],
        price: Float[Array, "L S"],
        horizon: int,
    ) -> Float[Array, "L X 3"]:
        """Return how often the first goal, the second and none was taken at each price.

        The likeliest start of a level counts once.
        """
        most = jnp.max(weights, axis=1, keepdims=True)
        share = weights / jnp.where(most > 0, most, 1.0)
        none = jnp.maximum(1 - jnp.sum(first, axis=-1, keepdims=True), 0)
        happened = jnp.concatenate([first, none], axis=-1) * share[..., None]
        grid = jnp.arange(-horizon, horizon + 1, dtype=price.dtype)
        at = (price[..., None] == grid[None, None]).astype(happened.dtype)
        return jnp.einsum("lsx,lsc->lxc", at, happened)

    def _read(
        self, counts: Float[Array, "X 3"], most: Float[Array, ""]
    ) -> Float[Array, " 4"]:
        middle = counts.shape[0] // 2
        price = jnp.arange(-middle, middle + 1, dtype=counts.dtype)
        constant, slope = fit_threshold(price, counts[:, 0], counts[:, 1], self.prior_scale)
        theta = constant / jnp.maximum(slope, 1e-6)
        theta = jnp.where(slope > 0, theta, jnp.sign(constant) * most)
        theta = jnp.clip(theta, -most, most)
        decided = jnp.sum(counts[:, :2]) / jnp.maximum(jnp.sum(counts), 1e-6)
        return jnp.stack([theta, -theta, slope, decided])


def fit_threshold(
    price: Float[Array, " X"],
    taken: Float[Array, " X"],
    left: Float[Array, " X"],
    prior_scale: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return `a, b` of `P(taken) = σ(a − b x)`: maximum a posteriori, by Newton's method.

    The prior of `a` and of `b` times the root mean square of `x` is Gaussian.
    """
    total = taken + left
    scale = jnp.sqrt(jnp.sum(total * price**2) / jnp.maximum(jnp.sum(total), 1e-6))
    scale = jnp.where(scale > 0, scale, 1.0)
    price = price / scale
    precision = 1 / prior_scale**2

    def step(_, now):
        constant, slope = now
        chance = jax.nn.sigmoid(constant - slope * price)
        missing = taken - total * chance
        spread = total * chance * (1 - chance)
        uphill = jnp.stack(
            [
                jnp.sum(missing) - precision * constant,
                -jnp.sum(missing * price) - precision * slope,
            ]
        )
        corner = -jnp.sum(spread * price)
        top = jnp.sum(spread) + precision
        bottom = jnp.sum(spread * price**2) + precision
        determinant = jnp.maximum(top * bottom - corner**2, 1e-12)
        move = jnp.stack(
            [
                (bottom * uphill[0] - corner * uphill[1]) / determinant,
                (top * uphill[1] - corner * uphill[0]) / determinant,
            ]
        )
        move = move / jnp.maximum(1.0, jnp.max(jnp.abs(move)) / LARGEST_STEP)
        return constant + move[0], slope + move[1]

    nothing = jnp.zeros((), price.dtype)
    constant, slope = jax.lax.fori_loop(0, NUM_NEWTON, step, (nothing, nothing))
    return constant, slope / scale


def _offers(
    sheet: Sheet, goals: Goal, horizon: int
) -> tuple[Float[Array, "L S"], Float[Array, "L S"]]:
    """Return the price of the first goal in steps, and 1 where there is a choice."""
    steps = jax.lax.map(lambda table: prices(table, goals, num_steps=horizon), sheet.tables)
    offered = jnp.all(steps <= horizon, axis=-1)
    price = jnp.where(offered, steps[..., 0] - steps[..., 1], 0)
    return price.astype(jnp.float32), offered.astype(jnp.float32)
