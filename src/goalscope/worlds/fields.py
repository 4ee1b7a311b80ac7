"""Fields of worlds: what they are converted to, and what they are refused for."""

import numpy as np
from jax import numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, Int


def real(value: ArrayLike) -> Float[Array, "..."]:
    """Return `value` as real numbers; the converter of fields that hold shares or rates."""
    return jnp.asarray(value, jnp.float32)


def count(value: ArrayLike) -> Int[Array, "..."]:
    """Return `value` as whole numbers; the converter of fields that hold counts."""
    array = jnp.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"expected whole numbers, got {value}")
    return array.astype(jnp.int32)


def check_range(
    name: str,
    value: ArrayLike,
    low: int | float,
    high: int | float | None = None,
    *,
    remedy: str = "",
) -> None:
    """Raise `ValueError` unless every entry of `value` lies in `[low, high]`.

    Says `remedy` after what is allowed. Values that are being traced pass.

    >>> check_range("shifted_share", 1.5, 0, 1)
    Traceback (most recent call last):
    ValueError: shifted_share=1.5: must lie in [0, 1]
    """
    if isinstance(value, Tracer):
        return
    entries = np.asarray(value)
    if np.all(entries >= low) and (high is None or np.all(entries <= high)):
        return
    allowed = f"at least {low}" if high is None else f"in [{low}, {high}]"
    verb = "be" if high is None else "lie"
    raise ValueError(f"{name}={entries}: must {verb} {allowed}{remedy and '; ' + remedy}")
