"""Which kind of agent explains decisions best: the models of each kind, weighed."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from goalscope.instruments.decisions import Decisions
from goalscope.instruments.likelihood import Evidence
from goalscope.instruments.nulls import predict
from goalscope.instruments.rival_goals import LOW

KINDS = ("one goal", "mixture", "cue switch", "outside the set", "none")
LEAKS = np.array([1e-6, 0.15, 0.3, 0.45], np.float32)
PERIODS = tuple(range(2, 10))


class Weighed(eqx.Module):
    """Log-likelihoods of the decisions of each level under the models of every kind.

    Fields:
        single: under each candidate, β and default policy (chance; habits), `[L, G, B, 2]`.
        leaking: under each candidate `a` of whose steps a part goes to `b`, `[L, G, G, C]`:
            for every part of `LEAKS` and β, equally likely.
        rivals: for the kinds "mixture", "outside the set" and "none": under each of their
            models, `[L, N]`.
        log_prior: of those, `[N]`.
        cue: which cue the agent saw, `[L]`.
    """

    single: Float[Array, "*b L G B 2"]
    leaking: Float[Array, "*b L G G C"]
    rivals: tuple[Float[Array, "*b L _"], ...]
    log_prior: tuple[Float[Array, "*b _"], ...]
    cue: Int[Array, "*b L"]


def log_evidence(weighed: Weighed, weights: Float[Array, " L"]) -> Float[Array, " K"]:
    """Return the log marginal likelihood of each of `KINDS`, up to a common constant.

    Levels count `weights` times each. With one cue only, there is no cue switch.
    """
    in_training = weights * (weighed.cue == 0)
    after = weights - in_training
    first = jnp.tensordot(in_training, weighed.single, 1)
    second = jnp.tensordot(after, weighed.single, 1)
    together = _mean(first + second, axis=(1, 2))
    apart = _mean(first, axis=(1, 2)) + _mean(second, axis=(1, 2))
    one_goal = _mean(jnp.stack([together, apart]), axis=(0, 1))
    leaking = jnp.tensordot(in_training, weighed.leaking, 1)
    switch = _mean(leaking, axis=(2,)) + _mean(second[..., 0], axis=(1,))[None]
    num_goals = switch.shape[0]
    others = 1 - np.eye(num_goals, dtype=np.float32)
    switch = logsumexp(switch, b=others) - np.log(num_goals * (num_goals - 1))
    switch = jnp.where(jnp.any(weighed.cue > 0), switch, LOW)
    mixture, outside, none = (
        logsumexp(weights @ found + jax.nn.log_softmax(prior))
        for found, prior in zip(weighed.rivals, weighed.log_prior, strict=True)
    )
    return jnp.stack([one_goal, mixture, switch, outside, none])


def posterior(
    weighed: Weighed, weights: Float[Array, " L"], goal_share: Float[Array, ""]
) -> Float[Array, " K"]:
    """Return the posterior probability of each of `KINDS`.

    At first an agent has a goal with probability `goal_share`, of all kinds alike.
    """
    some = jnp.repeat(goal_share / (len(KINDS) - 1), len(KINDS) - 1)
    prior = jnp.log(jnp.append(some, 1 - goal_share))
    return jax.nn.softmax(log_evidence(weighed, weights) + prior)


def leaking(log_chances: Float[Array, "L T G B"]) -> Float[Array, "L G G N"]:
    """Return log-likelihoods of `(1 − ℓ) π_a + ℓ π_b` for candidates `a`, `b` and leaks."""
    own, others = log_chances[:, :, :, None], log_chances[:, :, None, :]

    def one(leak: Float[Array, ""]) -> Float[Array, "L G G B"]:
        kept = jnp.log1p(-leak) + own
        return jnp.sum(jnp.logaddexp(kept, jnp.log(leak) + others), axis=1)

    each = jax.vmap(one, out_axes=-1)(jnp.asarray(LEAKS))
    return each.reshape(*each.shape[:3], -1)


def with_rhythms(
    evidence: Evidence, decisions: Decisions, *, num_actions: int
) -> tuple[Float[Array, "L N"], Float[Array, " N"]]:
    """Return log-likelihoods and log prior of models that have no goal.

    Those of `nulls.predict`, which know what the agent sees of its state; and the same with
    the time modulo each of `PERIODS` in place of that.
    """
    time = jnp.arange(decisions.actions.shape[-1])[:, None] % np.array(PERIODS)[None]
    beats = jnp.broadcast_to(time, (*decisions.actions.shape, len(PERIODS)))
    rhythm = eqx.tree_at(lambda made: made.tokens, decisions, beats)
    rates = rhythm.rates(num_actions)
    found = predict(rates, num_actions=num_actions, token_sizes=PERIODS)
    likelihoods = jnp.concatenate([evidence.nulls, found.log_likelihoods], axis=1)
    return likelihoods, jnp.concatenate([evidence.log_prior, found.log_prior])


def _mean(logs: Float[Array, "..."], axis: tuple[int, ...]) -> Float[Array, "..."]:
    """Return the logarithm of the mean of what `logs` are the logarithms of."""
    return logsumexp(logs, axis=axis) - np.log(np.prod([logs.shape[i] for i in axis]))
