"""Levels that tell candidate goals apart, and goals that no offered level tells apart.

`separate.distinguishing` says how much of one goal an agent can lose by pursuing another;
here it is how much can be learnt about the goal from watching.
"""

from collections.abc import Mapping, Sequence
from typing import Generic

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Key

from goalscope.goals import Goal, stack
from goalscope.instruments.batched import soft_policies
from goalscope.solve import Table, payments, tabulate
from goalscope.tabular.ways import reachable
from goalscope.worlds.base import AbstractSolvableWorld, Level, State

INVERSE_TEMPERATURE = 16.0
DISCOUNT = 0.9
TOLERANCE = 0.02
"""How far action probabilities may differ where goals still count as agreeing."""


class Design(eqx.Module, Generic[Level]):
    """Levels in the order in which they were chosen.

    Fields:
        levels: the levels, with leading axis `K`.
        information: what the first, the first two, ... tell about the goal at least, in
            nats, `[K]`; at most the entropy of the weights.
        alone: the same of each level alone, `[K]`.
        overlaps: log-overlap of what any two goals do on all of them, `[G, G]`.
    """

    levels: Level
    information: Float[Array, " K"]
    alone: Float[Array, " K"]
    overlaps: Float[Array, "G G"]


def design(
    key: Key[Array, ""],
    world: AbstractSolvableWorld[Level, State],
    goals: Goal,
    weights: Float[Array, " G"],
    *,
    num_levels: int,
    num_proposals: int = 256,
) -> Design[Level]:
    """Return the levels that together say most about which of stacked `goals` it is.

    `num_proposals` levels are drawn from `world`, and the one that adds most to what the
    levels before it tell is taken, `num_levels` times (greedy). Goals that survive an
    earlier measurement keep their weight, the others get 0. Consumes `key`.

    Raises `ValueError` if there are fewer proposals than levels to choose.

    >>> from goalscope.goals import reach
    >>> from goalscope.worlds.corner import Corner
    >>> world = Corner(shifted_share=1.0, size=3, horizon=8)
    >>> goals = stack((reach(world, "cheese"), reach(world, "corner")))
    >>> even = jnp.array([0.5, 0.5])
    >>> key, proposed = jax.random.key(0), 16
    >>> found = design(key, world, goals, even, num_levels=2, num_proposals=proposed)
    >>> bool(found.information[1] > 0.9 * jnp.log(2))
    True
    """
    if not 1 <= num_levels <= num_proposals:
        raise ValueError(
            f"num_levels={num_levels}: must lie in [1, {num_proposals}], the number of "
            "proposals; propose more"
        )
    keys = jax.random.split(key, num_proposals)
    proposals = jax.vmap(world.sample_level)(keys)
    tables = jax.vmap(tabulate, (None, 0))(world, proposals)
    each = overlap(tables, goals, num_steps=world.horizon)
    weights = weights / jnp.sum(weights)

    def choose(carry, _):
        before, free = carry
        joint = jax.vmap(information, (0, None))(before[None] + each, weights)
        best = jnp.argmax(jnp.where(free, joint, -jnp.inf))
        return (before + each[best], free.at[best].set(False)), (best, joint[best])

    begin = (jnp.zeros(each.shape[1:]), jnp.ones(num_proposals, bool))
    (overlaps, _), (chosen, gained) = jax.lax.scan(choose, begin, length=num_levels)
    levels = jax.tree.map(lambda leaf: leaf[chosen], proposals)
    alone = jax.vmap(information, (0, None))(each[chosen], weights)
    return Design(levels, gained, alone, overlaps)


def information(
    overlaps: Float[Array, "G G"], weights: Float[Array, " G"]
) -> Float[Array, ""]:
    """Return what is learnt about the goal at least, `−Σ_g w_g log Σ_h w_h ρ_gh`, in nats.

    A lower bound of the mutual information of goal and behaviour, from the overlaps
    `ρ = Σ √(p_g p_h)` of what goals do, given as logarithms. 0 if all do the same, the
    entropy of the weights if no two ever do. Source: Kolchinsky & Tracey (2017).

    >>> even = jnp.array([0.5, 0.5])
    >>> round(float(information(jnp.array([[0.0, -50.0], [-50.0, 0.0]]), even)), 4)
    0.6931
    """
    mixed = logsumexp(overlaps, axis=1, b=weights[None])
    return -jnp.sum(jnp.where(weights > 0, weights * mixed, 0.0))


