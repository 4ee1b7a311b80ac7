"""Agents whose goal is known because it was built in, and agents built to have none.

The truth against which instruments are calibrated. For an agent with a goal, use `Planner`.
"""

import dataclasses
import math
from collections.abc import Mapping

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt32

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.agents.lookup import LookupTable, row_of
from goalscope.goals import Goal, reach
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld

IMPATIENT = 0.99
"""The discount by which ways are told apart that earn the same without any."""

IMPOSSIBLE = -1e9
"""Logit of an action that is never taken; finite, so that 0 log 0 is 0."""


class ActionBiased(AbstractAgent[tuple[()], tuple[()]]):
    """Has no goal: acts at random, with the same probabilities in every state.

    Where a candidate goal lies in the direction of its favourite actions, it looks as if it
    pursued that goal.
    """

    logits: Float[Array, "*b A"] = eqx.field(converter=jnp.asarray)

    def embed(self, view: Float[Array, "..."]) -> tuple[()]:
        return ()

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: tuple[()], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        return Response(self.logits, jnp.zeros(()), memory)


def uniform(_: np.random.Generator, world: AbstractWorld) -> ActionBiased:
    """Return an agent that has no goal: every action is equally likely everywhere."""
    return ActionBiased(np.zeros(world.num_actions, np.float32))


def action_biased(
    rng: np.random.Generator, world: AbstractWorld, *, concentration: float = 1.0
) -> ActionBiased:
    """Return an agent that has no goal but habits: `p ~ Dirichlet(concentration)`.

    A small concentration gives agents with one action, a large one the uniform agent.
    """
    if concentration <= 0:
        raise ValueError(
            f"the concentration of a Dirichlet is positive; got {concentration}"
        )
    probabilities = rng.dirichlet(np.full(world.num_actions, concentration))
    return ActionBiased(np.log(np.maximum(probabilities, 1e-12)).astype(np.float32))


class RandomDeterministic(AbstractAgent[UInt32[Array, ""], tuple[()]]):
    """Has no goal: one fixed action, drawn at random, for each observation.

    Competent-looking only by accident: it soon walks in a circle. The action is a hash of
    seed, level part and state part.
    """

    seed: UInt32[Array, "*b"]
    num_actions: int = eqx.field(static=True)

    @staticmethod
    def init(rng: np.random.Generator, world: AbstractWorld) -> "RandomDeterministic":
        """Return such an agent with a seed from `rng`."""
        seed = rng.integers(2**32, dtype=np.uint32)
        return RandomDeterministic(jnp.asarray(seed), world.num_actions)

    def embed(self, view: Float[Array, "..."]) -> UInt32[Array, ""]:
        numbers = jnp.ravel(view).astype(jnp.float32)
        words = jax.lax.bitcast_convert_type(numbers, jnp.uint32)
        places = jnp.arange(words.size, dtype=jnp.uint32)
        each = mixed(mixed(words ^ self.seed) + mixed(places + self.seed))
        return mixed(jnp.sum(each, dtype=jnp.uint32))

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: UInt32[Array, ""], tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        hashed = context
        for token in tokens:
            hashed = mixed(hashed + mixed(token.astype(jnp.uint32) + self.seed))
        action = (hashed >> 8) % self.num_actions
        return Response(certain(action, self.num_actions), jnp.zeros(()), memory)


def mixed(words: UInt32[Array, "*b"]) -> UInt32[Array, "*b"]:
    """Return a hash of each word, in which every bit depends on every bit.

    The finaliser of MurmurHash3 (Appleby 2011), shifted away from 0: a keyed generator of
    random numbers would do as well, and compile ten times longer.
    """
    words = words + jnp.uint32(0x9E3779B9)
    words = (words ^ (words >> 16)) * jnp.uint32(0x85EBCA6B)
    words = (words ^ (words >> 13)) * jnp.uint32(0xC2B2AE35)
    return words ^ (words >> 16)


