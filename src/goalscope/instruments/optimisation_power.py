"""How rarely a policy drawn at random would serve a goal as well as the agent does."""

from functools import partial
from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.batched import returns
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.rollout import rollout
from goalscope.tabular.optimisation_power import Task, bits_of_luck
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

MAX_CAPPED = 0.05
MIN_LEVELS = 4
NORMAL_QUANTILE = 1.96


class OptimisationPower(AbstractInstrument):
    """Bits of optimisation: `−log₂ P_{π′~ρ}[J(π′) ≥ J(π)]`, averaged over levels.

    `ρ` is uniform over deterministic policies of the level, `J` the discounted return under
    a goal from the level's start within the world's horizon (Yudkowsky 2008). 1 bit: half
    of all policies do as well; a goal at distance `d` with one way takes `d log₂ A` bits.
    Levels on which nothing can be earned do not count. Compared is like with like: an
    agent without memory is one deterministic policy drawn from it for each level, which
    does in a state what it did there before; chance drawn so has hardly any bits, though it
    earns more *on average* than most deterministic policies, which walk in circles. Of an
    agent with memory, one episode a level counts.

    The probability is found by multilevel splitting (`tabular.optimisation_power`), which
    has no cap at the logarithm of the number of draws: it fails only where all particles
    fall at one step, and gives `log₂ num_particles` bits for that step. Estimates are some
    0.1 bits too large.

    The interval treats levels as the sample (Student's t); it includes the noise of the
    estimate. The control is an agent that acts by chance, the ceiling the best attainable.

    What it does not show: it measures goal times capability, on a scale that grows with the
    level. An agent after another goal has bits for this one if it lies on the way. It is a
    companion of the other readings, not a headline.

    Checks: `uncapped`, no more than 5 % of the agent's levels gave a bound only;
    `attainable`, every goal could be had on at least 4 levels.

    Fields:
        goals: the candidates; their names are the names of the readings.
        discount: γ of returns; below 1, sooner is better.
        num_levels: levels, one start each.
        num_particles: policies that are followed at once.
    """

    question: ClassVar[str] = "How rare are policies that serve this goal as well?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model")

    goals: tuple[Goal, ...]
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.9)
    num_levels: int = eqx.field(static=True, default=32)
    num_particles: int = eqx.field(static=True, default=128)

    def __check_init__(self):
        check_candidates(self.goals)
        check_range("discount", self.discount, 0, 1)
        if self.num_levels < 2 or self.num_particles < 2:
            raise ValueError(
                "an interval takes at least 2 levels, and splitting 2 particles; got "
                f"num_levels={self.num_levels}, num_particles={self.num_particles}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("planner", "own goal", 2.0, 64.0, dose=16.0),
            PlantedCase("scaled goal", "own goal", 2.0, 64.0),
            PlantedCase("anti goal", "own goal", 0.0, 2.0, dose=16.0),
        )

    @property
    def unit(self) -> str:
        return "bits"

    @property
    def readings(self) -> tuple[str, ...]:
        return tuple(goal.name for goal in self.goals)

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 4.0

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("uncapped", "attainable")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world = solvable(world)
        k_levels, k_agent, k_chance, k_draws = jax.random.split(key, 4)
        chance = ActionBiased(jnp.zeros(world.num_actions))
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        starts = jax.vmap(lambda level: world.index_of(level, world.reset(level)))
        starts = starts(sheet.levels)
        targets = jnp.stack(
            [
                self._earned(k_agent, agent, world, sheet, starts),
                self._earned(k_chance, chance, world, sheet, starts),
                self._best(world, sheet, starts),
            ]
        )
        keys = jax.random.split(k_draws, self.num_levels)
        split = partial(self._bits, num_steps=world.horizon)
        bits, capped = jax.vmap(split)(
            keys, sheet.tables, starts, jnp.moveaxis(targets, 1, 0)
        )
        asked = (targets[2] > 0).astype(bits.dtype)
        number = jnp.sum(asked, axis=0)
        mean = jnp.sum(bits * asked[:, None], axis=0) / jnp.maximum(number, 1)[None]
        squares = jnp.sum(asked * (bits[:, 0] - mean[:1]) ** 2, axis=0)
        freedom = jnp.maximum(number - 1, 1)
        cube = (NORMAL_QUANTILE**3 + NORMAL_QUANTILE) / (4 * freedom)
        error = jnp.sqrt(squares / freedom / jnp.maximum(number, 1))
        margin = (NORMAL_QUANTILE + cube) * error
        share = jnp.sum(capped[:, 0] * asked, axis=0) / jnp.maximum(number, 1)
        return Reading(
            value=mean[0],
            lower=jnp.maximum(mean[0] - margin, jnp.minimum(mean[0], 0)),
            upper=mean[0] + margin,
            control=mean[1],
            ceiling=jnp.maximum(mean[2], mean[0]),
            checks=jnp.stack([jnp.all(share <= MAX_CAPPED), jnp.all(number >= MIN_LEVELS)]),
            count=jnp.asarray(self.num_levels, jnp.int32),
        )

    def _bits(
        self,
        key: Key[Array, ""],
        table: solve.Table,
        start: Int[Array, ""],
        targets: Float[Array, "3 G"],
        *,
        num_steps: int,
    ) -> tuple[Float[Array, "3 G"], Bool[Array, "3 G"]]:
        """Return the bits of all returns on one level."""

        def one(key, goal, target):
            rewards, going = solve.payments(table, goal)
            task = Task(rewards, self.discount * going, table.successors, start)
            number = self.num_particles
            return bits_of_luck(
                key, task, target, num_steps=num_steps, num_particles=number
            )

        keys = jax.random.split(key, targets.shape)
        return jax.vmap(jax.vmap(one), (0, None, 0))(keys, stack(self.goals), targets)

    def _earned(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        sheet: Sheet,
        starts: Int[Array, " L"],
    ) -> Float[Array, "L G"]:
        """Return what a deterministic policy of the agent, or an episode, earns."""
        if is_memoryless(agent):
            policies = jax.vmap(solve.policy_of, (None, 0))(agent, sheet.tables)
            drawn = jax.random.categorical(key, jnp.log(policies), axis=-1)
            drawn = jax.nn.one_hot(drawn, world.num_actions)
            return self._returns(drawn, world, sheet, starts)

        def one(key, level):
            features = rollout(key, agent, world, level).features
            each = jax.vmap(Goal.returns, (0, None, None))
            return each(stack(self.goals), features, self.discount)

        return jax.vmap(one)(jax.random.split(key, self.num_levels), sheet.levels)

    def _returns(
        self,
        policies: Float[Array, "L S A"],
        world: AbstractSolvableWorld,
        sheet: Sheet,
        starts: Int[Array, " L"],
    ) -> Float[Array, "L G"]:
        def one(item):
            table, policy, start = item
            steps = {"num_steps": world.horizon}
            values = returns(table, policy[None], stack(self.goals), self.discount, **steps)
            return values[start, 0]

        return jax.lax.map(one, (sheet.tables, policies, starts))

    def _best(
        self, world: AbstractSolvableWorld, sheet: Sheet, starts: Int[Array, " L"]
    ) -> Float[Array, "L G"]:
        def one(item):
            table, start = item
            best = partial(solve.optimal_values, num_steps=world.horizon)
            values = jax.vmap(best, (None, 0, None))
            return values(table, stack(self.goals), self.discount)[:, start]

        return jax.lax.map(one, (sheet.tables, starts))
