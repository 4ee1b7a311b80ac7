"""The largest value of a smooth function, found on the host to the last digits."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import scipy
from jax import numpy as jnp
from jaxtyping import Array, Float

MEMORY = 20
MAX_ITERATIONS = 20_000


class Maximum(NamedTuple):
    """Where a function is largest.

    Fields:
        where: the argument, `[P]`.
        value: of the function there.
        slope: largest absolute entry of its gradient there; small if it is a maximum.
    """

    where: Float[Array, " P"]
    value: float
    slope: float


def maximise(
    objective: Callable[[Float[Array, " P"]], Float[Array, ""]],
    guess: Float[Array, " P"],
    *,
    tolerance: float = 1e-9,
) -> Maximum:
    """Return the maximum of a differentiable `objective` (L-BFGS: Liu and Nocedal 1989).

    For concave objectives it is the only one. Not traceable: it calls SciPy, which calls
    the compiled objective. It stops when no entry of the gradient exceeds `tolerance`, or
    where rounding forbids any progress.

    >>> found = maximise(lambda x: -jnp.sum((x - 3) ** 2), jnp.zeros(1))
    >>> round(float(found.where[0]), 3)
    3.0
    """
    both = jax.jit(jax.value_and_grad(lambda at: -objective(at)))
    kind = guess.dtype

    def downhill(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = both(jnp.asarray(at, kind))
        return float(value), np.asarray(gradient, np.float64)

    limits = {"maxcor": MEMORY, "maxiter": MAX_ITERATIONS, "maxfun": 2 * MAX_ITERATIONS}
    found = scipy.optimize.minimize(
        downhill,
        np.asarray(guess, np.float64),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": tolerance, "ftol": 0.0, **limits},
    )
    where = jnp.asarray(found.x, kind)
    return Maximum(where, -float(found.fun), float(np.max(np.abs(found.jac))))
