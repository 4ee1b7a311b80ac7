"""Whether a network holds the place of a goal inside, and whether that drives it."""

from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Key

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
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.places import Shown, pair_levels, swap_places
from goalscope.instruments.probes import Examples, observation
from goalscope.probing.interchange import reading_from
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.grid import AbstractGridWorld

NUM_QUADRANTS = 4
MAX_SHARE = 0.6


class RepresentedPlace(AbstractInstrument):
    """Is the place of a goal inside, and does it drive? For any transparent agent.

    The variable is *where* `goal` pays. A base and a source are different levels with the
    mouse in one cell; swapped, the agent should go from there, between the base's walls, to
    where the goal lies in the source. Everything is fitted on the first half of the levels
    and read on the second.

    Readings, from decodable to used:

    * `compression`: `L₀ / L`, `L` the online code of the quadrant in which the goal lies,
      seen from the mouse, given the activations at `site`, `L₀` that of who only counts
      quadrants (Voita & Titov 2020).
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

    question: ClassVar[str] = (
        "Is the goal's place inside the network, and does it drive it?"
    )
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model", "activations")

    goal: Goal
    site: str | None = eqx.field(static=True, default=None)
    rank: int = eqx.field(static=True, default=64)
    num_levels: int = eqx.field(static=True, default=64)
    inputs_per_level: int = eqx.field(static=True, default=8)

    def __check_init__(self):
        check_counts(self.num_levels, self.inputs_per_level, self.rank)

    def controls(self) -> tuple[PlantedCase, ...]:
        used = "restricted interchange"
        return (
            PlantedCase("place used", used, 0.6, 1.0),
            PlantedCase("place stored", used, 0.0, 0.4),
            PlantedCase("place ignored", used, 0.0, 0.1),
        )

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

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world, seen = _grid(world), transparent(agent)
        site = check_site(seen, self.site)
        k_levels, k_swap, k_read = jax.random.split(key, 3)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)

        pairing = pair_levels(k_swap, sheet, per_level=self.inputs_per_level)

        def forward(inputs: Shown, edits: Edits) -> tuple[Array, Activations]:
            memory = agent.initial_memory()
            response, each = seen.forward(inputs.view, inputs.tokens, memory, edits)
            return response.logits, each

        def activations(inputs: Shown) -> Array:
            return forward(inputs, {})[1][site]

        swap = swap_places(
            sheet,
            self.goal,
            pairing,
            activations,
            size=world.size,
            num_steps=world.horizon,
        )
        observe = jax.vmap(observation, (0, 0, None))
        examples = Examples(
            hidden=swap.base,
            observed=observe(swap.rest.view, swap.rest.tokens, world.token_sizes),
            labels=swap.base_labels,
            types=pairing.states,
            counts=jnp.ones(pairing.states.shape),
            levels=pairing.base,
            num_classes=NUM_QUADRANTS,
            num_types=world.num_states,
            num_levels=self.num_levels,
        )
        shares = jnp.mean(jax.nn.one_hot(swap.base_labels, NUM_QUADRANTS), axis=0)
        return read(
            k_read,
            reading_from(forward, site),
            examples,
            swap,
            jnp.max(shares) <= MAX_SHARE,
            rank=self.rank,
        )


def _grid(world: AbstractWorld) -> AbstractGridWorld:
    if not isinstance(world, AbstractGridWorld):
        raise TypeError(f"{type(world).__name__} is no grid: goals have no place in it")
    return world