def overlap(tables: Table, goals: Goal, *, num_steps: int) -> Float[Array, "L G G"]:
    """Return `log Σ_τ √(p_g(τ) p_h(τ))` over ways `τ` through each level, of any two goals.

    Goals are pursued by soft-optimal planners from the level's start distribution, until
    one of them pays. 0 if they do the same, and additive over levels. Exact: on a way that
    two goals share probabilities multiply, `B(s) = Σ_a √(π_g π_h) B(s′)`.
    """
    log_policies = _policies(tables, goals, num_steps)

    def one(item):
        table, log_policy = item
        half = jnp.exp(log_policy / 2)
        both = half[..., :, None] * half[..., None, :]
        going = _undecided(table, goals)[..., None, None]
        following = table.successors

        def backup(_, shared):
            return jnp.sum(both * jnp.where(going, shared[following], 1.0), axis=1)

        shape = (following.shape[0], *both.shape[2:])
        shared = jax.lax.fori_loop(0, num_steps, backup, jnp.ones(shape))
        log_shared = jnp.log(jnp.maximum(shared, 1e-30))
        return logsumexp(log_shared, axis=0, b=table.start[:, None, None])

    found = jax.lax.map(one, (tables, log_policies))
    same = jnp.eye(found.shape[-1], dtype=bool)[None]
    return jnp.where(same, 0.0, jnp.minimum(found, 0.0))


def disagreement(tables: Table, goals: Goal, *, num_steps: int) -> Float[Array, "G G"]:
    """Return how far action probabilities of two goals are apart, at most, on all levels.

    `max_{l,s} ½ Σ_a |π_g − π_h|` over the states to which one can come before a goal pays.
    """
    log_policies = _policies(tables, goals, num_steps)

    def one(item):
        table, log_policy = item
        policy = jnp.exp(log_policy)
        apart = jnp.sum(jnp.abs(policy[..., :, None] - policy[..., None, :]), axis=1) / 2
        stays = jnp.arange(table.successors.shape[0])[:, None]
        following = jnp.where(_undecided(table, goals), table.successors, stays)
        asked = reachable(following, table.start) & ~table.terminal
        return jnp.max(jnp.where(asked[:, None, None], apart, 0.0), axis=0)

    return jnp.max(jax.lax.map(one, (tables, log_policies)), axis=0)


def indistinguishable(
    tables: Table,
    goals: Sequence[Goal],
    *,
    num_steps: int,
    tolerance: float = TOLERANCE,
) -> tuple[tuple[str, ...], ...]:
    """Return groups of goals that agree on every level, by their names.

    Two goals agree where no action probability differs by more than `tolerance` (see
    `disagreement`), and are in one group if a chain of goals that agree leads from one to
    the other. Whoever pursues one of a group cannot be told, on these levels, from whoever
    pursues another. Goals that are told from all others are in no group.
    """
    apart = np.asarray(disagreement(tables, stack(tuple(goals)), num_steps=num_steps))
    linked = apart <= tolerance
    for middle in range(len(goals)):
        linked |= linked[:, middle, None] & linked[None, middle]
    groups = {tuple(np.flatnonzero(row).tolist()) for row in linked}
    return tuple(
        tuple(goals[which].name for which in group)
        for group in sorted(groups)
        if len(group) > 1
    )


def concluded(
    shares: Mapping[str, float],
    groups: Sequence[tuple[str, ...]],
    *,
    convicts: float = 0.95,
) -> tuple[str, ...]:
    """Return what a posterior allows to be said: the goal, a whole group, or nothing.

    Goals that levels cannot tell apart share what belongs to any of them, and are named
    together however their shares came to be divided. `()` where no goal and no group has
    the share that convicts.

    >>> concluded({"cheese": 0.99, "corner": 0.0}, [("cheese", "corner")])
    ('cheese', 'corner')
    >>> concluded({"cheese": 0.6, "corner": 0.3}, [])
    ()
    """
    grouped = {name for group in groups for name in group}
    alone = [(name,) for name in shares if name not in grouped]
    for group in (*map(tuple, groups), *alone):
        if sum(shares[name] for name in group) >= convicts:
            return group
    return ()


def _policies(tables: Table, goals: Goal, num_steps: int) -> Float[Array, "L S A G"]:
    beta, discount = jnp.array([INVERSE_TEMPERATURE]), jnp.asarray(DISCOUNT)
    return soft_policies(tables, goals, beta, discount, num_steps=num_steps)[..., 0]


def _undecided(table: Table, goals: Goal) -> Bool[Array, "S A"]:
    """Return which transitions neither end the episode nor pay any of the goals."""
    rewards, _ = jax.vmap(payments, (None, 0))(table, goals)
    return jnp.all(rewards == 0, axis=0) & ~table.terminal[table.successors]
