"""At which inverse temperature a candidate goal explains most of what an agent does."""

import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float

from goalscope.instruments.behaviours import Watched
from goalscope.tabular.goal_directedness import known_utility
from goalscope.tabular.soft import evaluate, log_policy, soft_values

LARGEST = 256.0
NUM_HALVINGS = 12
TOLERANCE = 1e-3
NORMAL_QUANTILE = 1.96


def infer_betas(
    seen: Watched, discount: Float[Array, ""]
) -> tuple[Float[Array, " G"], Float[Array, " G"], Bool[Array, " G"]]:
    """Return β of each candidate, half of its 95 % interval, and whether it is capped.

    β solves `Σ_l [E_π U − E_{π_β} U] = 0` over levels `l`. Its error is that of such an
    estimate with levels as clusters, `√(Σ_l g_l²) / ∂_β Σ_l E_{π_β} U` (Huber 1967), where
    `g_l` is what one level adds to the sum. |β| is at most 256.
    """
    best = known_utility(
        seen.process,
        seen.flows,
        seen.utilities,
        discount,
        largest=LARGEST,
        num_halvings=NUM_HALVINGS,
        tolerance=TOLERANCE,
    )
    beta = best.inverse_temperature
    step = 0.05 * jnp.abs(beta) + 0.05
    more, less = (_worth(seen, beta + by, discount) for by in (step, -step))
    slope = jnp.sum(more - less, axis=0) / (2 * step)
    wanted = seen.until_any.gather(jnp.sum(seen.flows * seen.utilities, axis=1))
    missing = wanted - (more + less) / 2
    error = jnp.sqrt(jnp.sum(missing**2, axis=0)) / jnp.maximum(slope, 1e-6)
    return beta, jnp.minimum(NORMAL_QUANTILE * error, 2 * LARGEST), best.capped


def _worth(
    seen: Watched, beta: Float[Array, " G"], discount: Float[Array, ""]
) -> Float[Array, "L G"]:
    """Return what each level would earn each candidate's planner of this β."""
    process, utilities = seen.process, seen.utilities
    rewards = beta[None, None] * utilities - np.log(utilities.shape[1])
    values = soft_values(process, rewards, discount, tolerance=TOLERANCE)
    policy = jnp.exp(log_policy(process, rewards, values, discount))
    worth = evaluate(process, policy, utilities, discount, tolerance=TOLERANCE)
    return seen.until_any.gather(process.start[:, None] * worth)
