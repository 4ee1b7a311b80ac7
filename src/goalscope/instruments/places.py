"""Where goals lie, and pairs of levels in which they lie elsewhere."""

from collections.abc import Callable

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.instruments.swaps import Swap, optimal_actions
from goalscope.solve import Table

DISCOUNT = 0.9


class Shown(eqx.Module):
    """What an agent is shown: `view` and `tokens`, with leading axis `N`."""

    view: Float[Array, "..."]
    tokens: Int[Array, "*b K"]


class Pairing(eqx.Module):
    """Levels of which one is patched from another, by number, `[N]` each.

    Fields:
        base, source: levels of a pair, both from one half.
        copy_base, copy_source: levels from which the planted copy takes its places.
        states: the state that base and source share.
    """

    base: Int[Array, "*b N"]
    source: Int[Array, "*b N"]
    copy_base: Int[Array, "*b N"]
    copy_source: Int[Array, "*b N"]
    states: Int[Array, "*b N"]


def pair_levels(key: Key[Array, ""], sheet: Sheet, *, per_level: int) -> Pairing:
    """Return pairs of levels with a state that is a start in both. Consumes `key`.

    Where there is no such state, it is a start of the base.
    """
    k_states, k_levels = jax.random.split(key)
    starts = sheet.tables.start
    num_levels = starts.shape[0]
    base, half = jnp.repeat(jnp.arange(num_levels), per_level), num_levels // 2
    offsets = jax.random.randint(k_levels, (3, base.size), 1, half)
    others = (base[None] % half + offsets) % half + half * (base[None] // half)
    both = starts[base] * (starts[others[0]] + 1e-6)
    states = jax.random.categorical(k_states, jnp.log(jnp.maximum(both, 1e-30)))
    return Pairing(base, others[0], others[1], others[2], states)


def shown(sheet: Sheet, pairing: Pairing) -> Shown:
    """Return what is seen in base and source, with leading axes `[2, N]`."""
    levels = jnp.stack([pairing.base, pairing.source])
    states = jnp.stack([pairing.states, pairing.states])
    return Shown(sheet.tables.view[levels], sheet.tables.tokens[levels, states])


def swap_places(
    sheet: Sheet,
    goal: Goal,
    pairing: Pairing,
    activations: Callable[[Shown], Float[Array, " D"]],
    *,
    size: int,
    num_steps: int,
) -> Swap:
    """Return pairs whose sources have the goal elsewhere.

    Targets are the first actions of shortest ways, in the base, to where the goal lies in
    the source; labels are quadrants seen from the mouse.

    Args:
        sheet: the levels.
        goal: the goal whose place is swapped.
        pairing: which levels are paired.
        activations: those of an agent at the site.
        size: side of the grid, in cells.
        num_steps: longest way.
    """
    places, single = jax.vmap(place_of, (0, None))(sheet.tables, goal)
    seen, starts = shown(sheet, pairing), sheet.tables.start
    hidden = jax.lax.map(jax.vmap(activations), seen)
    levels = jnp.stack([pairing.base, pairing.source])
    labels = _quadrant(sheet, levels, pairing.states, places, size)

    def towards(place):
        def one(example):
            level, state, place = example
            table = jax.tree.map(lambda leaf: leaf[level], sheet.tables)
            return moves_to(table, place, num_steps=num_steps)[state]

        return jax.lax.map(one, (pairing.base, pairing.states, place), batch_size=32)

    wanted = places[jnp.stack([pairing.source, pairing.copy_source])]
    copied = places[jnp.stack([pairing.copy_base, pairing.copy_source])]
    copies = jax.nn.one_hot(copied, starts.shape[1], dtype=hidden.dtype)
    targets, copy_targets = jax.lax.map(towards, wanted)
    known = single[pairing.base] & single[pairing.source]
    moved = places[pairing.base] != places[pairing.source]
    return Swap(
        base=hidden[0],
        source=hidden[1],
        rest=jax.tree.map(lambda leaf: leaf[0], seen),
        base_labels=labels[0],
        source_labels=labels[1],
        targets=targets,
        valid=known & moved & (starts[pairing.source, pairing.states] > 0),
        base_copy=copies[0],
        source_copy=copies[1],
        copy_targets=copy_targets,
        levels=pairing.base,
    )


def place_of(table: Table, goal: Goal) -> tuple[Int[Array, ""], Bool[Array, ""]]:
    """Return the state on entering which the goal pays, and whether it is the only one."""
    pays = (goal.reward(table.features) != 0) & ~table.terminal[:, None]
    there = jnp.zeros(table.terminal.shape, bool).at[table.successors].max(pays)
    return jnp.argmax(there), jnp.sum(there) == 1


def moves_to(table: Table, place: Int[Array, ""], *, num_steps: int) -> Bool[Array, "S A"]:
    """Return the actions that lead soonest to a state; all where none leads there."""
    arrives = (table.successors == place).astype(jnp.float32)
    going = (1 - arrives) * ~table.terminal[table.successors]

    def backup(_, values):
        return arrives + DISCOUNT * going * jnp.max(values, axis=-1)[table.successors]

    values = jax.lax.fori_loop(0, num_steps, backup, jnp.zeros(arrives.shape))
    return optimal_actions(values)


def _quadrant(
    sheet: Sheet,
    levels: Int[Array, "2 N"],
    states: Int[Array, " N"],
    places: Int[Array, " L"],
    size: int,
) -> Int[Array, "2 N"]:
    """Return in which quadrant the place lies, seen from the mouse: 1 right, 2 below."""
    cells = sheet.tables.tokens[..., 0]
    here = cells[levels, jnp.stack([states, states])]
    there = cells[levels, places[levels]]
    below, right = there // size > here // size, there % size > here % size
    return 2 * below.astype(jnp.int32) + right.astype(jnp.int32)
