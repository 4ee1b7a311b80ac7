"""Angles between goals: inner products of their rewards in canonical form."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goals import Goal
from goalscope.solve import Table, payments
from goalscope.tabular.reward_distance import table_form
from goalscope.tabular.ways import reachable

KINDS = ("starc", "epic", "dard")
"""The canonical forms, in their order: see `tabular.reward_distance`."""


def inner_products(
    table: Table, goals: Goal, discount: Float[Array, ""] | float
) -> Float[Array, "3 G G"]:
    """Return inner products of the canonical forms of stacked `goals`, of each kind.

    A reward is a function of state and action; the mean runs over actions and over the
    states that can be reached and are not terminal. For EPIC, which knows no dynamics,
    every goal pays each time. The sum over levels is that of one process whose states are
    those of all levels. A goal is in units of its largest weight, up to a power of two.
    """
    rewards, going = jax.vmap(payments, (None, 0), out_axes=-1)(table, goals)
    unit = jnp.frexp(jnp.max(jnp.abs(goals.weights), axis=-1))[1]
    rewards = jnp.ldexp(rewards, -unit[None, None])
    asked = reachable(table.successors, table.start) & ~table.terminal
    share = (asked / jnp.maximum(jnp.sum(asked), 1))[:, None, None]
    ahead, next_to = discount * going, table.successors

    def product(form):
        weighted = form * share / form.shape[1]
        return jnp.einsum("sag,sah->gh", weighted, form, precision="highest")

    means = jnp.mean(rewards, axis=1)
    level = jnp.sum(means * share[:, 0], axis=0)
    between = jnp.broadcast_to((means - level[None])[:, None], rewards.shape)
    epic = product(rewards - means[:, None]) + discount**2 * product(between)
    actions = jnp.arange(rewards.shape[1])
    across = jnp.mean(ahead * rewards[next_to, actions[None]], axis=1)
    dard = rewards + ahead * means[next_to] - (means + across)[:, None]
    return jnp.stack([product(table_form(rewards, next_to, ahead)), epic, product(dard)])


def cosines_of(products: Float[Array, "3 G G"]) -> Float[Array, "3 G G"]:
    """Return cosines; 0 for a column, NaN for a row, of which nothing is left."""
    lengths = jnp.sqrt(jnp.diagonal(products, axis1=1, axis2=2))
    some = lengths > 1e-6 * jnp.max(lengths, axis=1, keepdims=True)
    safe = jnp.where(some, lengths, 1.0)
    cosines = products / (safe[:, :, None] * safe[:, None, :])
    cosines = jnp.where(some[:, None, :], cosines, 0.0)
    return jnp.where(some[:, :, None], cosines, jnp.nan)


def distance_at(cosines: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Return `√((1 − cos)/2)`, the distance of forms of length 1.

    >>> distance_at(jnp.array([1.0, -1.0])).tolist()
    [0.0, 1.0]
    """
    return jnp.sqrt(jnp.clip((1 - cosines) / 2, 0, 1))
