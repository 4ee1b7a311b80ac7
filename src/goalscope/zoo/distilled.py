"""Networks that were taught what a planner does: known goals in learnt weights."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.agents.mlp import MLP
from goalscope.goals import Goal, reach
from goalscope.training.base import adam_init, adam_step
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind, Truth

WIDTHS = (64, 64)
MAX_LEVELS, BATCH_LEVELS, NUM_UPDATES = 1024, 16, 600
LEARNING_RATE, MAX_NORM = 5e-3, 1.0
INVERSE_TEMPERATURE, DISCOUNT = 32.0, 0.9


class DistilledPlannerKind(AbstractPlantedKind):
    """A perceptron taught a planner's decisions on many levels, by cross-entropy.

    It does what the planner does on most levels that it has never seen. Whether it plans
    is open: its goal is known, its weights are not.
    """

    name: ClassVar[str] = "distilled planner"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "not known; it was taught by one that plans to the horizon"
    ambiguous: ClassVar[str] = "where it has not learnt what its teacher does"
    dose_name: ClassVar[str] = "levels that it was taught on"
    doses: ClassVar[tuple[float, ...]] = (128.0, 192.0, 256.0, 384.0, 512.0, 1024.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return taught(rng, world, feature=feature, num_levels=int(dose))


class DistilledTableKind(AbstractPlantedKind):
    """A perceptron that learnt a table of a planner's decisions by heart: few levels.

    On those levels it does what the planner does; on others what it happens to.
    """

    name: ClassVar[str] = "distilled table"
    truth: ClassVar[Truth] = "one goal"
    planning: ClassVar[str] = "not at all; it knows few levels by heart"
    ambiguous: ClassVar[str] = "on levels that it was not taught it may show no goal"
    dose_name: ClassVar[str] = "levels that it was taught on"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)

    def supports(self, world: AbstractWorld) -> bool:
        return isinstance(world, AbstractSolvableWorld)

    def plant(
        self, rng: np.random.Generator, world: AbstractWorld, *, feature: str, dose: float
    ) -> AbstractAgent:
        return taught(rng, world, feature=feature, num_levels=int(dose))


class Lessons(eqx.Module):
    """What is taught: levels, their states, and what a planner does there.

    Fields:
        views: level parts of the observations, `[L, ...]`.
        tokens: state parts, `[L, S, K]`.
        policies: the teacher's action probabilities, `[L, S, A]`.
        weights: how much each state counts, `[L, S]`: the starts, levels in equal parts.
    """

    views: Float[Array, "..."]
    tokens: Int[Array, "*b S K"]
    policies: Float[Array, "*b S A"]
    weights: Float[Array, "*b S"]


def taught(
    rng: np.random.Generator, world: AbstractWorld, *, feature: str, num_levels: int
) -> MLP:
    """Return a perceptron taught by a planner that wants `feature`; advances `rng`.

    The same compiled program serves every goal and number of levels in a world.
    """
    if not isinstance(world, AbstractSolvableWorld):
        raise TypeError(f"no planner can teach in {type(world).__name__}: not solvable")
    if not 1 <= num_levels <= MAX_LEVELS:
        raise ValueError(f"num_levels is {num_levels}; give 1 to {MAX_LEVELS}")
    untaught = MLP.init(rng, world, widths=WIDTHS)
    key = jax.random.key(rng.integers(2**32, dtype=np.uint32))
    goal = Goal(reach(world, feature).weights, True, "taught")
    return teach(key, untaught, world, goal, jnp.int32(num_levels))


@eqx.filter_jit
def teach(
    key: Key[Array, ""],
    agent: MLP,
    world: AbstractSolvableWorld,
    goal: Goal,
    num_levels: Int[Array, ""],
) -> MLP:
    """Return `agent` after supervised lessons on `num_levels` levels. Consumes `key`."""
    k_levels, k_batches = jax.random.split(key)
    lessons = _lessons(k_levels, world, goal)
    batches = jax.random.randint(k_batches, (NUM_UPDATES, BATCH_LEVELS), 0, num_levels)

    def update(index, carry):
        agent, optimiser = carry
        chosen = jax.tree.map(lambda leaf: leaf[batches[index]], lessons)
        rate = LEARNING_RATE * 0.5 * (1 + jnp.cos(np.pi * index / NUM_UPDATES))
        gradient = eqx.filter_grad(_cross_entropy)(agent, chosen)
        return adam_step(
            agent, gradient, optimiser, learning_rate=rate, max_norm=jnp.float32(MAX_NORM)
        )

    carry = (agent, adam_init(agent))
    agent, _ = jax.lax.fori_loop(0, NUM_UPDATES, update, carry)
    return eqx.tree_at(lambda agent: agent.value, agent, replace_fn=_zeros)


def _zeros(layer: eqx.Module) -> eqx.Module:
    """Return a layer that always answers 0: there is no estimate of the return."""
    return jax.tree.map(jnp.zeros_like, layer)


def _lessons(key: Key[Array, ""], world: AbstractSolvableWorld, goal: Goal) -> Lessons:
    def one(key):
        table = solve.tabulate(world, world.sample_level(key))
        log_policy = solve.soft_policy(
            table, goal, INVERSE_TEMPERATURE, DISCOUNT, num_steps=world.horizon
        )
        possible = (table.start > 0) & ~table.terminal
        weights = possible / jnp.maximum(jnp.sum(possible), 1)
        return Lessons(table.view, table.tokens, jnp.exp(log_policy), weights)

    return jax.lax.map(one, jax.random.split(key, MAX_LEVELS), batch_size=32)


def _cross_entropy(agent: MLP, lessons: Lessons) -> Float[Array, ""]:
    contexts = jax.vmap(agent.embed)(lessons.views)
    each_state = jax.vmap(lambda context, tokens: agent(context, tokens, ()), (None, 0))
    logits = jax.vmap(each_state)(contexts, lessons.tokens).logits
    right = jnp.sum(lessons.policies * jax.nn.log_softmax(logits), axis=-1)
    return -jnp.mean(jnp.sum(lessons.weights * right, axis=-1))
