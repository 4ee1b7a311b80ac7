"""Numbers set against what they could be: percentiles, and shares of a capability."""

from jax import numpy as jnp
from jaxtyping import Array, Float


def share_below(
    value: Float[Array, "*b"], others: Float[Array, "K *b"]
) -> Float[Array, "*b"]:
    """Return which share of `others` is smaller than `value`, ties counted half.

    The percentile of a utility among random ones of its class.

    >>> share_below(jnp.array(2.0), jnp.array([1.0, 2.0, 3.0, 4.0])).tolist()
    0.375
    """
    below = jnp.mean(others < value[None], axis=0)
    return below + jnp.mean(others == value[None], axis=0) / 2


def attained(
    own: Float[Array, "*b"], chance: Float[Array, "*b"], attainable: Float[Array, "*b"]
) -> Float[Array, "*b"]:
    """Return `(E R_π − E R_0) / (E R_c − E R_0)`: what an agent makes of what it can do.

    `E R_0` is what random behaviour earns and `E R_c` what the best use of the agent's
    *measured capability* would: 1 is an agent that does all that it can for the goal, 0 one
    that does nothing for it, however able it is (Everitt et al. 2025). NaN where capability
    earns no more than chance.
    """
    room = attainable - chance
    return jnp.where(room > 0, (own - chance) / jnp.where(room > 0, room, 1), jnp.nan)
