"""Agent + world + key -> what happened: one episode, or many steps in many levels."""

from typing import Generic

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent, Context, Memory
from goalscope.answers import answered
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractWorld, Level, State

POLICIES = ("sampled", "greedy")
"""How an agent's preferences become an action."""


class Trajectory(eqx.Module, Generic[State]):
    """What happened, step by step: one episode, or episodes one after the other.

    Fields:
        tokens: state part of the observation before the step, `[T, K]`.
        actions: what the agent did, `[T]`.
        log_probs: logarithm of the probability that it would, `[T]`; zero where there was
            no step.
        values: its estimate of its return from before the step, `[T]`.
        features: what the step made happen, `[T, F]`; zero where there was no step.
        happened: whether there was a step: false after the end of an episode, `[T]`.
        terminal: whether the step ended its episode, `[T]`.
        cut: whether the episode was cut off after the step without having ended, `[T]`.
        states: the state before the step, `[T]`.
    """

    tokens: Int[Array, "*b K"]
    actions: Int[Array, "*b"]
    log_probs: Float[Array, "*b"]
    values: Float[Array, "*b"]
    features: Float[Array, "*b F"]
    happened: Bool[Array, "*b"]
    terminal: Bool[Array, "*b"]
    cut: Bool[Array, "*b"]
    states: State


class Experience(eqx.Module):
    """Steps of many episodes for learning, with axes `T` (time) and `B` (environments).

    Fields:
        trajectory: the steps, where an episode also ends when its goal has been paid.
        rewards: what the goal paid for each step, `[T, B]`.
        last_values: the agent's value of the state after the last step, `[B]`.
        views: level part of the observations, `[B, ...]`.
    """

    trajectory: Trajectory
    rewards: Float[Array, "T B"]
    last_values: Float[Array, " B"]
    views: Float[Array, "B ..."]


def rollout(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractWorld[Level, State],
    level: Level,
    *,
    num_steps: int | None = None,
    policy: str = "sampled",
) -> Trajectory[State]:
    """Return one episode of `agent` in `level`, cut after `num_steps`.

    `num_steps` is also the length of what is returned, `world.horizon` unless said; an
    episode ends at the horizon at the latest. The steps after its end did not happen.
    Consumes `key`.

    >>> import numpy as np
    >>> from goalscope.agents.planted import uniform
    >>> from goalscope.worlds.corner import Corner
    >>> world = Corner(size=3, horizon=8)
    >>> level = world.sample_level(jax.random.key(0))
    >>> agent = uniform(np.random.default_rng(0), world)
    >>> rollout(jax.random.key(1), agent, world, level).features.shape
    (8, 4)
    """
    if policy not in POLICIES:
        raise ValueError(f"no policy {policy!r}; choose one of {', '.join(POLICIES)}")
    length = world.horizon if num_steps is None else num_steps
    context = agent.embed(world.observe_level(level))
    draws = _draw(key, (length,))

    def step(carry, item):
        now, going = carry
        time, draw = item
        after, made = _interact(agent, world, level, context, now, draw, policy)
        terminal = going & world.terminal(level, after[0])
        cut = going & ~terminal & (time + 1 >= min(length, world.horizon))
        tokens, action, log_prob, value, features = made
        log_prob, features = (jnp.where(going, x, 0.0) for x in (log_prob, features))
        made = (tokens, action, log_prob, value, features)
        row = Trajectory(*made, going, terminal, cut, now[0])
        return (after, going & ~terminal & ~cut), row

    state = world.reset(level)
    begin = ((state, agent.initial_memory()), ~world.terminal(level, state))
    steps = jax.lax.scan(step, begin, (jnp.arange(length), draws))[1]
    return eqx.tree_at(lambda steps: steps.log_probs, steps, answered(steps.log_probs))


