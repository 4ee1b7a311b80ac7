"""Weights of a linear utility from decisions in many levels, for many subsets at once.

The estimate of `choices.explain_choices`, with a prior, arranged to be traced: Newton's
method. What the weights do to action values, `∂Q/∂w = φ + γ E_π ∂V/∂w′`, solves the
equation of a policy's values.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.tabular.process import AbstractProcess
from goalscope.tabular.soft import evaluate, log_policy, occupancy, soft_values

MAX_STEPS = 40
STILL = 1e-2
"""Length of a step, in posterior standard deviations, after which none follows: the error
that is left is about its square."""
TOLERANCE = 1e-5


class Planned(NamedTuple):
    """What planning for some weights found, and the next planning begins with.

    Fields:
        values: soft values, `[N, B]`.
        slopes: of the values in the weights, `[N, G, B]`.
        owed: visits that decisions led to beyond those expected, discounted, `[N, B]`.
    """

    values: Float[Array, "N B"]
    slopes: Float[Array, "N G B"]
    owed: Float[Array, "N B"]


class Scored(NamedTuple):
    """Where the likelihood stands at some weights, and what helps to move on.

    Fields:
        score: slope of the log-posterior, `[B, G]`.
        expected, observed: its curvature, `[B, G, G]`; the second may be indefinite.
        cautious: a curvature that is at least the observed one, and never negative.
    """

    score: Float[Array, "B G"]
    expected: Float[Array, "B G G"]
    observed: Float[Array, "B G G"]
    cautious: Float[Array, "B G G"]


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
    have the prior `Normal(0, prior_sd²)`. Everything is computed in units of the most that
    each utility is anywhere, so that its own units do not matter. Steps that would change a
    weight by more than 3 and half the largest one are shortened. Covariances are inverse
    expected information (Laplace).
    """
    most = jnp.max(jnp.abs(utilities), axis=(0, 1))
    unit = jnp.where(most > 0, most, 1.0)
    utilities = utilities / unit[None, None]
    precision = 1 / (prior_sd * unit) ** 2

    def look(weights, guess, tolerance):
        return _look(process, utilities, counts, discount, weights, guess, tolerance)

    def unfinished(carry):
        return (carry[0] < MAX_STEPS) & (carry[1] > STILL)

    def step(carry):
        number, last, weights, guess = carry
        planned, scored = look(weights, guess, jnp.clip(last * 1e-3, TOLERANCE, 1e-2))
        change, length = _newton(_with_prior(scored, weights, precision))
        longest = 3 + jnp.max(jnp.abs(weights), axis=0, keepdims=True) / 2
        furthest = jnp.max(jnp.abs(change), axis=0, keepdims=True)
        change = change * jnp.minimum(1, longest / jnp.maximum(furthest, 1e-6))
        return number + 1, jnp.max(length), weights + change, planned

    (states, _, batch), goals, kind = counts.shape, utilities.shape[-1], counts.dtype
    shapes = (states, batch), (states, goals, batch), (states, batch)
    guess = Planned(*(jnp.zeros(shape, kind) for shape in shapes))
    first = (0, jnp.asarray(jnp.inf, kind), jnp.zeros((goals, batch), kind), guess)
    _, _, weights, guess = jax.lax.while_loop(unfinished, step, first)
    _, scored = look(weights, guess, jnp.asarray(TOLERANCE, kind))
    information = _with_prior(scored, weights, precision).expected
    return weights / unit[:, None], jnp.linalg.inv(information) / jnp.outer(unit, unit)[
        None
    ]


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


def _look(
    process: AbstractProcess,
    utilities: Float[Array, "N A G"],
    counts: Float[Array, "N A B"],
    discount: Float[Array, ""] | float,
    weights: Float[Array, "G B"],
    guess: Planned,
    tolerance: Float[Array, ""],
) -> tuple[Planned, Scored]:
    """Return plans for these weights, and what decisions say of them, without prior.

    With `n(s)` decisions in a state, `C(s)` the covariance of `∂Q/∂w` under the policy, and
    `m` the discounted visits to where decisions led beyond where the policy would have, the
    expected information is `Σ n C`, the observed one `Σ (n − m) C`.
    """
    rewards = _rewards(utilities, weights)
    values = soft_values(
        process, rewards, discount, guess=guess.values, tolerance=tolerance
    )
    policy = jnp.exp(log_policy(process, rewards, values, discount))
    shape = (*utilities.shape, policy.shape[-1])
    acting = jnp.broadcast_to(policy[:, :, None], shape)
    paid = jnp.broadcast_to(utilities[..., None], shape)
    slopes = evaluate(
        process, acting, paid, discount, guess=guess.slopes, tolerance=tolerance
    )
    each = utilities[..., None] + discount * process.expect(slopes)
    apart = each - jnp.sum(policy[:, :, None] * each, axis=1, keepdims=True)
    made = jnp.sum(counts, axis=1)
    begin = discount * process.push(counts - made[:, None] * policy)
    owed = occupancy(
        process, policy, discount, start=begin, guess=guess.owed, tolerance=10 * tolerance
    )
    score = jnp.einsum("nab,nagb->bg", counts, apart, precision="highest")

    def curvature(visits: Float[Array, "N B"]) -> Float[Array, "B G G"]:
        weighed = (visits[:, None] * policy)[:, :, None] * apart
        return jnp.einsum("nagb,nahb->bgh", weighed, apart, precision="highest")

    shares = made, made - owed, jnp.maximum(made - owed, 0)
    return Planned(values, slopes, owed), Scored(score, *map(curvature, shares))


def _with_prior(
    scored: Scored, weights: Float[Array, "G B"], precision: Float[Array, " G"]
) -> Scored:
    prior = jnp.diag(precision)[None]
    curvatures = (each + prior for each in scored[1:])
    return Scored(scored.score - weights.T * precision[None], *curvatures)


def _newton(scored: Scored) -> tuple[Float[Array, "G B"], Float[Array, " B"]]:
    """Return Newton's steps, and their lengths in posterior standard deviations.

    Where the log-posterior is not concave, the cautious curvature stands in.
    """
    concave = jnp.all(jnp.isfinite(jnp.linalg.cholesky(scored.observed)), axis=(1, 2))
    curvature = jnp.where(concave[:, None, None], scored.observed, scored.cautious)
    change = jnp.linalg.solve(curvature, scored.score[..., None])[..., 0]
    gained = jnp.sum(change * scored.score, axis=1)
    return change.T, jnp.sqrt(jnp.maximum(gained, 0))


def _rewards(
    utilities: Float[Array, "N A G"], weights: Float[Array, "G B"]
) -> Float[Array, "N A B"]:
    paid = jnp.tensordot(utilities, weights, 1, precision="highest")
    return paid - np.log(paid.shape[1])
