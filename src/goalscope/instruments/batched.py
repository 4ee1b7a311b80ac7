"""Solutions of levels for many goals, temperatures and policies at once.

The numbers of `solve`, arranged for speed: each action is computed for everything at once,
in the innermost axes, which a processor does several times faster than one thing at a time
for all actions.
"""

from collections.abc import Sequence
from functools import reduce

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goals import Goal
from goalscope.solve import Table, payments

TOLERANCE = 1e-2
"""How far off the logarithm of a policy may be, in nats."""

IMPOSSIBLE = -1e30
"""The least logarithm of a probability."""


def soft_policies(
    tables: Table,
    goals: Goal,
    inverse_temperatures: Float[Array, " B"],
    discount: Float[Array, ""],
    *,
    num_steps: int,
) -> Float[Array, "L S A G B"]:
    """Return the log-probabilities of the soft-optimal policy of each goal and β.

    The same as `solve.soft_policy` on each of `tables`, `goals` and (positive)
    `inverse_temperatures`, up to `TOLERANCE`: the iteration ends when what is missing can
    no longer matter, and after `num_steps` at the latest.
    """

    def one(table: Table) -> Float[Array, "S A G B"]:
        return _solve(table, goals, inverse_temperatures, discount, num_steps)

    return jax.lax.map(one, tables)


def returns(
    table: Table,
    policies: Float[Array, "P S A"],
    goals: Goal,
    discount: Float[Array, ""],
    *,
    num_steps: int,
) -> Float[Array, "S P G"]:
    """Return the expected return of each policy under each goal, as `solve.evaluate`."""
    rewards, going = jax.vmap(payments, (None, 0), out_axes=-1)(table, goals)
    by_state = jnp.swapaxes(policies, 0, 1)
    expected = jnp.einsum("spa,sag->spg", by_state, rewards, precision="highest")
    actions = range(rewards.shape[1])
    flows = [discount * by_state[:, :, a, None] * going[:, a, None] for a in actions]
    following = [table.successors[:, a] for a in actions]

    def backup(_, values):
        pairs = zip(flows, following, strict=True)
        return expected + reduce(jnp.add, [flow * values[after] for flow, after in pairs])

    return jax.lax.fori_loop(0, num_steps, backup, jnp.zeros_like(expected))


def _solve(
    table: Table,
    goals: Goal,
    inverse_temperatures: Float[Array, " B"],
    discount: Float[Array, ""],
    num_steps: int,
) -> Float[Array, "S A G B"]:
    """Iterate values in units of the goals: what is best is worth 0 before it is scaled."""
    rewards, going = jax.vmap(payments, (None, 0), out_axes=-1)(table, goals)
    beta = inverse_temperatures[None, None, :]
    num_states, num_actions, num_goals = rewards.shape
    paid = [rewards[:, action, :, None] for action in range(num_actions)]
    weights = [discount * going[:, action, :, None] for action in range(num_actions)]
    following = [table.successors[:, action] for action in range(num_actions)]

    def action_values(values):
        return [
            reward + weight * values[successor]
            for reward, weight, successor in zip(paid, weights, following, strict=True)
        ]

    def backup(carry):
        values, _, step = carry
        updated = soft_value(beta, action_values(values))
        return updated, jnp.max(beta * jnp.abs(updated - values)), step + 1

    def unfinished(carry):
        _, change, step = carry
        missing = change * discount / jnp.maximum(1 - discount, 1e-3)
        return (missing > TOLERANCE) & (step < num_steps)

    nothing = jnp.zeros((num_states, num_goals, beta.shape[-1]))
    values = jax.lax.while_loop(unfinished, backup, (nothing, jnp.inf, 0))[0]
    return jnp.stack(log_choice(beta, action_values(values)), axis=1)


def soft_value(
    beta: Float[Array, "..."], values: Sequence[Float[Array, "*b"]]
) -> Float[Array, "*b"]:
    """Return `solve.soft_value` of actions that stand in a list, for a positive `β`."""
    scaled, best = _scaled(beta, values)
    total = jnp.maximum(reduce(jnp.add, [jnp.exp(each) for each in scaled]), 1)
    return best + jnp.log(total / len(values)) / beta


def log_choice(
    beta: Float[Array, "..."], values: Sequence[Float[Array, "*b"]]
) -> list[Float[Array, "*b"]]:
    """Return `solve.log_choice` of actions that stand in a list, for a positive `β`."""
    scaled, _ = _scaled(beta, values)
    total = jnp.maximum(reduce(jnp.add, [jnp.exp(each) for each in scaled]), 1)
    return [jnp.maximum(each - jnp.log(total), IMPOSSIBLE) for each in scaled]


def _scaled(
    beta: Float[Array, "..."], values: Sequence[Float[Array, "*b"]]
) -> tuple[list[Float[Array, "*b"]], Float[Array, "*b"]]:
    """Return `β (Q − max Q)` of each action, and `max Q`."""
    best = reduce(jnp.maximum, values)
    return [jnp.minimum(beta * (value - best), 0.0) for value in values], best
