"""How far parameters wander when nothing pushes them: the null of every displacement.

Gradients are pure noise of standard deviation `σ` in every parameter, for `T` steps of
learning rate `lr`. A displacement means something only beside what it would be then.
"""

import math

from jax import numpy as jnp
from jaxtyping import Array, Float

EPSILON = 1e-8
"""What Adam adds to the root mean square gradient, unless it is told otherwise."""


def sgd_displacement(learning_rate: float, noise: float, num_steps: int) -> float:
    """Return the root mean square displacement of a parameter under SGD, `lr σ √T`.

    >>> round(sgd_displacement(1e-3, 1.0, 2000), 4)
    0.0447
    """
    _check(learning_rate, noise, num_steps)
    return learning_rate * noise * math.sqrt(num_steps)


def adam_displacement(
    learning_rate: float, noise: float, num_steps: int, *, epsilon: float = EPSILON
) -> float:
    """Return the root mean square displacement under Adam, `lr √T σ / (σ + ε)`.

    It does not depend on the size of the noise as long as that is well above `ε`: Adam
    divides magnitude away, and "almost no gradient" is not "no movement". Exactly no
    gradient is: then it is 0.

    >>> [round(adam_displacement(1e-3, noise, 2000), 4) for noise in (1.0, 1e-6, 0.0)]
    [0.0447, 0.0443, 0.0]
    """
    _check(learning_rate, noise, num_steps)
    if noise == 0:
        return 0.0
    return learning_rate * math.sqrt(num_steps) * noise / (noise + epsilon)


def adamw_displacement(
    learning_rate: float,
    noise: float,
    num_steps: int | None = None,
    *,
    decay: float,
    epsilon: float = EPSILON,
) -> float:
    """Return the root mean square under AdamW of a parameter that starts at 0.

    `lr √((1 − a^{2T}) / (1 − a²)) σ / (σ + ε)` with `a = 1 − lr λ`. Without `num_steps` it
    is the stationary one, `√(lr / 2λ)` for small `lr λ`.

    >>> round(adamw_displacement(1e-3, 1.0, decay=0.1), 4)
    0.0707
    """
    _check(learning_rate, noise, 1 if num_steps is None else num_steps)
    if not 0 < learning_rate * decay < 1:
        raise ValueError(
            f"decay={decay}: learning_rate times decay lies between 0 and 1; without decay "
            "use adam_displacement"
        )
    kept = (1 - learning_rate * decay) ** 2
    grown = 1.0 if num_steps is None else 1 - kept**num_steps
    scale = 0.0 if noise == 0 else noise / (noise + epsilon)
    return learning_rate * scale * math.sqrt(grown / (1 - kept))


def decay_factor(learning_rate: float, decay: float, num_steps: int) -> float:
    """Return what is left of a parameter whose gradient is exactly zero.

    `(1 − lr λ)^T ≈ exp(−lr λ T)`: decoupled decay shrinks it, and nothing else moves it.

    >>> round(decay_factor(1e-3, 0.1, 5000), 4)
    0.6065
    """
    _check(learning_rate, decay, num_steps)
    return (1 - learning_rate * decay) ** num_steps


def directional_persistence(
    first: Float[Array, " P"], second: Float[Array, " P"]
) -> Float[Array, ""]:
    """Return the cosine of the displacements of two halves of training.

    Under diffusion it is 0 with standard deviation `1/√P`; under a steady push it is 1. It
    is 0 where one half has no displacement.
    """
    lengths = jnp.sqrt(jnp.sum(first**2) * jnp.sum(second**2))
    still = lengths == 0
    return jnp.where(still, 0.0, jnp.sum(first * second) / jnp.where(still, 1.0, lengths))


def _check(learning_rate: float, noise: float, num_steps: int) -> None:
    if learning_rate < 0 or noise < 0 or num_steps < 0:
        raise ValueError(
            "learning rate, size of noise or decay, and number of steps are not negative; "
            f"got {learning_rate}, {noise}, {num_steps}"
        )
