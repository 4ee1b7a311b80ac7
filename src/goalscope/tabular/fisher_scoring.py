"""Weights of a linear utility from decisions in many levels, for many subsets at once.

The estimate of `choices.explain_choices`, with a prior, arranged to be traced: Newton's
method with the expected curvature (Fisher scoring), `w ← w + I⁻¹ ∂ log L`. What the weights
do to action values, `∂Q/∂w = φ + γ E_π ∂V/∂w′`, solves the equation of a policy's values.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.tabular.process import AbstractProcess
from goalscope.tabular.soft import evaluate, log_policy, soft_values

MAX_STEPS = 16
STILL = 1e-3
TOLERANCE = 3e-3


class Scored(NamedTuple):
    """Where the likelihood stands at some weights, and what helps to move on.

    Fields:
        score: slope of the log-posterior, `[B, G]`.
        information: its expected curvature, `[B, G, G]`.
        values: soft values, `[N, B]`.
        slopes: of the values in the weights, `[N, G, B]`.
    """

    score: Float[Array, "B G"]
    information: Float[Array, "B G G"]
    values: Float[Array, "N B"]
    slopes: Float[Array, "N G B"]


def fit_weights(
    process: AbstractProcess,
    utilities: Float[Array, "N A G"],
    counts: Float[Array, "N A B"],
    discount: Float[Array, ""] | float,
    *,
    prior_sd: Float[Array, ""] | float,
) -> tuple[Float[Array, "G B"], Float[Array, "B G G"]]:
    """Return the most probable weights of `B` logs of decisions, and their covariances.

    Decisions are soft-optimal for `Σ_g w_g u_g(s,a)`, entropy relative to uniform; weights
    have the prior `Normal(0, prior_sd²)`. Steps that would change a weight by more than 3
    and half the largest one are shortened; the planning for each step is as exact as the
    step before was long. Covariances are inverse expected information (Laplace).
    """
    num_goals, batch = utilities.shape[-1], counts.shape[-1]
    prior = jnp.eye(num_goals)[None] / prior_sd**2

    def scored(weights, found, tolerance):
        policy, each, values, slopes = _plan(
            process, utilities, weights, discount, found, tolerance
        )
        mean = jnp.sum(policy[:, :, None] * each, axis=1, keepdims=True)
        apart = each - mean
        score = jnp.einsum("nab,nagb->bg", counts, apart, precision="highest")
        visits = jnp.sum(counts, axis=1, keepdims=True) * policy
        weighed = visits[:, :, None] * apart
        fisher = jnp.einsum("nagb,nahb->bgh", weighed, apart, precision="highest")
        return Scored(score - weights.T / prior_sd**2, fisher + prior, values, slopes)

    def unfinished(carry):
        number, change, _, _ = carry
        return (number < MAX_STEPS) & (change > STILL)

    def step(carry):
        number, last, weights, guess = carry
        found = scored(weights, guess, jnp.clip(last / 10, TOLERANCE, 1.0))
        change = jnp.linalg.solve(found.information, found.score[..., None])[..., 0].T
        longest = 3 + jnp.max(jnp.abs(weights), axis=0, keepdims=True) / 2
        most = jnp.max(jnp.abs(change), axis=0, keepdims=True)
        change = change * jnp.minimum(1, longest / jnp.maximum(most, 1e-6))
        kept = (found.values, found.slopes)
        return number + 1, jnp.max(jnp.abs(change)), weights + change, kept

    shape = (counts.shape[0], num_goals, batch)
    kind = counts.dtype
    guess = (jnp.zeros((shape[0], batch), kind), jnp.zeros(shape, kind))
    begin = jnp.zeros((num_goals, batch), kind)
    first = (0, jnp.asarray(jnp.inf, kind), begin, guess)
    _, _, weights, guess = jax.lax.while_loop(unfinished, step, first)
    information = scored(weights, guess, jnp.asarray(TOLERANCE, kind)).information
    return weights, jnp.linalg.inv(information)


def predicted(
    process: AbstractProcess,
    utilities: Float[Array, "N A G"],
    weights: Float[Array, "G B"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "N A B"]:
    """Return `log π_w(a|s) − log 1/A`, what each decision is worth as evidence, in nats."""
    rewards = _rewards(utilities, weights)
    values = soft_values(process, rewards, discount, tolerance=TOLERANCE)
    return log_policy(process, rewards, values, discount) + np.log(rewards.shape[1])


def _plan(
    process: AbstractProcess,
    utilities: Float[Array, "N A G"],
    weights: Float[Array, "G B"],
    discount: Float[Array, ""] | float,
    guess: tuple[Float[Array, "N B"], Float[Array, "N G B"]],
    tolerance: Float[Array, ""],
) -> tuple[Array, Array, Array, Array]:
    """Return policies, slopes of action values in the weights, values and their slopes."""
    rewards = _rewards(utilities, weights)
    values = soft_values(process, rewards, discount, guess=guess[0], tolerance=tolerance)
    policy = jnp.exp(log_policy(process, rewards, values, discount))
    shape = (*utilities.shape, policy.shape[-1])
    acting = jnp.broadcast_to(policy[:, :, None], shape)
    paid = jnp.broadcast_to(utilities[..., None], shape)
    slopes = evaluate(process, acting, paid, discount, guess=guess[1], tolerance=tolerance)
    each = utilities[..., None] + discount * process.expect(slopes)
    return policy, each, values, slopes


def _rewards(
    utilities: Float[Array, "N A G"], weights: Float[Array, "G B"]
) -> Float[Array, "N A B"]:
    paid = jnp.tensordot(utilities, weights, 1, precision="highest")
    return paid - np.log(paid.shape[1])
