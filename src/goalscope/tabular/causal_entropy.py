"""Which linear utility behaviour has, within a finite horizon (maximum causal entropy).

Of all policies with the feature expectations of the behaviour, the one of maximum causal
entropy is soft-optimal for some `r = w·φ`, and its weights maximise the concave

`w·φ̄ − μ·V_w`, `V_t(s) = log Σ_a exp[r(s,a) + γ E V_{t+1}(s′)]`, `V_T = 0`

(Ziebart 2010). The negative Hessian is the covariance of the features, so that weights come
with Laplace's interval.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from goalscope.tabular.maximum import maximise
from goalscope.tabular.process import AbstractProcess
from goalscope.tabular.soft import action_values, log_policy

NORMAL_QUANTILE = 1.96


class Weights(NamedTuple):
    """Inferred weights with their uncertainty.

    Fields:
        weights: most probable ones, `[F]`.
        covariance: of the posterior (Laplace), `[F, F]`.
        slope: largest absolute entry of the gradient there; small if it is the maximum.
    """

    weights: Float[Array, " F"]
    covariance: Float[Array, "F F"]
    slope: float

    def interval(self) -> tuple[Float[Array, " F"], Float[Array, " F"]]:
        """Return the bounds of the 95 % interval of each weight by itself."""
        margin = NORMAL_QUANTILE * jnp.sqrt(jnp.diagonal(self.covariance))
        return self.weights - margin, self.weights + margin


def soft_values_within(
    process: AbstractProcess,
    rewards: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
) -> Float[Array, "T1 S"]:
    """Return `V_t(s)` for `t = 0 … num_steps`; nothing is paid after the last decision."""

    def backup(values, _):
        each = action_values(process, rewards, values, discount)
        values = logsumexp(each, axis=1)
        return values, values

    end = jnp.zeros_like(rewards[:, 0])
    earlier = jax.lax.scan(backup, end, None, length=num_steps)[1]
    return jnp.concatenate([earlier[::-1], end[None]])


def soft_policies_within(
    process: AbstractProcess,
    rewards: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
) -> Float[Array, "T S A"]:
    """Return `π_t(a|s)` for `t = 0 … num_steps − 1`."""
    values = soft_values_within(process, rewards, discount, num_steps=num_steps)
    logs = jax.vmap(log_policy, (None, None, 0, None))(
        process, rewards, values[1:], discount
    )
    return jnp.exp(logs)


def visits_within(
    process: AbstractProcess, policies: Float[Array, "T S A"]
) -> Float[Array, "T1 S"]:
    """Return `P(s_t = s)` for `t = 0 … T`, where the last one comes after all decisions."""

    def forward(present, policy):
        after = process.push(present[:, None] * policy)
        return after, after

    later = jax.lax.scan(forward, process.start, policies)[1]
    return jnp.concatenate([process.start[None], later])


def feature_expectation(
    process: AbstractProcess,
    policies: Float[Array, "T S A"],
    features: Float[Array, "S A F"],
    discount: Float[Array, ""] | float,
) -> Float[Array, " F"]:
    """Return `Σ_t γᵗ E φ(s_t, a_t)` of time-dependent `policies`."""
    states = visits_within(process, policies)[:-1]
    weights = discount ** jnp.arange(states.shape[0], dtype=states.dtype)
    flow = jnp.einsum("t,ts,tsa->sa", weights, states, policies, precision="highest")
    return jnp.tensordot(flow, features, ((0, 1), (0, 1)), precision="highest")


def infer_weights(
    process: AbstractProcess,
    features: Float[Array, "S A F"],
    expectation: Float[Array, " F"],
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
    num_episodes: float = 1.0,
    ridge: float = 1e-6,
) -> Weights:
    """Return the weights of the linear utility that explains behaviour best.

    Args:
        process: where actions lead.
        features: `φ(s,a)`.
        expectation: `φ̄ = Σ_t γᵗ φ(s_t,a_t)`, on average over episodes.
        discount: γ.
        num_steps: decisions an episode.
        num_episodes: behind `expectation`; the uncertainty falls with its square root.
        ridge: precision of the prior of each weight, `Normal(0, 1/ridge)`.

    Weights that the features do not identify keep the uncertainty of the prior. Not
    traceable (see `maximise`).
    """

    def potential(weights):
        rewards = jnp.tensordot(features, weights, 1, precision="highest")
        values = soft_values_within(process, rewards, discount, num_steps=num_steps)
        return process.start @ values[0]

    def posterior(weights):
        likelihood = expectation @ weights - potential(weights)
        return likelihood - ridge * jnp.sum(weights**2) / (2 * num_episodes)

    found = maximise(posterior, jnp.zeros_like(expectation))
    curvature = num_episodes * jax.jit(jax.hessian(potential))(found.where)
    prior = ridge * np.eye(expectation.shape[0])
    covariance = np.linalg.inv(np.asarray(curvature, np.float64) + prior)
    return Weights(found.where, jnp.asarray(covariance, expectation.dtype), found.slope)
