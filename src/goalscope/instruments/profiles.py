"""Profile likelihoods of planners: how likely decisions are, whatever the β."""

import math
from typing import NamedTuple

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from goalscope import solve
from goalscope.goals import Goal
from goalscope.instruments.batched import log_choice, soft_value

NUM_STRENGTHS = 7
STRENGTHS = (0.25, 1024.0)
"""The least and the largest β that is tried, for a goal in its own units."""
NUM_BETWEEN = 16
"""Points that a smooth profile is interpolated at, between two that were computed."""


class Planners(NamedTuple):
    """Soft-optimal planners, one an entry; see `agents.planner.Planner`."""

    inverse_temperatures: Float[Array, " M"]
    discounts: Float[Array, " M"]
    depths: Int[Array, " M"]


def log_likelihoods(
    tables: solve.Table,
    counts: Float[Array, "L S A"],
    goal: Goal,
    planners: Planners,
    *,
    num_steps: int,
) -> Float[Array, " M"]:
    """Return the log-likelihood of decisions under each planner for `goal`.

    Args:
        tables: the levels, with a leading axis `L`.
        counts: how often each action was taken in each state.
        goal: what they plan for.
        planners: which of them; none looks further ahead than `num_steps` backups.
        num_steps: length of the loop.
    """
    beta, discount = planners.inverse_temperatures[None], planners.discounts[None]

    def one(item: tuple[solve.Table, Float[Array, "S A"]]) -> Float[Array, " M"]:
        table, taken = item
        rewards, going = solve.payments(table, goal)
        actions = range(rewards.shape[1])
        paid = [rewards[:, a, None] for a in actions]
        flows = [discount * going[:, a, None] for a in actions]
        after = [table.successors[:, a] for a in actions]

        def action_values(values: Float[Array, "S M"]) -> list[Float[Array, "S M"]]:
            return [paid[a] + flows[a] * values[after[a]] for a in actions]

        def backup(
            step: Int[Array, ""], values: Float[Array, "S M"]
        ) -> Float[Array, "S M"]:
            updated = soft_value(beta, action_values(values))
            return jnp.where(step < planners.depths, updated, values)

        begin = jnp.zeros((taken.shape[0], beta.shape[1]))
        values = jax.lax.fori_loop(0, num_steps, backup, begin)
        log_policy = jnp.stack(log_choice(beta, action_values(values)))
        return jnp.einsum("asm,sa->m", log_policy, taken, precision="highest")

    return jnp.sum(jax.lax.map(one, (tables, counts)), axis=0)


def in_own_units(tables: solve.Table, goal: Goal) -> Goal:
    """Return the goal in units of the most that it pays, or costs, anywhere in `tables`.

    So an inverse temperature means the same whatever units a goal comes in.
    """
    paid, _ = jax.vmap(solve.payments, (0, None))(tables, goal)
    most = jnp.max(jnp.abs(paid))
    return Goal(goal.weights / jnp.where(most > 0, most, 1.0), goal.once, goal.name)


class Profile(NamedTuple):
    """The largest log-likelihood at each point of a line, and the β that attains it."""

    log_likelihoods: Float[Array, " n"]
    inverse_temperatures: Float[Array, " n"]


def over_strengths(
    tables: solve.Table,
    counts: Float[Array, "L S A"],
    goal: Goal,
    *,
    discounts: Float[Array, " n"],
    depths: Int[Array, " n"],
    num_steps: int,
) -> Profile:
    """Return the profile over β of pairs of a discount and a depth.

    Looks at 7 values of β, then at 7 between the neighbours of the best, and so again, for
    each pair by itself; the last three define a parabola whose vertex counts. Takes the
    likelihood to have one maximum in β, between 0.25 and 1024 (see `in_own_units`), and
    never looks beyond these.
    """
    num = discounts.shape[0]
    low, high = (math.log(strength) for strength in STRENGTHS)
    offsets = jnp.linspace(-1.0, 1.0, NUM_STRENGTHS)

    def look(
        centre: Float[Array, " n"], width: Float[Array, ""]
    ) -> tuple[Array, tuple[Array, Array]]:
        strengths = centre[:, None] + width * offsets[None]
        flat = Planners(
            jnp.exp(strengths.ravel()),
            jnp.repeat(discounts, NUM_STRENGTHS),
            jnp.repeat(depths, NUM_STRENGTHS),
        )
        found = log_likelihoods(tables, counts, goal, flat, num_steps=num_steps)
        found = found.reshape(num, NUM_STRENGTHS)
        best, at = peaks(found)
        there = centre + width * (2 * at / (NUM_STRENGTHS - 1) - 1)
        return jnp.clip(there, low + width / 3, high - width / 3), (there, best)

    half = (high - low) / 2
    widths = jnp.array([half, half / 3, half / 9], jnp.float32)
    begin = jnp.full(num, (low + high) / 2)
    _, (there, found) = jax.lax.scan(look, begin, widths)
    return Profile(found[-1], jnp.exp(there[-1]))


def peaks(values: Float[Array, "n B"]) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Return the vertex of the parabola through the largest entry and its neighbours.

    Its height, and where it is, in steps; the largest entry itself at an end of a row.

    >>> [float(x[0]) for x in peaks(jnp.array([[0.0, 3.0, 4.0, 3.0]]))]
    [4.0, 2.0]
    """
    best = jnp.argmax(values, axis=-1)
    inner = jnp.clip(best, 1, values.shape[-1] - 2)
    left, middle, right = (
        jnp.take_along_axis(values, (inner + shift)[:, None], axis=-1)[:, 0]
        for shift in (-1, 0, 1)
    )
    slope, bend = (right - left) / 2, 2 * middle - left - right
    shift = jnp.where((best == inner) & (bend > 0), slope / jnp.maximum(bend, 1e-12), 0.0)
    height = jnp.max(values, axis=-1) + shift * slope / 2
    return height, best + shift


def smooth(
    points: Float[Array, " n"], values: Float[Array, " n"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Return a finer line of points and values: cubic in the number of the point.

    The slope at a point is that between its neighbours, but no more than three times the
    gentler of the two chords that meet there, so that steep ends do not swing through
    (Hyman 1983).

    >>> line = jnp.linspace(0.0, 4.0, 5)
    >>> xs, ys = smooth(line, line**2)
    >>> bool(jnp.allclose(ys[16:49], xs[16:49] ** 2, atol=1e-5))
    True
    """
    chords = jnp.diff(values)
    left, right = jnp.append(chords[:1], chords), jnp.append(chords, chords[-1:])
    limit = 3 * jnp.minimum(jnp.abs(left), jnp.abs(right))
    slopes = jnp.clip((left + right) / 2, -limit, limit)
    t = jnp.arange(NUM_BETWEEN)[None] / NUM_BETWEEN
    rise, enter, leave = (x[:, None] for x in (chords, slopes[:-1], slopes[1:]))
    bend, turn = 3 * rise - 2 * enter - leave, enter + leave - 2 * rise
    each = values[:-1, None] + t * (enter + t * (bend + t * turn))
    finer = points[:-1, None] + jnp.diff(points)[:, None] * t
    return jnp.append(finer.ravel(), points[-1]), jnp.append(each.ravel(), values[-1])


def plausible(values: Float[Array, " m"], cutoff: float) -> Bool[Array, " m"]:
    """Return which points a likelihood-ratio test does not reject: `2 (ℓ̂ − ℓ) ≤ cutoff`."""
    return 2 * (jnp.max(values) - values) <= cutoff
