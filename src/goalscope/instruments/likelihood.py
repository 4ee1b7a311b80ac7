"""How likely an agent's decisions are under goals, and under models without a goal."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Key

from goalscope.instruments.decisions import Rates
from goalscope.instruments.nulls import predict
from goalscope.worlds.base import AbstractWorld


class Evidence(eqx.Module):
    """Log-likelihoods of the decisions of each level.

    Fields:
        goals: under each goal, β and default policy (chance; the nulls), `[L, G, B, 2]`.
        nulls: under each model without a goal, `[L, M]`.
        log_prior: of the models without a goal, `[M]`.
    """

    goals: Float[Array, "*b L G B 2"]
    nulls: Float[Array, "*b L M"]
    log_prior: Float[Array, "*b M"]


def weigh(
    decisions: Rates,
    log_policies: Float[Array, "L S A G B"],
    world: AbstractWorld,
) -> Evidence:
    """Return the log-likelihoods of decisions under all models.

    A goal `g` predicts the action `a` with probability `∝ p(a) π_{g,β}(a|s)`, where the
    default policy `p` is chance, or whatever the models without a goal have learnt on
    earlier levels.
    """
    nulls = predict(decisions, num_actions=world.num_actions, token_sizes=world.token_sizes)
    plans = jax.vmap(lambda policies, states: policies[states])(
        log_policies, decisions.states
    )
    bent = plans + jnp.log(nulls.predictions)[..., None, None]
    bent = bent - logsumexp(bent, axis=2, keepdims=True)
    taken = decisions.taken
    goals = [jnp.einsum("lpa,lpagb->lgb", taken, each) for each in (plans, bent)]
    return Evidence(jnp.stack(goals, axis=-1), nulls.log_likelihoods, nulls.log_prior)


def marginals(
    evidence: Evidence, weights: Float[Array, " L"], habit_share: Float[Array, ""]
) -> tuple[Float[Array, " G"], Float[Array, ""]]:
    """Return the log marginal likelihood of each goal, and of having none.

    Levels count `weights` times each; β and the default policy are integrated out, with
    prior probability `habit_share` that goals bend habits rather than chance.
    """
    goals = jnp.tensordot(weights, evidence.goals, 1)
    default = jnp.log(jnp.stack([1 - habit_share, habit_share]))
    goals = logsumexp(goals + default[None, None], axis=(1, 2)) - np.log(goals.shape[1])
    return goals, logsumexp(weights @ evidence.nulls + evidence.log_prior)


def posterior(
    goals: Float[Array, " G"], none: Float[Array, ""], goal_share: Float[Array, ""]
) -> Float[Array, " G+1"]:
    """Return the posterior of each goal and of none, from log marginal likelihoods.

    Having a goal has prior probability `goal_share`, in equal parts.
    """
    shares = jnp.append(
        jnp.full(goals.shape[0], goal_share / goals.shape[0]), 1 - goal_share
    )
    return jax.nn.softmax(jnp.append(goals, none) + jnp.log(shares))


def level_weights(
    key: Key[Array, ""], num_levels: int, *, num_resamples: int
) -> Float[Array, "N L"]:
    """Return random weights of levels, of mean 1: the Bayesian bootstrap (Rubin 1981).

    Consumes `key`.
    """
    draws = jax.random.exponential(key, (num_resamples, num_levels))
    return draws / jnp.mean(draws, axis=-1, keepdims=True)
