"""Along which few directions outputs moved in training, beside what diffusion would do.

A random walk in many dimensions has principal components that look like a story: they are
cosines, and the first holds 61 % of the variance (Antognini and Sohl-Dickstein 2018). What
a model did in training means something only beyond that.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key


class Components(NamedTuple):
    """Shares of the variance, largest first `[C]`, and unit scores along time `[C, C]`."""

    shares: Float[Array, "*b C"]
    scores: Float[Array, "*b C C"]


def diffusion_share(rank: int) -> float:
    """Return the share of variance of component `rank` of a long random walk, `6/(π² k²)`.

    >>> [round(diffusion_share(rank), 3) for rank in (1, 2, 3)]
    [0.608, 0.152, 0.068]
    """
    if rank < 1:
        raise ValueError(f"components are counted from 1; got {rank}")
    return 6 / (np.pi * rank) ** 2


def principal_components(products: Float[Array, "C C"]) -> Components:
    """Return principal components from inner products of the outputs of checkpoints.

    `products[s, t] = x_s · x_t` before centring. Column `k` of `scores` is component `k`
    along training, with its first entry not negative. Nothing moved: shares are 0.
    """
    centred = _centre(products)
    eigenvalues, vectors = jnp.linalg.eigh((centred + centred.T) / 2)
    variances = jnp.maximum(eigenvalues[::-1], 0.0)
    total = jnp.sum(variances)
    shares = variances / jnp.where(total > 0, total, 1.0)
    scores = vectors[:, ::-1]
    return Components(shares, scores * jnp.where(scores[:1] < 0, -1.0, 1.0))


def leading_shares(products: Float[Array, "C C"]) -> Float[Array, " 2"]:
    """Return the shares of variance of the first two components, as above."""
    centred = _centre(products)
    total = jnp.trace(centred)
    variances = jnp.linalg.eigvalsh((centred + centred.T) / 2)[::-1][:2]
    return jnp.maximum(variances, 0.0) / jnp.where(total > 0, total, 1.0)


def diffused_products(
    key: Key[Array, ""], products: Float[Array, "C C"]
) -> Float[Array, "C C"]:
    """Return the inner products of a walk with the same steps, each turned round or not.

    Under diffusion, where steps are independent and as likely forwards as backwards, this
    walk is as likely as the one observed, whatever the sizes and the directions that steps
    prefer: the test that compares them is exact. Consumes `key`.
    """
    steps = step_products(products)
    signs = jax.random.rademacher(key, (steps.shape[0],), products.dtype)
    turned = steps * signs[:, None] * signs[None, :]
    walked = jnp.cumsum(jnp.cumsum(turned, axis=0), axis=1)
    return jnp.pad(walked, ((1, 0), (1, 0)))


def step_products(products: Float[Array, "C C"]) -> Float[Array, "steps steps"]:
    """Return inner products of the steps between neighbouring checkpoints."""
    rows = products[1:] - products[:-1]
    return rows[:, 1:] - rows[:, :-1]


def persistence(products: Float[Array, "C C"]) -> Float[Array, ""]:
    """Return how much of the way was kept: 0 under diffusion, 1 along a straight line.

    `(‖Σ d‖² / Σ ‖d‖² − 1) / (n − 1)` for `n` steps `d`: the mean correlation between steps;
    negative where steps undo each other. 0 where nothing moved.
    """
    steps = step_products(products)
    number = steps.shape[0]
    if number < 2:
        raise ValueError("persistence takes at least 3 checkpoints")
    travelled = jnp.trace(steps)
    kept = jnp.sum(steps) / jnp.where(travelled > 0, travelled, 1.0)
    return jnp.where(travelled > 0, (kept - 1) / (number - 1), 0.0)


def _centre(products: Float[Array, "C C"]) -> Float[Array, "C C"]:
    rows = jnp.mean(products, axis=0, keepdims=True)
    columns = jnp.mean(products, axis=1, keepdims=True)
    return products - rows - columns + jnp.mean(products)
