"""How degenerate a minimum is: the local learning coefficient, read by sampling."""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Key, PyTree

from goalscope.dynamics.reduced_rank import (
    Dimensions,
    even_weights,
    exact_coefficient,
    excess_loss,
)
from goalscope.dynamics.sampler import Sampler, walk

Parameters = TypeVar("Parameters", bound=PyTree)

FACTOR, TOLERANCE = 3.0, 0.1
"""A reading holds if it changes by no more than a tenth over a factor of three."""

NUM_BATCHES, NORMAL_QUANTILE = 5, 1.96

LARGEST_CURVATURE = 2.0
"""Of reduced-rank regression where all singular values are 0 or 1, and not all are 0."""

NUM_ITERATIONS = 12


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
        plateau: whether all of the sweep agree within 10 % with the first, and none is
            negative, as it is where there is no minimum.
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
    losses = walk(key, loss, parameters, data, sampler=sampler, mask=mask)
    # The first is rounded as the others are: what nothing reads has exactly nothing.
    first = losses[:, :1] if sampler.batch_size is None else loss(parameters, data)
    above, none = losses[:, sampler.num_burn_in :] - first, jnp.zeros((), losses.dtype)
    return summarise(above, none, sampler.inverse_temperature)


def largest_curvature(
    key: Key[Array, ""],
    loss: Callable[[Parameters, PyTree], Float[Array, ""]],
    parameters: Parameters,
    data: PyTree,
    *,
    mask: PyTree | None = None,
) -> Float[Array, ""]:
    """Return about the largest second derivative of a loss, in any direction.

    Twelve steps of power iteration on the Hessian, in the directions of the mask; from
    below, and 0 for parameters that nothing reads. Consumes `key`.
    """
    start, unravel = ravel_pytree(parameters)
    free = jnp.ones_like(start) if mask is None else ravel_pytree(mask)[0]
    slope = jax.grad(lambda flat: loss(unravel(flat), data))

    def iterate(_, direction: Float[Array, " P"]) -> Float[Array, " P"]:
        unit = direction / jnp.maximum(jnp.linalg.norm(direction), 1e-30)
        return free * jax.jvp(slope, (start,), (unit,))[1]

    first = free * jax.random.normal(key, start.shape, start.dtype)
    return jnp.linalg.norm(jax.lax.fori_loop(0, NUM_ITERATIONS, iterate, first))


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
    others differs from it by more than 10 %, and none is below 0: losses below that of
    `parameters` say that they are no minimum. It is *planted* if the same sampler reads the
    known coefficient of a reduced-rank regression of dimensions `planted` (see
    `reduced_rank.similar`), scaled to be as curved, within 10 % too. Consumes `key`.
    """
    k_sample, k_planted, k_curvature = jax.random.split(key, 3)
    curvature = largest_curvature(k_curvature, loss, parameters, data, mask=mask)

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
    ratio = planted_ratio(k_planted, planted, curvature, sampler=sampler)
    alike = jnp.abs(values - values[0]) <= TOLERANCE * jnp.abs(values[0])
    return CheckedEstimate(
        estimate=jax.tree.map(lambda leaf: leaf[0], estimates),
        sweep=values,
        plateau=jnp.all(alike & (values >= 0)),
        planted=jnp.abs(ratio - 1) <= TOLERANCE,
        planted_ratio=ratio,
    )


def planted_ratio(
    key: Key[Array, ""],
    dimensions: Dimensions,
    curvature: Float[Array, ""] | float = LARGEST_CURVATURE,
    *,
    sampler: Sampler,
) -> Float[Array, ""]:
    """Return what the sampler reads of a known coefficient, 1 if it reads all of it.

    The problem is reduced-rank regression with inputs of unit variance and a truth whose
    singular values are 1, without data: its loss is exact. It is multiplied so that its
    largest curvature is `curvature`. Consumes `key`.
    """
    scale = curvature / LARGEST_CURVATURE
    truth = even_weights(dimensions)
    whole = dataclasses.replace(sampler, batch_size=None)
    moments = jnp.eye(dimensions.inputs, dtype=truth.first.dtype)
    estimate = local_learning_coefficient(
        key,
        lambda weights, data: scale * excess_loss(weights, truth, data),
        truth,
        moments,
        sampler=whole,
    )
    return estimate.value / exact_coefficient(dimensions)
