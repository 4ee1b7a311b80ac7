"""How rare it is among policies drawn at random to do as well as a given one."""

from typing import NamedTuple

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

ROUNDING = 1e-5


class Task(NamedTuple):
    """What there is to earn where each action has one successor.

    Fields:
        rewards: of each transition, `[S, A]`.
        discounts: what a transition leaves of all that follows it, `[S, A]`.
        successors: number of the state after each action, `[S, A]`.
        start: number of the state in which one begins.
    """

    rewards: Float[Array, "S A"]
    discounts: Float[Array, "S A"]
    successors: Int[Array, "S A"]
    start: Int[Array, ""]


def bits_of_luck(
    key: Key[Array, ""],
    task: Task,
    target: Float[Array, ""],
    *,
    num_steps: int,
    num_particles: int = 128,
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """Return `−log₂ P[J(π) ≥ target]` of a random deterministic policy, and a flag.

    `J` is the return within `num_steps` from the start. Every state's action is uniform
    and independent. Drawing policies would not see anything rarer than one in as many as
    were drawn. Instead, particles draw the action of a state when they first come there.
    Those are dropped that no action can bring to the target any more, from the optimal
    values of the steps left, and because who comes back to a state without a reward on the
    way walks in a circle for ever; the others fill their places. The product of surviving
    shares is an unbiased estimate of the probability (multilevel splitting; Kahn & Harris
    1951), so that bits are slightly overestimated. The flag says that all were dropped at
    once: the bits are then a lower bound, with `log₂ num_particles` for that step. Consumes
    `key`.
    """
    rewards, discounts, successors, start = task
    best = _best_values(task, num_steps)
    slack = ROUNDING * jnp.maximum(jnp.max(jnp.abs(best[num_steps])), jnp.abs(target))
    num_states, num_actions = rewards.shape
    unknown = jnp.full((num_particles, num_states), -1, jnp.int8)
    here = jnp.full(num_particles, start)
    each = jnp.arange(num_particles)

    def unfinished(carry):
        time, _, (*_, live), _, extinct = carry
        return (time < num_steps) & ~extinct & jnp.any(live > 0)

    def step(carry):
        time, key, (chosen, state, quiet, earned, live), bits, _ = carry
        key, k_action, k_place = jax.random.split(key, 3)
        fresh = jax.random.randint(k_action, (num_particles,), 0, num_actions)
        action = chosen[each, state].astype(fresh.dtype)
        action = jnp.where(action < 0, fresh, action)
        chosen = chosen.at[each, state].set(action.astype(jnp.int8))
        paid = rewards[state, action]
        earned, quiet = earned + live * paid, quiet & (paid == 0)
        live = live * discounts[state, action]
        state = successors[state, action]
        live = jnp.where(quiet & (chosen[each, state] >= 0), 0.0, live)
        hope = earned + live * best[num_steps - time - 1, state]
        alive = hope >= target - slack
        number = jnp.sum(alive)
        bits = bits - jnp.log2(jnp.maximum(number, 1) / num_particles)
        parent = _parents(k_place, alive)
        particles = (chosen, state, quiet, earned, live)
        particles = jax.tree.map(lambda leaf: leaf[parent], particles)
        return time + 1, key, particles, bits, number == 0

    nothing = jnp.zeros(num_particles, rewards.dtype)
    particles = (unknown, here, nothing == 0, nothing, nothing + 1)
    begin = (0, key, particles, jnp.zeros((), rewards.dtype), jnp.array(False))
    _, _, _, bits, extinct = jax.lax.while_loop(unfinished, step, begin)
    return bits, extinct


def _best_values(task: Task, num_steps: int) -> Float[Array, "T S"]:
    """Return the best return within 0, 1, ..., `num_steps` steps."""

    def backup(values, _):
        updated = jnp.max(task.rewards + task.discounts * values[task.successors], 1)
        return updated, updated

    nothing = jnp.zeros(task.rewards.shape[0], task.rewards.dtype)
    _, values = jax.lax.scan(backup, nothing, length=num_steps)
    return jnp.concatenate([nothing[None], values])


def _parents(key: Key[Array, ""], alive: Bool[Array, " N"]) -> Int[Array, " N"]:
    """Return which particle continues in each place: all alive alike, as even as can be."""
    rank = jnp.cumsum(alive)
    count, size = rank[-1], alive.shape[0]
    offset = jax.random.uniform(key)
    wanted = jnp.floor((jnp.arange(size) + offset) * (count / size)).astype(rank.dtype)
    return jnp.minimum(jnp.searchsorted(rank, wanted + 1), size - 1)
