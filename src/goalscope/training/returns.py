"""Returns and advantages of sampled steps, `[T]` or `[T, B]`, in which episodes may end."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float

Rate = Float[Array, ""] | float


def discounted_returns(
    rewards: Float[Array, "T *b"],
    ended: Bool[Array, "T *b"],
    discount: Rate,
) -> Float[Array, "T *b"]:
    """Return `G_t = r_t + γ (1 - ended_t) G_{t+1}`, zero beyond the last step.

    >>> discounted_returns(jnp.ones(3), jnp.array([False, True, False]), 0.5)
    Array([1.5, 1. , 1. ], dtype=float32)
    """
    return _backwards(rewards, discount * ~ended)


def generalised_advantages(
    rewards: Float[Array, "T *b"],
    values: Float[Array, "T *b"],
    next_values: Float[Array, "T *b"],
    ended: Bool[Array, "T *b"],
    discount: Rate,
    trace: Rate,
) -> Float[Array, "T *b"]:
    """Return `A_t = δ_t + γ λ (1 - ended_t) A_{t+1}` (Schulman et al. 2016).

    `δ_t = r_t + γ v′_t - v_t`, where `next_values` `v′_t` is the value of the state that
    step `t` led to: zero if the episode terminated there, and an estimate if it was cut
    off. `ended` holds for both (see `successor_values`); `trace` is λ.
    """
    errors = rewards + discount * next_values - values
    return _backwards(errors, discount * trace * ~ended)


def successor_values(
    values: Float[Array, "T *b"],
    last_values: Float[Array, "*b"],
    terminal: Bool[Array, "T *b"],
) -> Float[Array, "T *b"]:
    """Return the value of the state that each step led to; zero where it was terminal.

    `last_values` are those after the last step. Steps must follow each other except after
    a terminal one: a rollout that is cut off is cut off after its last step.
    """
    following = jnp.concatenate([values[1:], last_values[None]])
    return jnp.where(terminal, 0.0, following)


def first_episodes(ended: Bool[Array, "T B"]) -> Bool[Array, "T B"]:
    """Return whether a step belongs to the first episode of its environment.

    >>> first_episodes(jnp.array([[False], [True], [False]])).ravel().tolist()
    [True, True, False]
    """
    return jnp.cumsum(ended, axis=0) - ended == 0


def first_return(
    rewards: Float[Array, "T B"], ended: Bool[Array, "T B"]
) -> Float[Array, ""]:
    """Return the mean undiscounted reward of the first episode of each environment.

    Later episodes would favour short ones: an environment has time for more of them.
    """
    first = first_episodes(ended)
    return jnp.mean(jnp.sum(jnp.where(first, rewards, 0.0), axis=0))


def _backwards(
    terms: Float[Array, "T *b"], weights: Float[Array, "T *b"]
) -> Float[Array, "T *b"]:
    """Return `y_t = terms_t + weights_t y_{t+1}`, zero beyond the last step."""

    def step(following, item):
        term, weight = item
        total = term + weight * following
        return total, total

    zero = jnp.zeros(terms.shape[1:])
    return jax.lax.scan(step, zero, (terms, weights), reverse=True)[1]


def standardise(values: Float[Array, "*b"], *, least: float = 1e-8) -> Float[Array, "*b"]:
    """Return `values` moved to mean 0 and scaled to variance 1; 0 where all are equal.

    `least` is added to their deviation, so that small differences stay small.

    >>> standardise(jnp.full(3, 0.7)).tolist()
    [0.0, 0.0, 0.0]
    """
    moved = values - jnp.mean(values)
    rounding = 8 * jnp.finfo(values.dtype).eps * jnp.max(jnp.abs(values))
    moved = jnp.where(jnp.max(jnp.abs(moved)) > rounding, moved, 0.0)
    return moved / (jnp.std(values) + least)