class Greedy(AbstractAgent[Context, Memory]):
    """Has the goal of `agent`, and always takes its most probable action.

    Of several equally probable actions it takes the first, which looks like a habit.
    """

    agent: AbstractAgent[Context, Memory]

    def embed(self, view: Float[Array, "..."]) -> Context:
        return self.agent.embed(view)

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        response = self.agent(context, tokens, memory)
        logits = certain(jnp.argmax(response.logits), response.logits.shape[-1])
        return Response(logits, response.value, response.memory)


def certain(
    action: Int[Array, ""] | UInt32[Array, ""], num_actions: int
) -> Float[Array, " A"]:
    """Return the logits of a policy that always takes `action`.

    >>> jax.nn.softmax(certain(jnp.array(1), 3))
    Array([0., 1., 0.], dtype=float32)
    """
    return jnp.where(jnp.arange(num_actions) == action, 0.0, IMPOSSIBLE)


def imitator(
    rng: np.random.Generator,
    world: AbstractSolvableWorld,
    *,
    feature: str,
    num_levels: int = 256,
    smoothing: float = 1e-3,
    changes: Mapping[str, float] | None = None,
) -> LookupTable:
    """Return a copy of optimal behaviour that has no goal and does not see the level.

    The table is the maximum-likelihood fit to an agent that is optimal at reaching
    `feature` on `num_levels` levels of `world` (ties uniform):
    `π(a|t) ∝ ε + Σ_levels Σ_s d(s) π*(a|s) [tokens(s) = t]`, with occupancies `d` over
    `world.horizon` steps and `ε = smoothing`. Where all those levels have the feature in
    one place it cannot be told from an agent that wants to be in that place. `changes`
    are fields of `world` with other values, for levels to copy from that differ from
    those in which the agent will be measured.
    """
    world = dataclasses.replace(world, **(changes or {}))
    goal = reach(world, feature)
    key = jax.random.key(rng.integers(2**32, dtype=np.uint32))
    template = LookupTable.init(rng, world)
    counts = _optimal_counts(jax.random.split(key, num_levels), world, goal) + smoothing
    logits = jnp.log(counts / jnp.sum(counts, axis=-1, keepdims=True))
    return LookupTable(logits, template.values, template.sizes)


@eqx.filter_jit
def _optimal_counts(
    keys: Key[Array, " L"], world: AbstractSolvableWorld, goal: Goal
) -> Float[Array, "M A"]:
    """Return how often an optimal agent takes each action at each combination of tokens."""

    def visits(key):
        table = solve.tabulate(world, world.sample_level(key))
        policy = optimal_policy(table, goal, num_steps=world.horizon)
        occupancy = solve.occupancy(table, policy, goal, 1.0, num_steps=world.horizon)
        return row_of(table.tokens, world.token_sizes), occupancy[:, None] * policy

    rows, counts = jax.lax.map(visits, keys)
    total = jnp.zeros((math.prod(world.token_sizes), world.num_actions))
    return total.at[rows].add(counts)


def optimal_policy(
    table: solve.Table,
    goal: Goal,
    discount: Float[Array, ""] | float = 0.99,
    *,
    num_steps: int,
) -> Float[Array, "S A"]:
    """Return the policy that is uniform over the optimal actions of each state.

    Without a discount, whoever gets there some day is as good as who is there now, and may
    never set out: of the optimal actions those count that get there in the fewest steps.
    """
    rewards, going = solve.payments(table, goal)

    def best(discount, allowed):
        def action_values(values):
            each = rewards + discount * going * values[table.successors]
            return jnp.where(allowed, each, -jnp.inf)

        def backup(_, values):
            return jnp.max(action_values(values), axis=-1)

        begin = jnp.zeros(table.terminal.shape)
        each = action_values(jax.lax.fori_loop(0, num_steps, backup, begin))
        most = jnp.max(each, axis=-1, keepdims=True)
        return each >= most - 1e-5 * jnp.maximum(jnp.abs(most), 1e-3)

    optimal = best(discount, True)
    if not (isinstance(discount, float) and discount < 1):  # else it costs, for nothing
        optimal = jnp.where(jnp.equal(discount, 1), best(IMPATIENT, optimal), optimal)
    return optimal / jnp.sum(optimal, axis=-1, keepdims=True)
