"""PPO over a population as it is usually written in JAX: the reference of our speed.

The algorithm, the work and the sizes are those of `goalscope.training.ppo.PPO`. What
differs is how it is written: observations are one-hot floats that are stored and go through
a dense layer at every step; every step splits keys for every environment; actions come
from `jax.random.categorical`; minibatches from `jax.random.permutation`; and agents are
one plain `vmap` on one device.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from goalscope.goals import Goal
from goalscope.training.ppo import PPO
from goalscope.worlds.base import AbstractWorld

Params = list[tuple[Array, Array]]


class Steps(NamedTuple):
    """What was sampled, `[T, B]`."""

    seen: Array
    actions: Array
    log_probs: Array
    values: Array
    rewards: Array
    ended: Array


def init(rng: np.random.Generator, world: AbstractWorld, widths: Sequence[int]) -> Params:
    """Return the parameters of a perceptron, layers from bottom to top, then the heads."""
    inputs = int(np.prod(world.level_shape)) + sum(world.token_sizes)
    shapes = [*itertools.pairwise([inputs, *widths])]
    shapes += [(widths[-1], world.num_actions), (widths[-1], 1)]
    weights = [rng.standard_normal(shape) / shape[0] ** 0.5 for shape in shapes]
    weights[-2] *= 0.01
    return [(jnp.float32(weight), jnp.zeros(weight.shape[1])) for weight in weights]


def respond(params: Params, observation: Float[Array, "... D"]) -> tuple[Array, Array]:
    """Return logits and value."""
    *layers, policy, value = params
    for weight, bias in layers:
        observation = jnp.tanh(observation @ weight + bias)
    logits = observation @ policy[0] + policy[1]
    return logits, (observation @ value[0] + value[1])[..., 0]


def observe(world: AbstractWorld, level: PyTree, state: PyTree) -> Float[Array, " D"]:
    """Return everything that is seen as one vector of floats."""
    tokens = world.observe_state(level, state)
    sizes = world.token_sizes
    hot = [jax.nn.one_hot(token, size) for token, size in zip(tokens, sizes, strict=True)]
    return jnp.concatenate([world.observe_level(level).ravel(), *hot])


def log_probability(logits: Float[Array, "N A"], actions: Int[Array, " N"]) -> Array:
    """Return the log-probabilities of the actions."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits), actions[:, None], 1)[:, 0]


def sample(
    key: Key[Array, ""], params: Params, world: AbstractWorld, goal: Goal, ppo: PPO
) -> tuple[Steps, Float[Array, " B"]]:
    """Return steps in fresh levels, and the values after the last of them."""
    k_levels, k_steps = jax.random.split(key)
    k_each = jax.random.split(k_levels, ppo.num_environments)
    levels = jax.vmap(world.sample_level)(k_each)
    starts = jax.vmap(world.reset)(levels)
    see = jax.vmap(lambda level, state: observe(world, level, state))

    def step(carry, _):
        key, states = carry
        key, k_act, k_env = jax.random.split(key, 3)
        seen = see(levels, states)
        logits, values = respond(params, seen)
        actions = jax.random.categorical(k_act, logits)
        keys = jax.random.split(k_env, ppo.num_environments)
        after = jax.vmap(world.step)(keys, levels, states, actions)
        features = jax.vmap(world.features)(levels, states, actions, after)
        ended = jax.vmap(world.terminal)(levels, after)
        log_probs = log_probability(logits, actions)
        row = Steps(seen, actions, log_probs, values, goal.reward(features), ended)
        return (key, jnp.where(ended, starts, after)), row

    carry, steps = jax.lax.scan(step, (k_steps, starts), None, ppo.num_steps)
    return steps, respond(params, see(levels, carry[1]))[1]


def advantages(steps: Steps, last: Float[Array, " B"], ppo: PPO) -> Float[Array, "T B"]:
    """Return generalised advantages."""

    def back(carry, item):
        advantage, following = carry
        value, reward, going = item
        error = reward + ppo.discount * following * going - value
        advantage = error + ppo.discount * ppo.trace * going * advantage
        return (advantage, value), advantage

    items = (steps.values, steps.rewards, 1.0 - steps.ended)
    return jax.lax.scan(back, (jnp.zeros_like(last), last), items, reverse=True)[1]


def loss(
    params: Params, steps: Steps, advantage: Array, target: Array, ppo: PPO
) -> Float[Array, ""]:
    """Return the clipped loss of one minibatch."""
    logits, values = respond(params, steps.seen)
    every = jax.nn.log_softmax(logits)
    ratio = jnp.exp(log_probability(logits, steps.actions) - steps.log_probs)
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    within = jnp.clip(ratio, 1 - ppo.clip, 1 + ppo.clip)
    gain = jnp.minimum(ratio * advantage, within * advantage).mean()
    near = steps.values + jnp.clip(values - steps.values, -ppo.clip, ppo.clip)
    errors = jnp.maximum((values - target) ** 2, (near - target) ** 2)
    entropy = -(jnp.exp(every) * every).sum(-1).mean()
    return -gain + ppo.value_weight * 0.5 * errors.mean() - ppo.entropy * entropy


def make_update(world: AbstractWorld, goal: Goal, ppo: PPO) -> tuple[Callable, Callable]:
    """Return `init(params)` of the optimiser and `update(key, params, optimiser)`."""
    clip = optax.clip_by_global_norm(float(ppo.max_norm))
    adam = optax.chain(clip, optax.adam(float(ppo.learning_rate), eps=1e-5))

    def minibatch(carry, data):
        params, optimiser = carry
        gradient = jax.grad(loss)(params, *data, ppo)
        updates, optimiser = adam.update(gradient, optimiser)
        return (optax.apply_updates(params, updates), optimiser), None

    def update(key, params, optimiser):
        k_sample, k_shuffle = jax.random.split(key)
        steps, last = sample(k_sample, params, world, goal, ppo)
        advantage = advantages(steps, last, ppo)
        data = (steps, advantage, advantage + steps.values)
        flat = jax.tree.map(lambda x: x.reshape(ppo.steps_per_update, *x.shape[2:]), data)

        def epoch(carry, key):
            order = jax.random.permutation(key, ppo.steps_per_update)
            parts = jax.tree.map(
                lambda x: x[order].reshape(ppo.num_minibatches, -1, *x.shape[1:]), flat
            )
            return jax.lax.scan(minibatch, carry, parts)

        keys = jax.random.split(k_shuffle, ppo.num_epochs)
        (params, optimiser), _ = jax.lax.scan(epoch, (params, optimiser), keys)
        return params, optimiser, steps.rewards.mean()

    return adam.init, update


def make_population(
    world: AbstractWorld, goal: Goal, ppo: PPO, updates: int
) -> tuple[Callable, Callable]:
    """Return functions that start a population and train it for `updates`."""
    start, update = make_update(world, goal, ppo)

    def one(key, params, optimiser):
        def body(carry, key):
            params, optimiser, reward = update(key, *carry)
            return (params, optimiser), reward

        keys = jax.random.split(key, updates)
        (params, optimiser), rewards = jax.lax.scan(body, (params, optimiser), keys)
        return params, optimiser, rewards[-1]

    return jax.jit(jax.vmap(start)), jax.jit(jax.vmap(one))
