"""Solutions of levels for many goals, temperatures and policies at once.

The numbers of `solve`, arranged for speed: each action is computed for everything at once,
in the innermost axes, which a processor does several times faster than one thing at a time
for all actions.
"""

from collections.abc import Sequence
from functools import reduce

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goals import Goal
from goalscope.solve import Table, payments

TOLERANCE = 1e-2
"""How far off the logarithm of a policy may be, in nats."""

IMPOSSIBLE = -1e30
"""The least logarithm of a probability."""

SMALLEST = np.float32(1e-37)
"""The least share of the best that a soft value is told from nothing."""


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
    """Iterate soft values relative to the best ones, `z = exp(β(V − V*))`.

    `z(s) = (1/A) Σ_a exp(β A*(s,a)) z(s′)^γ`, where `A* ≤ 0` is the advantage of an action
    over the best one. One power a state does what takes an exponential an action for
    values themselves; and whatever β and the rewards are, `z` lies between `A^(-1/(1-γ))`
    and 1: following the best way costs a planner at most `log A` a step.
    """
    rewards, going = jax.vmap(payments, (None, 0), out_axes=-1)(table, goals)
    best = _best_values(table, rewards, going, discount, num_steps)
    values = rewards + discount * going * best[table.successors]
    advantages = values - jnp.max(values, axis=1, keepdims=True)
    beta, moves = inverse_temperatures[None, None, :], range(rewards.shape[1])
    urges = [advantages[:, a, :, None] * beta for a in moves]
    shares = [jnp.exp(urge) / len(moves) for urge in urges]
    on = [going[:, a, :, None] for a in moves]
    after = [table.successors[:, a] for a in moves]

    def backup(carry):
        logs, _, step = carry
        powers = jnp.exp(discount * logs)
        ways = zip(shares, on, after, strict=True)
        parts = [share * (1 + goes * (powers[to] - 1)) for share, goes, to in ways]
        updated = jnp.log(jnp.maximum(reduce(jnp.add, parts), SMALLEST))
        return updated, jnp.max(jnp.abs(updated - logs)), step + 1

    def unfinished(carry):
        _, change, step = carry
        missing = change * discount / jnp.maximum(1 - discount, 1e-3)
        return (missing > TOLERANCE) & (step < num_steps)

    nothing = jnp.maximum(-beta * best[..., None], np.log(SMALLEST))
    logs = jax.lax.while_loop(unfinished, backup, (nothing, jnp.inf, 0))[0]
    each = [urges[a] + discount * on[a] * logs[after[a]] for a in moves]
    chosen = jax.nn.log_softmax(jnp.stack(each, axis=1), axis=1)
    return jnp.maximum(chosen, IMPOSSIBLE)


def _best_values(
    table: Table,
    rewards: Float[Array, "S A G"],
    going: Float[Array, "S A G"],
    discount: Float[Array, ""],
    num_steps: int,
) -> Float[Array, "S G"]:
    """Return the best expected return of each goal, as `solve.optimal_values`."""
    moves = range(rewards.shape[1])
    flows = [discount * going[:, a] for a in moves]
    after = [table.successors[:, a] for a in moves]

    def backup(carry):
        values, _, step = carry
        each = [rewards[:, a] + flows[a] * values[after[a]] for a in moves]
        updated = reduce(jnp.maximum, each)
        return updated, jnp.any(updated != values), step + 1

    begin = (jnp.zeros(rewards.shape[::2]), jnp.array(True), 0)
    unfinished = lambda carry: carry[1] & (carry[2] < num_steps)  # noqa: E731
    return jax.lax.while_loop(unfinished, backup, begin)[0]


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
