"""Whether a network holds the place of a goal inside, and whether that drives it."""

from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.transparent import Activations, Edits
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.inside import (
    READINGS,
    UNIT,
    check_counts,
    check_site,
    read,
    transparent,
)
from goalscope.instruments.levels import Sheet, draw_levels
from goalscope.instruments.probes import Examples, observation
from goalscope.instruments.swaps import Swap, optimal_actions
from goalscope.probing.interchange import reading_from
from goalscope.solve import Table
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.grid import AbstractGridWorld

DISCOUNT = 0.9
NUM_QUADRANTS = 4
MAX_SHARE = 0.6


class Inputs(eqx.Module):
    """What an agent is shown, with leading axis `N`: `view` and `tokens`."""

    view: Float[Array, "..."]
    tokens: Int[Array, "*b K"]


class RepresentedPlace(AbstractInstrument):
    """Is the place of a goal inside, and does it drive? For any transparent agent.

    The variable is *where* `goal` pays. A base and a source are different levels with the
    mouse in one cell; swapped, the agent should go from there, between the base's walls, to
    where the goal lies in the source. Everything is fitted on the first half of the levels
    and read on the second.

    Readings, from decodable to used:

    * `compression`: `n log₂ 4 / L`, `L` the online code of the quadrant in which the goal
      lies, seen from the mouse, given the activations at `site` (Voita & Titov 2020).
      Control: the same from raw observations.
    * `selectivity`: accuracy of a linear probe for the quadrant less that on random labels
      of each cell (Hewitt & Liang 2019). Control: the same from raw observations.
    * `interchange`: a subspace is searched whose swap makes the agent go to the source's
      place (DAS, Geiger et al. 2024); the share of pairs in which it does so.
    * `restricted interchange`: the same where only what the actions depend on may be read
      from the source, `h_b + P Pᵀ Π (h_s - h_b)`. **Only this says that the place is
      used.** Control of both: a copy of a place planted beside the site, which nothing
      reads.
    * `retargeting`: the share in which the agent heads for the source's place once the site
      is moved by the difference of the quadrants' mean activations. Control: a random push.

    The last three count pairs in which the agent, left alone, does something else. One step
    is judged: two of four actions lead to most places.

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981), with the fits as they are.

    What it does not show: a goal whose place is the same in every level, which is no
    variable; its readings are NaN. A network may use the place of a thing to flee it, or on
    the way to another; ask for the goal's restricted interchange next to its rivals'.

    Checks: `decorrelated`, no quadrant holds the goal in more than 0.6 of the inputs;
    `converged`, every probe did.

    Fields:
        goal: what lies somewhere; it must pay in one state of each level.
        site: where activations are read and changed; by default the agent's first.
        rank: dimensions of the subspace, at most the width of the site.
        num_levels: even; half of them are held out.
        inputs_per_level: starts of each level.
    """

    question: ClassVar[str] = "Is the goal's place inside the network, and does it drive it?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model", "activations")

    goal: Goal
    site: str | None = eqx.field(static=True, default=None)
    rank: int = eqx.field(static=True, default=64)
    num_levels: int = eqx.field(static=True, default=64)
    inputs_per_level: int = eqx.field(static=True, default=8)

    def __check_init__(self):
        check_counts(self.num_levels, self.inputs_per_level, self.rank)

    def controls(self) -> tuple[PlantedCase, ...]:
        return (PlantedCase("written network", "restricted interchange", 0.5, 1.0),)

    @property
    def unit(self) -> str:
        return UNIT

    @property
    def readings(self) -> tuple[str, ...]:
        return READINGS

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.5

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("decorrelated", "converged")

    def measure(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world, seen = _grid(world), transparent(agent)
        site = check_site(seen, self.site)
        k_levels, k_swap, k_read = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)

        def forward(inputs: Inputs, edits: Edits) -> tuple[Array, Activations]:
            memory = agent.initial_memory()
            response, each = seen.forward(inputs.view, inputs.tokens, memory, edits)
            return response.logits, each

        pair = self._draw(k_swap, sheet)
        shown = _shown(sheet, jnp.stack([pair.base, pair.source]), pair.states)
        hidden = jax.lax.map(jax.vmap(lambda each: forward(each, {})[1][site]), shown)
        swap = self._swap(sheet, pair, hidden, shown, (world.size, world.horizon))
        first = jax.tree.map(lambda leaf: leaf[0], shown)
        observe = jax.vmap(observation, (0, 0, None))
        examples = Examples(
            hidden=hidden[0],
            observed=observe(first.view, first.tokens, world.token_sizes),
            labels=swap.base_labels,
            types=pair.states,
            counts=jnp.ones(pair.states.shape),
            levels=pair.base,
        )
        shares = jnp.mean(jax.nn.one_hot(swap.base_labels, NUM_QUADRANTS), axis=0)
        return read(
            k_read,
            reading_from(forward, site),
            examples,
            swap,
            jnp.max(shares) <= MAX_SHARE,
            num_levels=self.num_levels,
            classes=(NUM_QUADRANTS, world.num_states),
            rank=self.rank,
        )

    def _draw(self, key: Key[Array, ""], sheet: Sheet) -> "Drawn":
        """Return levels from one half each, and starts in both. Consumes `key`."""
        k_states, k_levels = jax.random.split(key)
        base = jnp.repeat(jnp.arange(self.num_levels), self.inputs_per_level)
        half = self.num_levels // 2
        offsets = jax.random.randint(k_levels, (3, base.size), 1, half)
        others = (base[None] % half + offsets) % half + half * (base[None] // half)
        starts = sheet.tables.start
        # A start of the base where no cell is one in both: those pairs are not valid.
        both = starts[base] * (starts[others[0]] + 1e-6)
        states = jax.random.categorical(k_states, jnp.log(jnp.maximum(both, 1e-30)))
        return Drawn(base, *others, states)

    def _swap(
        self,
        sheet: Sheet,
        pair: "Drawn",
        hidden: Float[Array, "2 N D"],
        shown: Inputs,
        limits: tuple[int, int],
    ) -> Swap:
        size, horizon = limits
        places, single = jax.vmap(self._place)(sheet.tables)
        tables, states = sheet.tables, pair.states
        levels = jnp.stack([pair.base, pair.source])
        labels = _quadrant(sheet, levels, states, places, size)

        def towards(place):
            def one(example):
                level, state, place = example
                table = jax.tree.map(lambda leaf: leaf[level], tables)
                return _moves(table, place, horizon)[state]

            return jax.lax.map(one, (pair.base, states, place), batch_size=32)

        met = tables.start[pair.source, states] > 0
        known = single[pair.base] & single[pair.source]
        moved = places[pair.base] != places[pair.source]
        copies = jax.nn.one_hot(
            places[jnp.stack([pair.copy_base, pair.copy_source])], tables.start.shape[1]
        )
        targets, copy_targets = jax.lax.map(
            towards, places[jnp.stack([pair.source, pair.copy_source])]
        )
        return Swap(
            base=hidden[0],
            source=hidden[1],
            rest=jax.tree.map(lambda leaf: leaf[0], shown),
            base_labels=labels[0],
            source_labels=labels[1],
            targets=targets,
            valid=met & known & moved,
            base_copy=copies[0],
            source_copy=copies[1],
            copy_targets=copy_targets,
            levels=pair.base,
        )

    def _place(self, table: Table) -> tuple[Int[Array, ""], Bool[Array, ""]]:
        """Return the state in which the goal pays, and whether there is exactly one."""
        pays = (self.goal.reward(table.features) != 0) & ~table.terminal[:, None]
        there = jnp.zeros(table.terminal.shape, bool).at[table.successors].max(pays)
        return jnp.argmax(there), jnp.sum(there) == 1


class Drawn(eqx.Module):
    """Numbers of levels, and of the state that base and source share, `[N]` each."""

    base: Int[Array, "*b N"]
    source: Int[Array, "*b N"]
    copy_base: Int[Array, "*b N"]
    copy_source: Int[Array, "*b N"]
    states: Int[Array, "*b N"]


def _grid(world: AbstractWorld) -> AbstractGridWorld:
    if not isinstance(world, AbstractGridWorld):
        raise TypeError(f"{type(world).__name__} is no grid: goals have no place in it")
    return world


def _shown(
    sheet: Sheet, levels: Int[Array, "2 N"], states: Int[Array, " N"]
) -> Inputs:
    tables = sheet.tables
    both = jnp.broadcast_to(states, levels.shape)
    return Inputs(tables.view[levels], tables.tokens[levels, both])


def _quadrant(
    sheet: Sheet,
    levels: Int[Array, "2 N"],
    states: Int[Array, " N"],
    places: Int[Array, " L"],
    size: int,
) -> Int[Array, "2 N"]:
    """Return in which quadrant the place lies, seen from the mouse: 1 right, 2 below."""
    cells = sheet.tables.tokens[..., 0]
    here = cells[levels, jnp.broadcast_to(states, levels.shape)]
    there = cells[levels, places[levels]]
    below, right = there // size > here // size, there % size > here % size
    return 2 * below.astype(jnp.int32) + right.astype(jnp.int32)


def _moves(table: Table, place: Int[Array, ""], num_steps: int) -> Bool[Array, "S A"]:
    """Return the actions that lead to a state soonest; all where none leads there."""
    arrives = (table.successors == place).astype(jnp.float32)
    going = (1 - arrives) * ~table.terminal[table.successors]

    def backup(_, values):
        return arrives + DISCOUNT * going * jnp.max(values, axis=-1)[table.successors]

    values = jax.lax.fori_loop(0, num_steps, backup, jnp.zeros(arrives.shape))
    return optimal_actions(values)
