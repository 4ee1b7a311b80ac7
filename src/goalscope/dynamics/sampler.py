"""Stochastic gradient Langevin dynamics that stays near where it starts."""

import math
from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Key, PyTree

from goalscope.worlds.fields import check_range

Parameters = TypeVar("Parameters", bound=PyTree)

MEMORY = 0.99
"""Share of the mean square gradient that is kept at each step of preconditioning."""


def tempered_count(num_data: int) -> float:
    """Return `nβ = n / log n`, which makes a mean loss a free energy (Watanabe 2013).

    >>> round(tempered_count(1000), 1)
    144.8
    """
    if num_data < 3:
        raise ValueError(f"n / log n takes at least 3 data; got {num_data}")
    return num_data / math.log(num_data)


class Sampler(eqx.Module):
    """How far, how long and how often to walk.

    Fields:
        inverse_temperature: nβ, what a mean loss is multiplied with; see `tempered_count`.
        step_size: ε of the update, in squared parameter units.
        localisation: γ, how strongly the start pulls back, per squared parameter unit.
        stability: what is added to the root mean square gradient when preconditioning.
        num_chains: independent walks from the same start.
        num_burn_in: steps of each that are thrown away.
        num_draws: steps of each that are kept.
        batch_size: data in each step, drawn with replacement; None for all of them.
        preconditioned: whether each parameter has a step size of its own, divided by the
            root mean square of its gradient (RMSProp). It is found during burn-in and then
            kept, so that the walk has the stationary distribution that it should.
    """

    inverse_temperature: Float[Array, "*b"] = eqx.field(converter=jnp.asarray)
    step_size: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=2e-4)
    localisation: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1.0)
    stability: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1.0)
    num_chains: int = eqx.field(static=True, default=4)
    num_burn_in: int = eqx.field(static=True, default=2000)
    num_draws: int = eqx.field(static=True, default=4000)
    batch_size: int | None = eqx.field(static=True, default=None)
    preconditioned: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_range("inverse_temperature", self.inverse_temperature, 0)
        check_range("step_size", self.step_size, 0)
        check_range("localisation", self.localisation, 0)
        check_range("stability", self.stability, 1e-6)
        batch_size = 1 if self.batch_size is None else self.batch_size
        if min(self.num_chains, self.num_draws, self.num_burn_in + 1, batch_size) < 1:
            raise ValueError(
                "a sampler takes at least 1 chain, 1 draw and 1 datum a batch, and no "
                f"negative burn-in; got num_chains={self.num_chains}, num_draws="
                f"{self.num_draws}, batch_size={self.batch_size}, "
                f"num_burn_in={self.num_burn_in}"
            )


def losses_along_chains(
    key: Key[Array, ""],
    loss: Callable[[Parameters, PyTree], Float[Array, ""]],
    parameters: Parameters,
    data: PyTree,
    *,
    sampler: Sampler,
    mask: PyTree | None = None,
) -> Float[Array, "chains draws"]:
    """Return the losses that Langevin dynamics passes through after burn-in.

    Consumes `key`; see `walk`.
    """
    losses = walk(key, loss, parameters, data, sampler=sampler, mask=mask)
    return losses[:, sampler.num_burn_in :]


def walk(
    key: Key[Array, ""],
    loss: Callable[[Parameters, PyTree], Float[Array, ""]],
    parameters: Parameters,
    data: PyTree,
    *,
    sampler: Sampler,
    mask: PyTree | None = None,
) -> Float[Array, "chains steps"]:
    """Return all losses of Langevin dynamics, that of the start first. Consumes `key`.

    `w ← w − ε/2 (nβ ∇L(w) + γ (w − w*)) + N(0, ε)`, from `w* = parameters` (Welling and Teh
    2011; Lau et al. 2023). Preconditioned, `ε` is `ε G` with
    `G = 1 / (stability + √(mean square of the bracket))` (Li et al. 2016).

    Args:
        key: where the noise comes from.
        loss: mean loss of parameters on data.
        parameters: where the chains start, any tree of real arrays.
        data: any tree; with a `batch_size`, arrays with a leading axis of data.
        sampler: how to walk.
        mask: a tree like `parameters` with 1 where they may move; None for everywhere.
    """
    start, unravel = ravel_pytree(parameters)
    free = jnp.ones_like(start) if mask is None else _flat_mask(mask, start)

    def one_chain(key: Key[Array, ""]) -> Float[Array, " steps"]:
        k_data, k_noise = jax.random.split(key)

        def step(carry, index):
            position, square = carry
            batch = _batch(jax.random.fold_in(k_data, index), data, sampler.batch_size)
            value, slope = jax.value_and_grad(lambda flat: loss(unravel(flat), batch))(
                position
            )
            away = sampler.localisation * (position - start)
            pull = (sampler.inverse_temperature * slope + away).astype(start.dtype)
            square, scale = _adapt(square, pull, index, sampler)
            sizes = (sampler.step_size * scale * free).astype(start.dtype)
            noise = jax.random.normal(
                jax.random.fold_in(k_noise, index), start.shape, start.dtype
            )
            moved = (
                position - sizes / 2 * pull.astype(start.dtype) + jnp.sqrt(sizes) * noise
            )
            return (moved, square), value

        steps = jnp.arange(sampler.num_burn_in + sampler.num_draws)
        return jax.lax.scan(step, (start, jnp.zeros_like(start)), steps)[1]

    return jax.vmap(one_chain)(jax.random.split(key, sampler.num_chains))


def _adapt(
    square: Float[Array, " P"],
    pull: Float[Array, " P"],
    index: Array,
    sampler: Sampler,
) -> tuple[Float[Array, " P"], Float[Array, " P"]]:
    """Return the running mean square of the pull, and the relative step sizes."""
    if not sampler.preconditioned:
        return square, jnp.ones_like(square)
    burning: Bool[Array, ""] = index < sampler.num_burn_in
    fresh = MEMORY * square + (1 - MEMORY) * pull**2
    square = jnp.where(burning, fresh, square)
    steps = jnp.minimum(index + 1, max(sampler.num_burn_in, 1))
    mean = square / (1 - MEMORY ** steps.astype(square.dtype))
    return square, 1 / (sampler.stability + jnp.sqrt(mean))


def _batch(key: Key[Array, ""], data: PyTree, batch_size: int | None) -> PyTree:
    """Return `batch_size` data, drawn with replacement."""
    if batch_size is None:
        return data
    number = jax.tree.leaves(data)[0].shape[0]
    chosen = jax.random.randint(key, (batch_size,), 0, number)
    return jax.tree.map(lambda leaf: leaf[chosen], data)


def _flat_mask(mask: PyTree, start: Float[Array, " P"]) -> Float[Array, " P"]:
    flat = ravel_pytree(mask)[0].astype(start.dtype)
    if flat.shape != start.shape:
        raise ValueError(
            f"a mask has one entry per parameter, {start.size} in all; got {flat.size}"
        )
    return flat
