"""How much of a policy's behaviour a utility predicts (maximum-entropy goal-directedness).

For a utility `U`, the policies that maximise causal entropy subject to an expected utility
are the soft-optimal ones, `π_β`. A policy `π` is as goal-directed with respect to `U` as
the best of them predicts it better than chance does (MacDermott, Fox, Belardinelli and
Everitt 2024):

`MEG_U(π) = max_β Σ_{s,a} d_π(s,a) [log π_β(a|s) − log 1/A] = max_β β E_π U − μ·V_β`

with the discounted occupancy `d_π` and soft values `V_β` relative to uniform behaviour. It
lies between 0 and `log A` times the (discounted) number of decisions. It cannot tell a goal
from its opposite: the sign of β does.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float

from goalscope.tabular.maximum import maximise
from goalscope.tabular.process import AbstractProcess
from goalscope.tabular.soft import evaluate, log_policy, occupancy, soft_values

LARGEST = 1e4
NOTHING = 1e-9
ROUNDING = 64


class Directedness(NamedTuple):
    """What the best β of a utility is, and what it predicts, `*b` utilities at once.

    Fields:
        nats: maximum-entropy goal-directedness, discounted nats.
        share: of what is possible, in [0, 1].
        inverse_temperature: β, signed; nats per unit of utility.
        capped: whether β wants to be larger than was allowed: the policy is as good (or as
            bad) for the utility as can be, and `nats` is a lower bound.
    """

    nats: Float[Array, "*b"]
    share: Float[Array, "*b"]
    inverse_temperature: Float[Array, "*b"]
    capped: Bool[Array, "*b"]


def known_utility(
    process: AbstractProcess,
    flow: Float[Array, "S A *b"],
    utilities: Float[Array, "S A *b"],
    discount: Float[Array, ""] | float,
    *,
    largest: float = LARGEST,
    num_halvings: int = 50,
    tolerance: float = 0.0,
) -> Directedness:
    """Return how goal-directed behaviour is with respect to each of `utilities`.

    Args:
        process: where actions lead; `start` is where `flow` starts.
        flow: discounted occupancy `d_π(s,a)` of states and actions (see `visits`).
        utilities: what each transition is worth.
        discount: γ of the flow and of the plans.
        largest: largest |β| tried.
        num_halvings: of the interval of β, in the scale of `asinh β`.
        tolerance: of the values of each β, in nats.

    The expected utility of `π_β` grows with β, so the best β is where it equals that of
    the behaviour: a root in one dimension. A utility that behaviour cannot influence, so
    that no β expects more than another, has β = 0 and predicts nothing.
    """
    wanted = jnp.sum(flow * utilities, axis=(0, 1))
    edge = float(np.arcsinh(largest))
    slack = ROUNDING * jnp.finfo(flow.dtype).eps * jnp.sum(flow * jnp.abs(utilities))

    def planned(level, guess):
        beta = jnp.sinh(level)
        rewards = beta[None, None] * utilities - np.log(utilities.shape[1])
        values = soft_values(
            process, rewards, discount, guess=guess[0], tolerance=tolerance
        )
        policy = jnp.exp(log_policy(process, rewards, values, discount))
        worth = evaluate(
            process, policy, utilities, discount, guess=guess[1], tolerance=tolerance
        )
        return values, worth

    def halve(_, carry):
        low, high, guess, (least, most) = carry
        middle = (low + high) / 2
        guess = planned(middle, guess)
        expected = jnp.tensordot(process.start, guess[1], 1)
        missing = wanted - expected
        more = jnp.where(middle > 0, missing >= -slack, missing > slack)
        ends = jnp.minimum(least, expected), jnp.maximum(most, expected)
        return jnp.where(more, middle, low), jnp.where(more, high, middle), guess, ends

    bound = jnp.full_like(wanted, edge)
    zeros = jnp.zeros_like(utilities[:, 0])
    begin = -bound, bound, (zeros, zeros), (wanted, wanted)
    low, high, guess, (least, most) = jax.lax.fori_loop(0, num_halvings, halve, begin)
    influenced = most - least > slack
    level = (low + high) / 2
    values, _ = planned(level, guess)
    nats = jnp.sinh(level) * wanted - jnp.tensordot(process.start, values, 1)
    most = jnp.sum(flow, axis=(0, 1)) * np.log(utilities.shape[1])
    something = influenced & (nats > NOTHING * most)
    nats = jnp.where(something, nats, 0)
    beta = jnp.where(something, jnp.sinh(level), 0)
    capped = something & (jnp.abs(level) > edge * (1 - 0.5**10))
    return Directedness(nats, nats / jnp.maximum(most, 1e-30), beta, capped)


def visits(
    process: AbstractProcess,
    policy: Float[Array, "S A *b"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A *b"]:
    """Return the discounted occupancy `d_π(s,a)` of states and actions."""
    return occupancy(process, policy, discount)[:, None] * policy


def linear_class(
    process: AbstractProcess,
    flow: Float[Array, "S A"],
    features: Float[Array, "S A F"],
    discount: Float[Array, ""] | float,
    *,
    ridge: float = 1e-6,
) -> tuple[Directedness, Float[Array, " F"]]:
    """Return goal-directedness for the best linear utility `w·φ`, and its weights.

    `max_w d_π·(φ w) − μ·V_w − ridge ‖w‖²/2`, which is concave. β is absorbed in the weights
    and so reads 1. With as many features as states almost every deterministic policy is
    the best for some utility: judge such a class on decisions that it was not fitted to.
    Not traceable (see `maximise`).
    """
    expected = jnp.tensordot(flow, features, ((0, 1), (0, 1)), precision="highest")
    num_actions = flow.shape[1]

    def objective(weights):
        rewards = jnp.tensordot(features, weights, 1) - np.log(num_actions)
        value = start_value(process, rewards, discount)
        return expected @ weights - value - ridge * jnp.sum(weights**2) / 2

    guess = jnp.zeros(features.shape[-1], features.dtype)
    weights = maximise(objective, guess).where
    nats = objective(weights) + ridge * jnp.sum(weights**2) / 2
    share = nats / (jnp.sum(flow) * np.log(num_actions))
    one = jnp.ones((), features.dtype)
    return Directedness(nats, share, one, jnp.array(False)), weights


@jax.custom_jvp
def start_value(
    process: AbstractProcess,
    rewards: Float[Array, "S A"],
    discount: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return `μ·V`, whose derivative in the rewards is the soft policy's occupancy.

    Not differentiable in the other arguments: their derivative is taken to be zero.
    """
    return process.start @ soft_values(process, rewards, discount)


@start_value.defjvp
def _start_value_jvp(
    primals: tuple, tangents: tuple
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    process, rewards, discount = primals
    values = soft_values(process, rewards, discount)
    policy = jnp.exp(log_policy(process, rewards, values, discount))
    slope = jnp.sum(visits(process, policy, discount) * tangents[1])
    return process.start @ values, slope
