"""How degenerate a minimum is: the local learning coefficient, read by sampling."""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree

from goalscope.dynamics.reduced_rank import (
    Dimensions,
    even_weights,
    exact_coefficient,
    excess_loss,
)
from goalscope.dynamics.sampler import Sampler, losses_along_chains

Parameters = TypeVar("Parameters", bound=PyTree)

FACTOR, TOLERANCE = 3.0, 0.1
"""A reading holds if it changes by no more than a tenth over a factor of three."""

NUM_BATCHES, NORMAL_QUANTILE = 5, 1.96


class Estimate(eqx.Module):
    """A learning coefficient with its 95 % interval, which is for the sampler's noise."""

    value: Float[Array, "*b"]
    lower: Float[Array, "*b"]
    upper: Float[Array, "*b"]


class CheckedEstimate(eqx.Module):
    """An estimate, and whether it may be believed.

    Fields:
        estimate: at the settings that were asked for.
        sweep: values at those settings, at `3 ε`, `ε / 3`, `3 γ` and `γ / 3`.
        plateau: whether all of the sweep agree within 10 % with the first.
        planted: whether the same sampler reads a known coefficient within 10 %.
        planted_ratio: what it read of that, as a share of the truth.
    """

    estimate: Estimate
    sweep: Float[Array, "*b 5"]
    plateau: Bool[Array, "*b"]
    planted: Bool[Array, "*b"]
    planted_ratio: Float[Array, "*b"]


def local_learning_coefficient(
    key: Key[Array, ""],
    loss: Callable[[Parameters, PyTree], Float[Array, ""]],
    parameters: Parameters,
    data: PyTree,
    *,
    sampler: Sampler,
    mask: PyTree | None = None,
) -> Estimate:
    """Return `λ̂ = nβ (E[L(w)] − L(w*))` at `w* = parameters`. Consumes `key`.

    The expectation is over `p(w) ∝ exp(−nβ L(w) − γ/2 ‖w − w*‖²)` (Lau et al. 2023). With a
    `mask`, only the parameters where it is 1 move: the coefficient restricted to a block;
    with part of the data, it is restricted to these (Wang et al. 2024). It is NaN where
    the walk leaves all bounds. A coefficient alone says little: `ε` and `γ` move it more
    than the model does; use `checked_learning_coefficient`.
    """
    losses = losses_along_chains(key, loss, parameters, data, sampler=sampler, mask=mask)
    return summarise(losses, loss(parameters, data), sampler.inverse_temperature)


def summarise(
    losses: Float[Array, "chains draws"],
    least: Float[Array, ""],
    inverse_temperature: Float[Array, ""] | float,
) -> Estimate:
    """Return the estimate from losses along chains, and the loss where they started.

    The interval is from means of batches of draws, each chain in five.
    """
    excess = inverse_temperature * (losses - least)
    batches = min(NUM_BATCHES, losses.shape[1])
    kept = excess[:, : losses.shape[1] // batches * batches]
    means = jnp.mean(kept.reshape(losses.shape[0] * batches, -1), axis=1)
    number = means.size
    value = jnp.mean(excess)
    quantile = NORMAL_QUANTILE
    if number > 1:
        quantile += (NORMAL_QUANTILE**3 + NORMAL_QUANTILE) / (4 * number - 4)
    margin = quantile * jnp.std(means) / max(number - 1, 1) ** 0.5
    bound = jnp.where(jnp.isfinite(value), value, jnp.nan)
    return Estimate(bound, bound - margin, bound + margin)


def checked_learning_coefficient(
    key: Key[Array, ""],
    loss: Callable[[Parameters, PyTree], Float[Array, ""]],
    parameters: Parameters,
    data: PyTree,
    *,
    sampler: Sampler,
    planted: Dimensions,
    mask: PyTree | None = None,
) -> CheckedEstimate:
    """Return the coefficient with the two checks without which it is not to be believed.

    The sampler is run at five settings: as asked for, and with `ε` and `γ` three times
    larger and smaller, with the same noise. The reading has a *plateau* if none of the
    others differs from it by more than 10 %; it is *planted* if the same sampler reads the
    known coefficient of a reduced-rank regression of dimensions `planted` (see
    `reduced_rank.similar`) within 10 % too. Consumes `key`.
    """
    k_sample, k_planted = jax.random.split(key)

    def at(step_size: Float[Array, ""], localisation: Float[Array, ""]) -> Estimate:
        changed = dataclasses.replace(
            sampler, step_size=step_size, localisation=localisation
        )
        return local_learning_coefficient(
            k_sample, loss, parameters, data, sampler=changed, mask=mask
        )

    steps = sampler.step_size * np.array([1, FACTOR, 1 / FACTOR, 1, 1], np.float32)
    pulls = sampler.localisation * np.array([1, 1, 1, FACTOR, 1 / FACTOR], np.float32)
    estimates = jax.vmap(at)(steps, pulls)
    values = estimates.value
    ratio = planted_ratio(k_planted, planted, sampler=sampler)
    return CheckedEstimate(
        estimate=jax.tree.map(lambda leaf: leaf[0], estimates),
        sweep=values,
        plateau=jnp.all(jnp.abs(values - values[0]) <= TOLERANCE * jnp.abs(values[0])),
        planted=jnp.abs(ratio - 1) <= TOLERANCE,
        planted_ratio=ratio,
    )


def planted_ratio(
    key: Key[Array, ""], dimensions: Dimensions, *, sampler: Sampler
) -> Float[Array, ""]:
    """Return what the sampler reads of a known coefficient, 1 if it reads all of it.

    The problem is reduced-rank regression with inputs of unit variance and a truth whose
    singular values are 1, without data: its loss is exact. Consumes `key`.
    """
    truth = even_weights(dimensions)
    whole = dataclasses.replace(sampler, batch_size=None)
    moments = jnp.eye(dimensions.inputs, dtype=truth.first.dtype)
    estimate = local_learning_coefficient(
        key,
        lambda weights, data: excess_loss(weights, truth, data),
        truth,
        moments,
        sampler=whole,
    )
    return estimate.value / exact_coefficient(dimensions)
