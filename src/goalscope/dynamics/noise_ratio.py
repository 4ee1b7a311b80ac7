"""How much of a gradient is signal: agreement between the gradients of different levels.

All functions take the gradients of `L` examples in one group of `P` parameters, and may
weigh the examples, for the Bayesian bootstrap.
"""

from jax import numpy as jnp
from jaxtyping import Array, Float

ROUNDING = 1e-4


def squared_signal(
    gradients: Float[Array, "L P"], weights: Float[Array, " L"] | None = None
) -> Float[Array, ""]:
    """Return an estimate of `‖E g‖²` without the share of it that is noise.

    `‖ḡ‖² − Σ w² tr Σ̂` with weights that sum to 1: unbiased, and so 0 on average where there
    is no signal; negative then in half of the cases.
    """
    mean, scatter, overlap = _moments(gradients, weights)
    return jnp.sum(mean**2) - overlap * jnp.sum(scatter)


def gradient_noise_scale(
    gradients: Float[Array, "L P"],
    weights: Float[Array, " L"] | None = None,
    *,
    largest: float = 1e6,
) -> Float[Array, ""]:
    """Return `tr Σ / ‖E g‖²`, the batch size at which noise is as large as signal.

    `largest` where it is larger or there is no signal; NaN where there is no gradient
    (McCandlish et al. 2018).
    """
    mean, scatter, overlap = _moments(gradients, weights)
    total = jnp.sum(scatter)
    signal = jnp.sum(mean**2) - overlap * total
    scale = total / jnp.maximum(signal, total / largest)
    return jnp.where((total == 0) & (signal == 0), jnp.nan, scale)


def signal_to_noise(
    gradients: Float[Array, "L P"], weights: Float[Array, " L"] | None = None
) -> Float[Array, ""]:
    """Return the mean over parameters of `(E g)² / Var g` (GSNR; Liu et al. 2020).

    Each parameter counts alike, however small its gradient: it is what an optimiser that
    divides by the size of the gradient sees. What noise alone would give is subtracted.
    Parameters whose gradient varies 10,000 times less than that of another are left out, as
    they may hold nothing but rounding; 0 if there is no gradient.
    """
    mean, scatter, overlap = _moments(gradients, weights)
    live = scatter > ROUNDING**2 * jnp.max(scatter)
    ratio = mean**2 / jnp.where(live, scatter, 1.0) - overlap
    return jnp.sum(jnp.where(live, ratio, 0.0)) / jnp.maximum(jnp.sum(live), 1)


def _moments(
    gradients: Float[Array, "L P"], weights: Float[Array, " L"] | None
) -> tuple[Float[Array, " P"], Float[Array, " P"], Float[Array, ""]]:
    """Return mean, unbiased variance, and the share of the variance in the squared mean."""
    number = gradients.shape[0]
    if number < 2:
        raise ValueError(f"noise shows between at least 2 examples; got {number}")
    if weights is None:
        weights = jnp.ones(number, gradients.dtype)
    shares = weights / jnp.sum(weights)
    overlap = jnp.sum(shares**2)
    middle = jnp.mean(gradients, axis=0)
    apart = gradients - middle[None]
    offset = shares @ apart
    scatter = jnp.maximum(shares @ apart**2 - offset**2, 0.0) / (1 - overlap)
    return middle + offset, scatter, overlap
