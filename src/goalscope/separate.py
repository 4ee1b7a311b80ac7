"""Which goals a level can tell apart, and by how much."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goals import Goal
from goalscope.solve import Table, payments

ROUNDING = 1e-5
"""Actions whose values differ by less than this share count as equally good."""


def distinguishing(
    table: Table, goals: Goal, discount: Float[Array, ""] | float, *, num_steps: int
) -> Float[Array, "G G"]:
    """Return how much of goal `i` an agent can lose by pursuing goal `j` optimally.

    Entry `[i, j]` is `Σ_s μ(s) [V*_i(s) − min_π V_i^π(s)]` over the policies π that are
    optimal for `j`, μ the start distribution. At 0 no `j`-optimal agent ever fails at `i`,
    so that watching it cannot tell the goals apart; at `C` the level is `C`-distinguishing
    (after Farrugia-Roberts et al. 2025, section 3, here for every pair of `goals`).

    Policies may depend on time and on whether `j` has paid: once a goal that pays once has
    paid, every action is optimal for it. With `discount = 1` so is every detour that still
    arrives within `num_steps`.
    """
    rewards, going = jax.vmap(payments, (None, 0))(table, goals)
    weights = discount * going
    has_paid = goals.once[:, None, None] & (rewards != 0)
    next_to = table.successors

    def backup(_, carry):
        best, scale, free, bound = carry
        values = rewards + weights * best[:, next_to]
        chosen = jnp.argmax(values, axis=-1, keepdims=True)
        scales = jnp.abs(rewards) + weights * scale[:, next_to]
        best, scale = (jnp.take_along_axis(each, chosen, -1) for each in (values, scales))
        optimal = values >= best - ROUNDING * scale
        later = jnp.where(has_paid[None], free[:, None, next_to], bound[:, :, next_to])
        following = rewards[:, None] + weights[:, None] * later
        bound = jnp.min(jnp.where(optimal[None], following, jnp.inf), axis=-1)
        free = jnp.min(rewards + weights * free[:, next_to], axis=-1)
        return best[..., 0], scale[..., 0], free, bound

    nothing = jnp.zeros(rewards.shape[:2])
    begin = (nothing, nothing, nothing, jnp.zeros((nothing.shape[0], *nothing.shape)))
    best, _, _, bound = jax.lax.fori_loop(0, num_steps, backup, begin)
    return jnp.matmul(best[:, None] - bound, table.start, precision="highest")