def collect(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractWorld[Level, State],
    goal: Goal,
    levels: Level,
    *,
    num_steps: int,
) -> Experience:
    """Return `num_steps` of `agent` in each of `levels`, which have a leading axis `B`.

    An episode that ends starts again in the same level. It ends in a terminal state, and
    when a goal that pays `once` has paid: what follows is worth nothing to that goal, as
    in `solve`. All episodes are cut off after the last step. Consumes `key`.

    Raises `ValueError` if `num_steps` exceeds the horizon of the world.
    """
    if not 1 <= num_steps <= world.horizon:
        raise ValueError(
            f"num_steps={num_steps}: must lie in [1, {world.horizon}], the horizon of "
            f"{type(world).__name__}; for more steps an update, take more environments"
        )
    views = jax.vmap(world.observe_level)(levels)
    starts = jax.vmap(world.reset)(levels)
    count = jax.tree.leaves(levels)[0].shape[0]
    draws = _draw(key, (num_steps, count))
    contexts = jax.vmap(agent.embed)(views)
    memory = agent.initial_memory()

    def one(level, context, start, now, draw, is_last):
        after, made = _interact(agent, world, level, context, now, draw, "sampled")
        reward = goal.reward(made[-1])
        ended = world.terminal(level, after[0]) | (goal.once & (reward != 0))
        fresh = (start, memory)
        after = jax.tree.map(lambda new, old: jnp.where(ended, new, old), fresh, after)
        row = Trajectory(*made, jnp.array(True), ended, is_last & ~ended, now[0])
        return after, (row, reward)

    def step(now, item):
        return jax.vmap(one, (0, 0, 0, 0, 0, None))(levels, contexts, starts, now, *item)

    begin = (starts, jax.tree.map(lambda leaf: jnp.stack([leaf] * count), memory))
    items = (draws, jnp.arange(num_steps) == num_steps - 1)
    after, (steps, rewards) = jax.lax.scan(step, begin, items)
    tokens = jax.vmap(world.observe_state)(levels, after[0])
    last_values = jax.vmap(agent)(contexts, tokens, after[1]).value
    return Experience(steps, rewards, last_values, views)


def _interact(
    agent: AbstractAgent[Context, Memory],
    world: AbstractWorld[Level, State],
    level: Level,
    context: Context,
    now: tuple[State, Memory],
    draw: tuple[Float[Array, ""], Key[Array, ""]],
    policy: str,
) -> tuple[tuple[State, Memory], tuple[Array, Array, Array, Array, Array]]:
    """Return state and memory after one step, and the first fields of a `Trajectory`."""
    (state, memory), (uniform, key) = now, draw
    tokens = world.observe_state(level, state)
    response = agent(context, tokens, memory)
    greedy = policy == "greedy"
    action = jnp.argmax(response.logits) if greedy else choose(uniform, response.logits)
    action = action.astype(jnp.int32)
    log_prob = log_probability(response.logits, action)
    successor = world.step(key, level, state, action)
    features = world.features(level, state, action, successor)
    made = (tokens, action, log_prob, response.value, features)
    return (successor, response.memory), made


def choose(uniform: Float[Array, ""], logits: Float[Array, " A"]) -> Int[Array, ""]:
    """Return an action drawn from `softmax(logits)` with one uniform number in [0, 1).

    By inversion of the cumulative distribution; never an action of probability zero. Of
    logits that are no distribution it is some action.
    """
    cumulative = jnp.cumsum(jnp.exp(logits - jnp.max(logits)))
    below = jnp.sum(uniform * cumulative[-1] >= cumulative, dtype=jnp.int32)
    return jnp.minimum(below, logits.shape[0] - 1)  # how NaN compares is the compiler's


def log_probability(
    logits: Float[Array, "*b A"], actions: Int[Array, "*b"]
) -> Float[Array, "*b"]:
    """Return `log softmax(logits)[actions]`, without a gather."""
    numbers = jax.lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1)
    taken = actions[..., None] == numbers
    return jnp.sum(jnp.where(taken, jax.nn.log_softmax(logits), 0.0), axis=-1)


def _draw(
    key: Key[Array, ""], shape: tuple[int, ...]
) -> tuple[Float[Array, "..."], Key[Array, "..."]]:
    """Return all random numbers of a rollout at once: for the agent, and for the world."""
    k_agent, k_world = jax.random.split(key)
    return jax.random.uniform(k_agent, shape), jax.random.split(k_world, shape)
