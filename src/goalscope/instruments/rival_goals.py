"""Goals of every sort that might explain an agent: mixtures, and what lies outside."""

from itertools import combinations
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float

from goalscope import solve
from goalscope.goals import Goal, stack
from goalscope.instruments.batched import soft_policies
from goalscope.instruments.decisions import Decisions
from goalscope.worlds.base import AbstractWorld

LOW = np.float32(-1e9)
"""Logarithm of a prior probability of nothing; finite, so that differences are numbers."""
BETAS = np.geomspace(4, 128, 6).astype(np.float32)
BLEND_BETAS = np.array([6.0, 16.0, 40.0, 100.0], np.float32)
BLEND_SHARES = np.array([0.38, 0.44, 0.5, 0.56, 0.62], np.float32)
PLACE_BETAS = np.array([12.0, 48.0], np.float32)


class Rivals(NamedTuple):
    """Goals over features and places, with a grid of inverse temperatures.

    Fields:
        weights: of each goal, of features or of features and places, `[M, E]`.
        inverse_temperatures: β, equally likely, nats per unit of return, `[B]`.
        log_prior: of each goal, up to a constant, `[M]`.
    """

    weights: Float[Array, "M E"]
    inverse_temperatures: Float[np.ndarray, " B"]
    log_prior: Float[Array, " M"]


def mixtures(goals: tuple[Goal, ...]) -> Rivals:
    """Return `w g + (1 − w) h` for every two of `goals`, and each `w` of `BLEND_SHARES`."""
    pairs = list(combinations([goal.weights for goal in goals], 2))
    weights = [w * g + (1 - w) * h for g, h in pairs for w in BLEND_SHARES]
    return Rivals(jnp.stack(weights), BLEND_BETAS, jnp.zeros(len(weights)))


def outsiders(
    tables: solve.Table, goals: tuple[Goal, ...], world: AbstractWorld
) -> tuple[Rivals, ...]:
    """Return goals that are none of `goals`: other features, opposites, and places.

    The three sorts are equally likely. What pays for the same transitions of `tables` as
    one of `goals` does is left out. `tables` have places (see `with_places`).
    """
    names = [goal.name for goal in goals]
    each = np.eye(tables.features.shape[-1], dtype=np.float32)
    features, places = np.split(each, [world.num_features])
    others = [name not in names for name in world.feature_names]
    named = np.concatenate([features[others], -features])
    counts = np.array([sum(others), len(features)])
    shares = np.repeat(1 / np.maximum(counts, 1), counts)
    return tuple(
        Rivals(
            jnp.asarray(weights),
            betas,
            jnp.where(duplicates(tables, goals, jnp.asarray(weights)), LOW, np.log(prior)),
        )
        for weights, betas, prior in (
            (named, BETAS, shares.astype(np.float32)),
            (places, PLACE_BETAS, np.float32(1 / len(places))),
        )
    )


def with_places(tables: solve.Table, num_places: int) -> solve.Table:
    """Return tables with one more feature for each value of the first token: being there.

    In a grid world that is each cell, and the step that leads there makes it happen.
    """

    def one(table: solve.Table) -> Float[Array, "S A E"]:
        there = jax.nn.one_hot(table.tokens[table.successors, 0], num_places)
        there = there * ~table.terminal[:, None, None]
        return jnp.concatenate([table.features, there], axis=-1)

    return eqx.tree_at(lambda t: t.features, tables, jax.vmap(one)(tables))


def duplicates(
    tables: solve.Table, goals: tuple[Goal, ...], weights: Float[Array, "M E"]
) -> Bool[Array, " M"]:
    """Return which weights pay the same as one of `goals` on every transition of `tables`.

    The features that `goals` are about come first in `tables`.
    """
    known = tables.features[..., : goals[0].weights.shape[-1]]
    own = jax.vmap(Goal.reward, (0, None), out_axes=-1)(stack(goals), known)

    def differs(vector: Float[Array, " E"]) -> Bool[Array, ""]:
        paid = jnp.matmul(tables.features, vector, precision="highest")
        return jnp.all(jnp.any(paid[..., None] != own, axis=(0, 1, 2)))

    return ~jax.lax.map(differs, weights)


def log_likelihoods(
    tables: solve.Table,
    rivals: Rivals,
    decisions: tuple[Decisions, ...],
    discount: Float[Array, ""],
    *,
    num_steps: int,
) -> list[Float[Array, "L M*B"]]:
    """Return, for each agent's decisions, their log-likelihood under every rival and β."""
    count = rivals.weights.shape[0]
    goals = Goal(rivals.weights, jnp.ones(count, bool), "rivals")
    betas = jnp.asarray(rivals.inverse_temperatures)
    policies = soft_policies(tables, goals, betas, discount, num_steps=num_steps)
    each = [jnp.sum(log_chances(policies, made), axis=1) for made in decisions]
    return [found.reshape(found.shape[0], -1) for found in each]


def log_prior(rivals: Rivals) -> Float[Array, " M*B"]:
    """Return the logarithm of the prior of every rival and β, all β equally likely."""
    number = len(rivals.inverse_temperatures)
    return jnp.repeat(rivals.log_prior - np.log(number), number)


def log_chances(
    log_policies: Float[Array, "L S A M B"], decisions: Decisions
) -> Float[Array, "L T M B"]:
    """Return the log-probability of each decision, 0 where it does not count."""

    def one(policies, states, actions, counted):
        return jnp.where(counted[:, None, None], policies[states, actions], 0.0)

    made = (decisions.states, decisions.actions, decisions.counted)
    return jax.vmap(one)(log_policies, *made)
