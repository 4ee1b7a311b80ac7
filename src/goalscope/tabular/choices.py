"""Which linear utility, and which discount, explains choices that were counted.

The decisions of one who plans softly in a known process, as in dynamic discrete choice
(Rust 1987): the likelihood of counts of actions by state, with the covariance of the
estimate, and the likelihood-ratio test of two discounts.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float
from scipy import special

from goalscope.tabular.maximum import maximise
from goalscope.tabular.process import AbstractProcess
from goalscope.tabular.soft import exact_soft_values, log_policy


class Choice(NamedTuple):
    """The utility that makes choices likeliest.

    Fields:
        weights: of the features, `[F]`.
        covariance: of the weights, the inverse of the information in the choices, `[F, F]`.
        log_likelihood: of the choices, nats.
    """

    weights: Float[Array, " F"]
    covariance: Float[Array, "F F"]
    log_likelihood: float


def log_likelihood(
    process: AbstractProcess,
    features: Float[Array, "S A F"],
    weights: Float[Array, " F"],
    counts: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return `Σ_{s,a} n(s,a) log π_w(a|s)`.

    Differentiable in everything, the process included: a likelihood that also counts
    transitions gives joint standard errors.
    """
    rewards = jnp.tensordot(features, weights, 1, precision="highest")
    values = exact_soft_values(process, rewards, discount)
    return jnp.sum(counts * log_policy(process, rewards, values, discount))


def explain_choices(
    process: AbstractProcess,
    features: Float[Array, "S A F"],
    counts: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
    *,
    guess: Float[Array, " F"] | None = None,
) -> Choice:
    """Return the weights of the linear utility that makes `counts` of choices likeliest.

    At temperature 1: weights are in nats. Features should be of similar size. The maximum
    found is the one above `guess`; without discount there is only one. Not traceable (see
    `maximise`).
    """

    def objective(weights):
        return log_likelihood(process, features, weights, counts, discount)

    begin = jnp.zeros_like(features[0, 0]) if guess is None else guess
    found = maximise(objective, begin, tolerance=1e-7)
    information = -np.asarray(jax.jit(jax.hessian(objective))(found.where))
    covariance = jnp.asarray(np.linalg.inv(information))
    return Choice(found.where, covariance, found.value)


def likelihood_ratio(
    one: float, other: float, *, num_freed: int = 1
) -> tuple[float, float]:
    """Return `2 |ΔlogL|` of two nested models and its probability by chance.

    A likelihood where a parameter is free, or set to what is claimed, against one where it
    is set to something else: a planner against one with discount 0, who is myopic.

    >>> ratio, p = likelihood_ratio(-6055.250, -6061.641)  # Rust 1987, Table IX
    >>> round(ratio, 3), round(p, 5)
    (12.782, 0.00035)
    """
    ratio = 2 * abs(one - other)
    return ratio, float(special.chdtrc(num_freed, ratio))
