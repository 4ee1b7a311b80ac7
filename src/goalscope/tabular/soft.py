"""Soft-optimal values and policies at temperature 1, and how often states are visited.

`Q(s,a) = r(s,a) + γ E V(s′)`, `V(s) = log Σ_a exp Q(s,a)`, `π(a|s) = exp(Q − V)` (Ziebart
2010). The entropy is not relative to anything: subtract `log A` from the rewards for
entropy relative to uniform behaviour, which makes it free to end an episode.
"""

from collections.abc import Callable

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.tabular.process import AbstractProcess

MAX_STEPS = 20_000
MAX_NEWTON = 60


def action_values(
    process: AbstractProcess,
    rewards: Float[Array, "S A *b"],
    values: Float[Array, "S *b"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A *b"]:
    """Return `Q(s,a) = r(s,a) + γ E V(s′)`."""
    return rewards + discount * process.expect(values)


def soft_values(
    process: AbstractProcess,
    rewards: Float[Array, "S A *b"],
    discount: Float[Array, ""] | float,
    *,
    guess: Float[Array, "S *b"] | None = None,
    tolerance: Float[Array, ""] | float = 0.0,
) -> Float[Array, "S *b"]:
    """Return the soft values `V`, iterated from `guess` (or zero) until they stand still.

    They are off by at most `tolerance`, or by what rounding leaves where that is more, and
    NaN where they still move after `MAX_STEPS` steps: for a discount near 1 see
    `exact_soft_values`.

    >>> from goalscope.tabular.process import DeterministicProcess
    >>> one = DeterministicProcess(jnp.ones(1), jnp.zeros((1, 2), int), jnp.ones((1, 2)))
    >>> round(float(soft_values(one, jnp.zeros((1, 2)), 0.5)[0]), 4)  # log 2 / (1 − γ)
    1.3863
    """

    def backup(values):
        return soft_maximum(action_values(process, rewards, values, discount))

    begin = jnp.zeros_like(rewards[:, 0]) if guess is None else guess
    return _iterate(backup, begin, discount, tolerance)


def exact_soft_values(
    process: AbstractProcess,
    rewards: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
) -> Float[Array, " S"]:
    """Return the soft values by Newton's method: exact at any discount below 1.

    Differentiable any number of times in all arguments (implicit function theorem). Solves
    `S` linear equations a step, so `S` is a few hundred at most.
    """

    def residual(values):
        return _backed_up(process, rewards, values, discount) - values

    def solve(residual, values):
        def unfinished(carry):
            _, change, step = carry
            scale = 1 + jnp.max(jnp.abs(carry[0]))
            return (change > 8 * jnp.finfo(values.dtype).eps * scale) & (step < MAX_NEWTON)

        def newton(carry):
            values, _, step = carry
            slope = jax.jacfwd(residual)(values)
            change = jnp.linalg.solve(slope, residual(values))
            return values - change, jnp.max(jnp.abs(change)), step + 1

        begin = (values, jnp.asarray(jnp.inf, values.dtype), 0)
        return jax.lax.while_loop(unfinished, newton, begin)[0]

    def tangent(linear, target):
        return jnp.linalg.solve(jax.jacfwd(linear)(jnp.zeros_like(target)), target)

    begin = jnp.zeros_like(rewards[:, 0])
    return jax.lax.custom_root(residual, begin, solve, tangent)


def log_policy(
    process: AbstractProcess,
    rewards: Float[Array, "S A *b"],
    values: Float[Array, "S *b"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A *b"]:
    """Return `log π(a|s)` of the policy that is soft-optimal for these rewards."""
    each = action_values(process, rewards, values, discount)
    return jax.nn.log_softmax(each, axis=1)


def occupancy(
    process: AbstractProcess,
    policy: Float[Array, "S A *b"],
    discount: Float[Array, ""] | float,
    *,
    start: Float[Array, "S *b"] | None = None,
    guess: Float[Array, "S *b"] | None = None,
    tolerance: Float[Array, ""] | float = 0.0,
) -> Float[Array, "S *b"]:
    """Return `d(s) = Σ_t γᵗ P(s_t = s)` from `start`, that of the process unless said.

    NaN where it still moves after `MAX_STEPS` steps.
    """
    if start is None:
        axes = (1,) * (policy.ndim - 2)
        start = jnp.broadcast_to(process.start.reshape(-1, *axes), policy[:, 0].shape)

    def forward(present):
        return start + discount * process.push(present[:, None] * policy)

    return _iterate(forward, start if guess is None else guess, discount, tolerance)


def evaluate(
    process: AbstractProcess,
    policy: Float[Array, "S A *b"],
    rewards: Float[Array, "S A *b"],
    discount: Float[Array, ""] | float,
    *,
    guess: Float[Array, "S *b"] | None = None,
    tolerance: Float[Array, ""] | float = 0.0,
) -> Float[Array, "S *b"]:
    """Return the expected discounted return of `policy` from every state.

    NaN where it still moves after `MAX_STEPS` steps.
    """
    expected = jnp.sum(policy * rewards, axis=1)

    def backup(values):
        return expected + discount * jnp.sum(policy * process.expect(values), axis=1)

    begin = jnp.zeros_like(expected) if guess is None else guess
    return _iterate(backup, begin, discount, tolerance)


def _backed_up(
    process: AbstractProcess,
    rewards: Float[Array, "S A"],
    values: Float[Array, " S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, " S"]:
    return soft_maximum(action_values(process, rewards, values, discount))


def soft_maximum(values: Float[Array, "S A *b"]) -> Float[Array, "S *b"]:
    """Return `log Σ_a exp Q(s,a)`, finite however large finite values are.

    The largest counts once, whatever rounding leaves between two computations of it.
    """
    peak = jax.lax.stop_gradient(jnp.max(values, axis=1))
    below = values - peak[:, None]
    total = jnp.sum(jnp.exp(jnp.where(below > 0, 0.0, below)), axis=1)
    return peak + jnp.log(jnp.where(total < 1, 1.0, total))


def _iterate(
    update: Callable[[Float[Array, "S *b"]], Float[Array, "S *b"]],
    begin: Float[Array, "S *b"],
    discount: Float[Array, ""] | float,
    tolerance: Float[Array, ""] | float,
) -> Float[Array, "S *b"]:
    """Return the fixed point of a contraction by `discount`, or NaN if it is far."""

    def missing(present, change):
        least = 4 * jnp.finfo(begin.dtype).eps * (1 + jnp.max(jnp.abs(present)))
        ahead = change * discount / jnp.maximum(1 - discount, 1e-6)
        return (ahead > jnp.maximum(tolerance, least)), change > least

    def unfinished(carry):
        present, change, step = carry
        return jnp.any(missing(present, change)[0]) & (step < MAX_STEPS)

    def advance(carry):
        present, _, step = carry
        updated = update(present)
        return updated, jnp.max(jnp.abs(updated - present), axis=0), step + 1

    start = (begin, jnp.full_like(begin[0], jnp.inf), 0)
    present, change, _ = jax.lax.while_loop(unfinished, advance, start)
    far, moving = missing(present, change)  # rounding alone may move values for ever
    return jnp.where((far & moving)[None], jnp.nan, present)
