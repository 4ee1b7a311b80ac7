"""Whether a network that is told its goal holds it inside, and whether that drives it."""

from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.transparent import (
    AbstractGoalConditionedAgent,
    Activations,
    Edits,
)
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.inside import READINGS, UNIT, check_counts, check_site, read
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.instruments.probes import Examples, observation
from goalscope.instruments.told import Inputs, draw_inputs, swap_goals, tell
from goalscope.probing.interchange import reading_from
from goalscope.worlds.base import AbstractWorld

MIN_INFORMATIVE = 0.125


class RepresentedGoal(AbstractInstrument):
    """Is the goal inside, and does it drive? For agents that can be told a goal.

    The agent is told, in its slot, each of the candidates in turn: the variable is *which
    goal*. Inputs are starts of `num_levels` levels. Everything is fitted on the first half
    of the levels and read on the second.

    Readings, from decodable to used:

    * `compression`: `L₀ / L`, `L` the online code of the goal given the activations at
      `site`, `L₀` that of who only counts goals (Voita & Titov 2020). Control: the same
      from raw observations.
    * `selectivity`: accuracy of a linear probe less that on random labels of each state
      (Hewitt & Liang 2019). Control: the same from raw observations.
    * `interchange`: a subspace is searched whose swap from a source makes the agent act as
      the source's goal asks, in the base's level (DAS, Geiger et al. 2024); the share of
      pairs in which it does.
    * `restricted interchange`: the same where only what the actions depend on may be read
      from the source, `h_b + P Pᵀ Π (h_s - h_b)`. **Only this says that the goal is used**:
      without `Π` a dormant copy can be rotated into a live direction (Makelov et al. 2024).
      Control of both: a copy of the goal planted beside the site, which nothing reads; the
      first shows how far a search is fooled, the second is 0 as far as `Π` is right.
    * `retargeting`: the share in which the agent acts as another goal asks once the site is
      moved by the difference of the goals' mean activations. Control: a random push of the
      same size.

    The last three count pairs in which the agent, left alone, does something else.

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981), with the fits as they are.

    What it does not show: whether the agent has that goal when it is told nothing, nor
    where else the goal is kept. A site through which everything passes drives everything.
    Beyond linear readouts `Π` is an approximation (see `row_space`).

    Checks: `decorrelated`, in at least an eighth of all pairs the two goals ask for actions
    that exclude each other; `converged`, every probe did.

    Fields:
        goals: what the agent is told, at least two.
        slot: where it is told.
        site: where activations are read and changed; by default the agent's first.
        rank: dimensions of the subspace.
        num_levels: even; half of them are held out.
        inputs_per_level: starts of each level.
    """

    question: ClassVar[str] = "Is the goal inside the network, and does it drive it?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour", "world model", "activations")

    goals: tuple[Goal, ...]
    slot: str = eqx.field(static=True, default="goal")
    site: str | None = eqx.field(static=True, default=None)
    rank: int = eqx.field(static=True, default=4)
    num_levels: int = eqx.field(static=True, default=64)
    inputs_per_level: int = eqx.field(static=True, default=8)

    def __check_init__(self):
        check_candidates(self.goals, READINGS)
        if len(self.goals) < 2:
            raise ValueError("one goal is no variable; give at least two")
        check_counts(self.num_levels, self.inputs_per_level, self.rank)

    def controls(self) -> tuple[PlantedCase, ...]:
        used, decoded = "restricted interchange", "compression"
        if self.slot == "copy":
            return (
                PlantedCase("unused copy", decoded, 2.0, float("inf")),
                PlantedCase("unused copy", used, 0.0, 0.5),
            )
        return (
            PlantedCase("goal-conditioned network", decoded, 2.0, float("inf")),
            PlantedCase("goal-conditioned network", used, 0.9, 1.0),
            PlantedCase("goal-conditioned network", "retargeting", 0.9, 1.0),
            PlantedCase("unused copy", used, 0.9, 1.0),
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
        world, told = solvable(world), self._conditioned(agent)
        site = check_site(told, self.site)
        k_levels, k_told, k_pairs, k_read = jax.random.split(key, 4)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        goals = stack(self.goals)
        inputs = draw_inputs(
            k_told,
            sheet,
            goals,
            num_slots=len(told.slots),
            per_level=self.inputs_per_level,
            num_steps=world.horizon,
        )

        def forward(inputs: Inputs, edits: Edits) -> tuple[Array, Activations]:
            agent = tell(told, goals, inputs.goals)
            memory = agent.initial_memory()
            response, seen = agent.forward(inputs.view, inputs.tokens, memory, edits)
            return response.logits, seen

        def activations(inputs: Inputs) -> Array:
            return forward(inputs, {})[1][site]

        swap = swap_goals(k_pairs, activations, inputs, told.slots.index(self.slot))
        own = swap.base_labels
        apart = ~jnp.any(swap.targets & inputs.asked_by(own), axis=-1)
        seen = jax.vmap(observation, (0, 0, None))
        examples = Examples(
            hidden=swap.base,
            observed=seen(inputs.view, inputs.tokens, world.token_sizes),
            labels=own,
            types=inputs.states,
            counts=jnp.ones(own.shape),
            levels=inputs.levels,
            num_classes=len(self.goals),
            num_types=world.num_states,
            num_levels=self.num_levels,
        )
        return read(
            k_read,
            reading_from(forward, site),
            examples,
            swap,
            jnp.mean(apart) >= MIN_INFORMATIVE,
            rank=self.rank,
        )

    def _conditioned(self, agent: AbstractAgent) -> AbstractGoalConditionedAgent:
        if not isinstance(agent, AbstractGoalConditionedAgent):
            raise TypeError(
                f"{type(agent).__name__} cannot be told a goal; inherit from "
                "AbstractGoalConditionedAgent, or ask RepresentedPlace"
            )
        if self.slot not in agent.slots:
            slots = ", ".join(agent.slots)
            raise ValueError(f"the agent has no slot {self.slot!r}; it has {slots}")
        return agent
