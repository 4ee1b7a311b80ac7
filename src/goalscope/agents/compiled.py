"""An agent that remembers what to do in the levels that it has seen, and does not plan."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planner import Solution, state_with
from goalscope.worlds.base import AbstractSolvableWorld, Level, State
from goalscope.worlds.fields import count, real

SMALLEST = 1e-9
"""Least probability in a table, so that logits are finite."""


class CompiledTable(AbstractAgent[Solution, tuple[()]]):
    """A policy written out, state by state, for a number of levels.

    Shown a level, it takes the stored level that looks most like it (least squared
    difference between views; of several, the first), and then the row of the state with
    its tokens, as `Planner` does. In stored levels it behaves like the policy that it was
    compiled from; in others, as that policy did in the nearest one.

    It is also how a policy from elsewhere becomes an agent: see `compile_policy`.

    Fields:
        views: level parts of observations, `[N, ...]`.
        tokens: state parts of observations of every state of each level, `[N, S, K]`.
        log_policy: logarithms of action probabilities, `[N, S, A]`.
        values: estimated returns, `[N, S]`; zero if there are none.
    """

    views: Float[Array, "*b"] = eqx.field(converter=real)
    tokens: Int[Array, "*b"] = eqx.field(converter=count)
    log_policy: Float[Array, "*b"] = eqx.field(converter=real)
    values: Float[Array, "*b"] = eqx.field(converter=real)

    def embed(self, view: Float[Array, "..."]) -> Solution:
        near = nearest(self.views, view)
        return Solution(self.tokens[near], self.log_policy[near], self.values[near])

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Solution, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        state = state_with(context.tokens, tokens)
        return Response(context.log_policy[state], context.values[state], memory)


def nearest(views: Float[Array, "N ..."], view: Float[Array, "..."]) -> Int[Array, ""]:
    """Return the number of the view that differs least from `view`, the first of equals.

    >>> int(nearest(jnp.array([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]), jnp.array([1.0, 0.9])))
    1
    """
    flat = views.reshape(views.shape[0], -1)
    return jnp.argmin(jnp.sum((flat - view.ravel()[None]) ** 2, axis=-1))


def compile_agent(
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    levels: Level,
) -> CompiledTable:
    """Return the lookup table of what `agent` does in each state of `levels`.

    An agent with memory is asked in every state as at the start of an episode.

    Args:
        agent: whom to copy.
        world: whose levels they are.
        levels: with a leading axis `N` on every array.
    """
    return _compile(agent, world, levels)


@eqx.filter_jit
def _compile(
    agent: AbstractAgent, world: AbstractSolvableWorld[Level, State], levels: Level
) -> CompiledTable:
    def one(level: Level) -> CompiledTable:
        table = solve.tabulate(world, level)
        context, memory = agent.embed(table.view), agent.initial_memory()
        answers = jax.vmap(agent, (None, 0, None))(context, table.tokens, memory)
        log_policy = jax.nn.log_softmax(answers.logits)
        return CompiledTable(table.view, table.tokens, log_policy, answers.value)

    return jax.lax.map(one, levels)


def compile_policy(
    policy: Callable[[np.ndarray, np.ndarray], ArrayLike],
    world: AbstractSolvableWorld[Level, State],
    levels: Level,
) -> CompiledTable:
    """Return the lookup table of a Python function, which need not know JAX.

    Args:
        policy: is given the view of a level and the tokens of all its states, `[S, K]`,
            and returns their action probabilities, `[S, A]`.
        world: whose levels they are.
        levels: with a leading axis `N` on every array.

    Raises:
        ValueError: if what it returns are not probabilities of that shape.

    >>> from goalscope.worlds.corner import Corner
    >>> from goalscope.worlds.fixed_levels import FixedLevels
    >>> world = FixedLevels.sample(jax.random.key(0), Corner(size=3), num_levels=2)
    >>> def always_up(view, tokens):
    ...     return [[1.0, 0.0, 0.0, 0.0]] * len(tokens)
    >>> compile_policy(always_up, world, world.levels).log_policy.shape
    (2, 9, 4)
    """
    tables = eqx.filter_jit(jax.vmap(solve.tabulate, (None, 0)))(world, levels)
    views, tokens = np.asarray(tables.view), np.asarray(tables.tokens)
    shape = (world.num_states, world.num_actions)
    each = [
        _probabilities(policy(*seen), shape) for seen in zip(views, tokens, strict=True)
    ]
    log_policy = np.log(np.maximum(np.stack(each), SMALLEST))
    return CompiledTable(views, tokens, log_policy, np.zeros(log_policy.shape[:-1]))


def _probabilities(given: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    """Return what a policy gave, if it is a probability for each state and action."""
    chances = np.asarray(given, np.float32)
    if chances.shape != shape:
        raise ValueError(
            f"the policy returned shape {chances.shape}; it must give a probability for "
            f"each state and action, {shape}"
        )
    sums = chances.sum(axis=-1)
    if chances.min() < 0 or not np.allclose(sums, 1, atol=1e-4):
        raise ValueError(
            f"the policy returned numbers from {chances.min():g} with sums from "
            f"{sums.min():g} to {sums.max():g}; probabilities are at least 0 and add to 1"
        )
    return chances
