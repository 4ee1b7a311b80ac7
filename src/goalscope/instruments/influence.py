"""How far away something may be and still change what an agent does."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.answers import answered
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.levels import check_candidates, solvable
from goalscope.instruments.likelihood import level_weights
from goalscope.instruments.own_goal import chosen, own_goal
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.edits import (
    distances,
    editable,
    is_free,
    placed,
    playable,
    walled,
    with_wall,
)
from goalscope.worlds.fields import check_range, real
from goalscope.worlds.fixed_levels import underlying
from goalscope.worlds.grid import AbstractGridWorld, pick

MIN_LEVELS = 4
NUM_RESAMPLES = 200
DISCOUNT = 0.95
CLEAR = 2.5
"""Standard errors of the sign test, large because several distances are looked at."""


class Influence(AbstractInstrument):
    """How much the first action changes when an object `d` steps away lies elsewhere.

    The object is the one that a goal is named after: of `goals`, the one that the agent
    serves best (`instruments.own_goal`). In each level, for each `d`: it is put on a cell
    `d` steps from the mouse, and then on another one, as far away; the effect is the
    divergence `KL(π_one ‖ π_other)` of the first action's probabilities, in nats. Beside it
    stands an irrelevant edit: the object stays, and a wall is put in a cell that is on no
    shortest way to it. The reading `horizon` is the largest `d` at which the mean effect
    exceeds that of the irrelevant edit by more than `threshold`, and does so in more levels
    than the other way round, beyond chance (sign test at 2.5 standard errors): who acts
    differently in every level is changed by either edit as much. It is 0 if there is none.
    The readings `distance d` are the mean effects, NaN where fewer than 4 levels are that
    wide.

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981). The control of each distance is the irrelevant edit, and of `horizon` the
    largest distance at which that alone exceeds the threshold.

    Levels that a world of few levels repeats count each time: of 400 agents that act
    differently in every level, 2 % have a horizon on 48 levels of their own, and 10 % where
    these are 16 levels again and again.

    What it does not show: what the agent wants of the object, nor that it looks ahead: it
    may know by heart where to turn. An agent whose policy is nearly even has small effects
    at any distance, and a short horizon for that reason.

    Checks: `wide enough`, at least 4 levels have two cells for each distance; `sensitive`,
    the effect exceeds the threshold at some distance.

    Fields:
        goals: what the agent may be after; each is called like an object of the world.
        threshold: what counts as an effect, nats.
        max_distance: largest `d`, steps.
        num_levels: levels.
    """

    question: ClassVar[str] = "How far away do things change what the agent does?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    threshold: Float[Array, "*b"] = eqx.field(converter=real, default=0.02)
    max_distance: int = eqx.field(static=True, default=8)
    num_levels: int = eqx.field(static=True, default=32)

    def __check_init__(self):
        check_candidates(self.goals)
        check_range("threshold", self.threshold, 0)
        if self.num_levels < 2 or self.max_distance < 1:
            raise ValueError(
                "it takes at least 2 levels and 1 distance; got "
                f"num_levels={self.num_levels}, max_distance={self.max_distance}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "horizon", 4.0, np.inf, dose=64.0),
            PlantedCase("uniform", "horizon", 0.0, 0.0),
        )

    @property
    def unit(self) -> str:
        return "horizon: steps; others: nats"

    @property
    def readings(self) -> tuple[str, ...]:
        each = (f"distance {far}" for far in range(1, self.max_distance + 1))
        return ("horizon", *each)

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 1.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("wide enough", "sensitive")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        drawn = solvable(world)
        grid = editable(underlying(drawn))
        k_goal, k_levels, k_edits, k_interval = jax.random.split(key, 4)
        own = own_goal(k_goal, agent, drawn, self.goals, jnp.float32(DISCOUNT))

        def one(key: Key[Array, ""], k_edit: Key[Array, ""]) -> Float[Array, "D 3"]:
            return self._effects(k_edit, agent, grid, drawn.sample_level(key), own)

        keys = [jax.random.split(k, self.num_levels) for k in (k_levels, k_edits)]
        effects = jax.vmap(one)(*keys)
        value, control = self._judge(effects, jnp.ones(self.num_levels))
        weights = level_weights(k_interval, self.num_levels, num_resamples=NUM_RESAMPLES)
        spread, _ = jax.vmap(self._judge, (None, 0))(effects, weights)
        ends = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        wide = jnp.sum(effects[..., 2], axis=0)
        blank = jnp.append(False, wide < MIN_LEVELS)
        lower, upper = jnp.minimum(ends[0], value), jnp.maximum(ends[1], value)
        value, lower, upper, control = (
            jnp.where(blank, jnp.nan, each) for each in (value, lower, upper, control)
        )
        return Reading(
            value=value,
            lower=lower,
            upper=upper,
            control=control,
            ceiling=jnp.where(jnp.arange(value.shape[0]) > 0, jnp.nan, self.max_distance),
            checks=jnp.stack([~jnp.any(blank), value[0] > 0]),
            count=jnp.sum(wide).astype(jnp.int32),
        )

    def _effects(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractGridWorld,
        level: Any,
        own: Int[Array, ""],
    ) -> Float[Array, "D 3"]:
        """Return both effects at each distance, and 1 where they could be measured."""
        far = distances(level.walls, level.start)
        cells = jnp.arange(level.walls.shape[0])
        free = is_free(level) & (cells != level.start)

        def put(cell: Int[Array, ""]) -> Any:
            return chosen(
                tuple(placed(world, level, goal.name, cell) for goal in self.goals), own
            )

        could = free & jax.vmap(lambda cell: playable(world, put(cell)))(cells)

        def at(key: Key[Array, ""], distance: Int[Array, ""]) -> Float[Array, " 3"]:
            draws = jax.random.uniform(key, (3,))
            one = pick(draws[0], could & (far == distance))
            other = pick(draws[1], could & (far == distance) & (cells != one))
            shown = put(one)
            on_way = far + distances(level.walls, one) == distance
            wall = pick(draws[2], walled(world, shown) & ~on_way)
            before, after, beside = (
                _first_action(agent, world, changed)
                for changed in (shown, put(other), with_wall(shown, wall))
            )
            exists = (other < cells.shape[0]) & (wall < cells.shape[0])
            pair = jnp.stack([_divergence(before, then) for then in (after, beside)])
            return jnp.append(jnp.where(exists, pair, 0.0), exists)

        keys = jax.random.split(key, self.max_distance)
        return jax.vmap(at)(keys, jnp.arange(1, self.max_distance + 1))

    def _judge(
        self, effects: Float[Array, "L D 3"], weights: Float[Array, " L"]
    ) -> tuple[Float[Array, " R"], Float[Array, " R"]]:
        """Return the readings and their controls."""
        relevant, irrelevant = effects[..., 0], effects[..., 1]
        exists = effects[..., 2] * weights[:, None]
        number = jnp.maximum(jnp.sum(exists, axis=0), 1e-6)
        counted = jnp.sum(effects[..., 2], axis=0) >= MIN_LEVELS
        steps = jnp.arange(1, self.max_distance + 1)

        def mean(each: Float[Array, "L D"]) -> Float[Array, " D"]:
            return jnp.sum(exists * each, axis=0) / number

        def furthest(excess: Float[Array, "L D"]) -> Float[Array, ""]:
            more = jnp.sum(exists * (excess > self.threshold), axis=0)
            less = jnp.sum(exists * (excess < -self.threshold), axis=0)
            clear = more - less > CLEAR * jnp.sqrt(more + less)
            felt = (mean(excess) > self.threshold) & clear & counted
            return jnp.max(jnp.where(felt, steps, 0)).astype(jnp.float32)

        value = jnp.append(furthest(relevant - irrelevant), mean(relevant))
        return value, jnp.append(furthest(irrelevant), mean(irrelevant))


def _first_action(
    agent: AbstractAgent, world: AbstractGridWorld, level: Any
) -> Float[Array, " A"]:
    """Return the log-probabilities of the first action of an episode."""
    tokens = world.observe_state(level, world.reset(level))
    context = agent.embed(world.observe_level(level))
    response = agent(context, tokens, agent.initial_memory())
    return answered(jax.nn.log_softmax(response.logits))


def _divergence(one: Float[Array, " A"], other: Float[Array, " A"]) -> Float[Array, ""]:
    """Return `KL(p ‖ q)` of log-probabilities, nats; those below e⁻²⁰ count as that."""
    floor = -20.0
    difference = jnp.maximum(one, floor) - jnp.maximum(other, floor)
    return jnp.maximum(jnp.sum(jnp.exp(one) * difference), 0.0)
