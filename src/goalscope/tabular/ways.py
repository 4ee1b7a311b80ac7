"""Where one can get in a table, and in how many steps."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def reachable(
    successors: Int[Array, "S A"], start: Float[Array, " S"]
) -> Bool[Array, " S"]:
    """Return which states can be reached from those with a probability to be the start.

    >>> reachable(jnp.array([[1], [1], [0]]), jnp.array([1.0, 0.0, 0.0])).tolist()
    [True, True, False]
    """

    def grow(carry):
        reached, _ = carry
        grown = reached.at[successors].max(jnp.broadcast_to(reached[:, None], shape))
        return grown, jnp.any(grown != reached)

    shape = successors.shape
    begin = (start > 0, jnp.array(True))
    return jax.lax.while_loop(lambda carry: carry[1], grow, begin)[0]


def steps_until(
    happens: Bool[Array, "S A *g"],
    going: Bool[Array, "S A *g"],
    successors: Int[Array, "S A"],
    *,
    num_steps: int,
) -> Int[Array, "S *g"]:
    """Return the fewest steps in which something can happen, from every state.

    1 if it happens on the next transition; `num_steps + 1` if not within `num_steps`. The
    way there may use only transitions that are `going`.

    >>> happens = jnp.array([[False], [True], [False]])
    >>> steps_until(happens, ~happens, jnp.array([[1], [2], [2]]), num_steps=5).tolist()
    [2, 1, 6]
    """
    never = num_steps + 1

    def backup(carry):
        steps, _ = carry
        through = jnp.where(going, steps[successors], num_steps)
        updated = jnp.min(jnp.where(happens, 0, jnp.minimum(through, num_steps)), axis=1)
        return updated + 1, jnp.any(updated + 1 != steps)

    nothing = jnp.full((happens.shape[0], *happens.shape[2:]), never, jnp.int32)
    return jax.lax.while_loop(lambda carry: carry[1], backup, (nothing, jnp.array(True)))[0]
