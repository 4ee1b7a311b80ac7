"""Goals of every sort that might explain an agent: single, mixed, and outside the set."""

from itertools import combinations

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
RIVAL_BETAS = np.array([8.0, 24.0, 72.0], np.float32)
MIXTURE_SHARES = np.array([0.38, 0.44, 0.5, 0.56, 0.62], np.float32)
PLACE_BETAS = np.array([12.0, 48.0], np.float32)


class Rivals(eqx.Module):
    """Goals of one sort, with a grid of inverse temperatures.

    Fields:
        goals: stacked, over the first features of a table, `[M, E]`.
        inverse_temperatures: β, equally likely, nats per unit of return, `[B]`.
        log_prior: of each goal, up to a constant, `[M]`.
    """

    goals: Goal
    inverse_temperatures: Float[np.ndarray, " B"]
    log_prior: Float[Array, " M"]

    @property
    def log_priors(self) -> Float[Array, " N"]:
        """Of every goal at every β, β fastest."""
        number = len(self.inverse_temperatures)
        return jnp.repeat(self.log_prior - np.log(number), number)


def singles(goals: tuple[Goal, ...]) -> Rivals:
    """Return each of `goals`."""
    return Rivals(stack(goals), BETAS, jnp.zeros(len(goals)))


def mixtures(goals: tuple[Goal, ...]) -> Rivals:
    """Return `w g + (1 − w) h` for every two of `goals`, and each of `MIXTURE_SHARES`."""
    mixed = [
        Goal(w * g.weights + (1 - w) * h.weights, g.once & h.once, f"{g.name}, {h.name}")
        for g, h in combinations(goals, 2)
        for w in MIXTURE_SHARES
    ]
    return Rivals(stack(tuple(mixed)), RIVAL_BETAS, jnp.zeros(len(mixed)))


def outsiders(
    tables: solve.Table, goals: tuple[Goal, ...], world: AbstractWorld
) -> tuple[Rivals, ...]:
    """Return goals that are none of `goals`: other features and opposites; places.

    Other features, opposites and places are equally likely. What pays for the same
    transitions of `tables` as one of `goals` does is left out. `tables` have places (see
    `with_places`).
    """
    names = [goal.name for goal in goals]
    features = np.eye(world.num_features, dtype=np.float32)
    others = features[[name not in names for name in world.feature_names]]
    num_places = tables.features.shape[-1] - world.num_features
    places = np.eye(num_places, tables.features.shape[-1], world.num_features)
    prior = [-np.log(len(sort)) for sort in (others, features) for _ in sort]
    sorts = (
        (np.concatenate([others, -features]), RIVAL_BETAS, np.array(prior, np.float32)),
        (places.astype(np.float32), PLACE_BETAS, np.full(num_places, -np.log(num_places))),
    )
    return tuple(
        Rivals(
            Goal(weights, np.ones(len(weights), bool), "outside"),
            betas,
            jnp.where(duplicates(tables, goals, jnp.asarray(weights)), LOW, prior),
        )
        for weights, betas, prior in sorts
    )


def together(one: Rivals, other: Rivals) -> Rivals:
    """Return two sorts of goals with the same inverse temperatures in one stack."""
    weights, once, prior = (
        jnp.concatenate([jnp.asarray(leaf), jnp.asarray(more)])
        for leaf, more in (
            (one.goals.weights, other.goals.weights),
            (one.goals.once, other.goals.once),
            (one.log_prior, other.log_prior),
        )
    )
    return Rivals(Goal(weights, once, "stacked"), one.inverse_temperatures, prior)


def with_places(tables: solve.Table, num_places: int) -> solve.Table:
    """Return tables with one more feature for each value of the first token: being there.

    In a grid world that is each cell, and the step that leads there makes it happen.
    """

    def one(table: solve.Table) -> Float[Array, "S A E"]:
        there = jax.nn.one_hot(table.tokens[table.successors, 0], num_places)
        there = there * ~table.terminal[:, None, None]
        return jnp.concatenate([table.features, there], axis=-1)

    return eqx.tree_at(lambda t: t.features, tables, jax.vmap(one)(tables))


def about(tables: solve.Table, num_features: int) -> solve.Table:
    """Return tables with their first features only."""
    first = tables.features[..., :num_features]
    return eqx.tree_at(lambda t: t.features, tables, first)


def duplicates(
    tables: solve.Table, goals: tuple[Goal, ...], weights: Float[Array, "M E"]
) -> Bool[Array, " M"]:
    """Return which weights pay the same as one of `goals` on every transition of `tables`.

    Weights, like goals, are about the first features of `tables`.
    """

    def paid(weights: Float[Array, "m e"]) -> Float[Array, "L S A m"]:
        known = about(tables, weights.shape[-1]).features
        return jnp.matmul(known, weights.T, precision="highest")

    own = paid(stack(goals).weights)
    same = paid(weights)[..., None] == own[..., None, :]
    return jnp.any(jnp.all(same, axis=(0, 1, 2)), axis=-1)


def log_policies(
    tables: solve.Table, rivals: Rivals, discount: Float[Array, ""], *, num_steps: int
) -> Float[Array, "L S A N"]:
    """Return the log-probabilities of the soft-optimal policy of each goal at each β."""
    tables = about(tables, rivals.goals.weights.shape[-1])
    betas = jnp.asarray(rivals.inverse_temperatures)
    each = soft_policies(tables, rivals.goals, betas, discount, num_steps=num_steps)
    return each.reshape(*each.shape[:3], -1)


def log_chances(
    log_policies: Float[Array, "L S A M"], decisions: Decisions
) -> Float[Array, "L T M"]:
    """Return the log-probability of each decision, 0 where it does not count."""

    def one(policies, states, actions, counted):
        return jnp.where(counted[:, None], policies[states, actions], 0.0)

    made = (decisions.states, decisions.actions, decisions.counted)
    return jax.vmap(one)(log_policies, *made)
