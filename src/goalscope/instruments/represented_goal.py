"""Whether a network that is told its goal holds it inside, and whether that drives it."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import optimal_policy
from goalscope.agents.transparent import (
    AbstractGoalConditionedAgent,
    Activations,
    Edits,
)
from goalscope.goals import Goal, stack
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.inside import READINGS, UNIT, check_counts, check_site, read
from goalscope.instruments.levels import Sheet, check_candidates, draw_levels, solvable
from goalscope.instruments.probes import Examples, observation
from goalscope.instruments.swaps import Swap
from goalscope.probing.interchange import reading_from
from goalscope.worlds.base import AbstractWorld

DISCOUNT = 0.9
MIN_INFORMATIVE = 0.125


class Inputs(eqx.Module):
    """What an agent is told and shown, with leading axis `N`.

    Fields:
        view, tokens: the observation.
        goals: number of the goal in each slot, `[slots]`.
        asked: which actions each goal asks for, `[A, G]`.
        states: number of the state.
        levels: number of the level.
    """

    view: Float[Array, "..."]
    tokens: Int[Array, "*b K"]
    goals: Int[Array, "*b slots"]
    asked: Bool[Array, "*b A G"]
    states: Int[Array, "*b"]
    levels: Int[Array, "*b"]


class RepresentedGoal(AbstractInstrument):
    """Is the goal inside, and does it drive? For agents that can be told a goal.

    The agent is told, in its slot, each of the candidates in turn: the variable is *which
    goal*. Inputs are starts of `num_levels` levels. Everything is fitted on the first half
    of the levels and read on the second.

    Readings, from decodable to used:

    * `compression`: `n log₂ K / L`, `L` the online code of the goal given the activations
      at `site` (Voita & Titov 2020). Control: the same from raw observations.
    * `selectivity`: accuracy of a linear probe less that on random labels of each state
      (Hewitt & Liang 2019). Control: the same from raw observations.
    * `interchange`: a subspace is searched whose swap from a source makes the agent act as
      the source's goal asks, in the base's level (DAS, Geiger et al. 2024); the share of
      pairs in which it does.
    * `restricted interchange`: the same where only what the actions depend on may be read
      from the source, `h_b + P Pᵀ Π (h_s - h_b)`. **Only this says that the goal is used**:
      without `Π` a dormant copy can be rotated into a live direction (Makelov et al. 2024).
      Control of both: a copy of the goal planted beside the site, which nothing reads.
    * `retargeting`: the share in which the agent acts as another goal asks once the site is
      moved by the difference of the goals' mean activations. Control: a random push of the
      same size.

    The last three count pairs in which the agent, left alone, does something else.

    The interval is what other levels would have given: the Bayesian bootstrap over levels
    (Rubin 1981), with the fits as they are.

    What it does not show: whether the agent has that goal when it is told nothing, nor where
    else the goal is kept; a site after which nothing is decided drives everything. Beyond
    linear readouts `Π` is an approximation (see `row_space`).

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

    def measure(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        world, told = solvable(world), self._conditioned(agent)
        site = check_site(told, self.site)
        k_levels, k_told, k_pairs, k_read = jax.random.split(key, 4)
        sheet = draw_levels(k_levels, world, num_levels=self.num_levels)
        inputs = self._draw_inputs(k_told, sheet, len(told.slots), world.horizon)

        def forward(inputs: Inputs, edits: Edits) -> tuple[Array, Activations]:
            agent = self._tell(told, inputs.goals)
            memory = agent.initial_memory()
            response, seen = agent.forward(inputs.view, inputs.tokens, memory, edits)
            return response.logits, seen

        place = told.slots.index(self.slot)
        swap = self._swap(
            k_pairs, lambda each: forward(each, {})[1][site], inputs, place
        )
        own = swap.base_labels
        apart = ~jnp.any(swap.targets & _asked(inputs, own), axis=-1)
        seen = jax.vmap(observation, (0, 0, None))
        examples = Examples(
            hidden=swap.base,
            observed=seen(inputs.view, inputs.tokens, world.token_sizes),
            labels=own,
            types=inputs.states,
            counts=jnp.ones(own.shape),
            levels=inputs.levels,
        )
        return read(
            k_read,
            reading_from(forward, site),
            examples,
            swap,
            jnp.mean(apart) >= MIN_INFORMATIVE,
            num_levels=self.num_levels,
            classes=(len(self.goals), world.num_states),
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

    def _tell(
        self, agent: AbstractGoalConditionedAgent, numbers: Int[Array, " slots"]
    ) -> AbstractGoalConditionedAgent:
        """Return the agent with one of the goals in each of its slots."""
        stacked = stack(self.goals)
        for slot, number in zip(agent.slots, numbers, strict=True):
            goal = Goal(stacked.weights[number], stacked.once[number], "told")
            agent = agent.told(goal, slot)
        return agent

    def _draw_inputs(
        self, key: Key[Array, ""], sheet: Sheet, num_slots: int, num_steps: int
    ) -> Inputs:
        """Return starts of every level, with goals drawn for all slots. Consumes `key`."""
        k_states, k_goals = jax.random.split(key)
        levels = jnp.repeat(jnp.arange(self.num_levels), self.inputs_per_level)
        tables, goals = sheet.tables, stack(self.goals)

        def asked(table):
            policies = jax.vmap(
                lambda goal: optimal_policy(table, goal, DISCOUNT, num_steps=num_steps)
            )(goals)
            return jnp.moveaxis(policies, 0, -1) > 0

        chances = jnp.log(jnp.maximum(tables.start[levels], 1e-30))
        states = jax.random.categorical(k_states, chances)
        return Inputs(
            view=tables.view[levels],
            tokens=tables.tokens[levels, states],
            goals=jax.random.randint(
                k_goals, (levels.size, num_slots), 0, len(self.goals)
            ),
            asked=jax.lax.map(asked, tables)[levels, states],
            states=states,
            levels=levels,
        )

    def _swap(
        self,
        key: Key[Array, ""],
        activations: Callable[[Inputs], Float[Array, " D"]],
        inputs: Inputs,
        place: int,
    ) -> Swap:
        """Return pairs of inputs, both from one half of the levels. Consumes `key`.

        A source has another goal in the slot at `place`, and the same in all others.
        """
        k_pair, k_other, k_copy = jax.random.split(key, 3)
        num, num_goals = inputs.states.shape[0], len(self.goals)
        order, own = jax.random.permutation(k_pair, num // 2), inputs.goals[:, place]
        order = jnp.concatenate([order, num // 2 + order])
        other = own + jax.random.randint(k_other, (num,), 1, num_goals)
        other = other % num_goals
        source = jax.tree.map(lambda leaf: leaf[order], inputs)
        goals = inputs.goals.at[:, place].set(other)
        source = eqx.tree_at(lambda each: each.goals, source, goals)
        pair = jax.tree.map(lambda *leaves: jnp.stack(leaves), inputs, source)
        hidden = jax.lax.map(jax.vmap(activations), pair)
        copies = jax.random.randint(k_copy, (2, num), 0, num_goals)
        written = jax.nn.one_hot(copies, num_goals, dtype=hidden.dtype)
        return Swap(
            base=hidden[0],
            source=hidden[1],
            rest=inputs,
            base_labels=own,
            source_labels=other,
            targets=_asked(inputs, other),
            valid=jnp.ones(num, bool),
            base_copy=written[0],
            source_copy=written[1],
            copy_targets=_asked(inputs, copies[1]),
            levels=inputs.levels,
        )


def _asked(inputs: Inputs, numbers: Int[Array, " N"]) -> Bool[Array, "N A"]:
    """Return the actions that the goal with this number asks for in each input."""
    return jnp.take_along_axis(inputs.asked, numbers[:, None, None], axis=-1)[..., 0]
