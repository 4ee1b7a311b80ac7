"""A written network that is told its goal, and may keep a copy of one that it ignores."""

import equinox as eqx
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import Response
from goalscope.agents.transparent import (
    AbstractGoalConditionedAgent,
    Activations,
    Edits,
    check_edits,
    edited,
)
from goalscope.agents.value_iteration import (
    SITES,
    Iteration,
    Plan,
    Reader,
    default_sweeps,
    feature_index,
    plan,
    respond,
    write_reader,
)
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractWorld

GOAL, COPY = "goal", "copy"
WIDTH = 8
"""Activations of each slot, or as many as there are features if these are more."""


class GoalConditioned(AbstractGoalConditionedAgent[Plan, tuple[()]]):
    """A universal goal-conditioned policy: `WrittenNetwork` with the goal as an input.

    The site `goal` holds the embedding of each slot, one after the other. A linear readout
    turns it into one weight per feature, whose maps add up to the map of rewards. The
    readout of the slot `goal` inverts its embedding; that of the slot `copy` is zero: what
    is written there can be decoded and changes nothing.

    Fields:
        goals: the goal vector of each slot, weights of the features, `[slots, F]`.
        embeddings: of each slot, `[slots, F, D]`.
        readout: from the site to weights of features, `[slots * D, F]`.
        reader: how it sees the maze.
        iteration: how it plans.
        slots: names of the slots.
    """

    goals: Float[Array, "*b slots F"]
    embeddings: Float[Array, "*b slots F D"]
    readout: Float[Array, "*b site F"]
    reader: Reader
    iteration: Iteration
    slots: tuple[str, ...] = eqx.field(static=True)

    @staticmethod
    def init(
        rng: np.random.Generator,
        world: AbstractWorld,
        *,
        feature: str,
        copied: str | None = None,
        copy_scale: float = 1.0,
        inverse_temperature: float = 32.0,
        discount: float = 0.9,
    ) -> "GoalConditioned":
        """Return a network that goes for `feature`; advances `rng`.

        Args:
            rng: for the embeddings, which are orthonormal.
            world: the maze to read.
            feature: the goal that is used.
            copied: the goal that is kept and ignored; without one there is no such slot.
            copy_scale: norm of the copy, in units of that of the goal in use.
            inverse_temperature: β, nats per unit of return.
            discount: γ, in [0, 1].
        """
        num_features = len(world.feature_names)
        width = max(WIDTH, num_features)
        wanted = [feature] if copied is None else [feature, copied]
        scales = [1.0, copy_scale][: len(wanted)]
        frames = np.stack([scale * frame(rng, num_features, width) for scale in scales])
        readout = np.zeros((len(wanted) * width, num_features), np.float32)
        readout[:width] = frames[0].T
        hot = np.eye(num_features, dtype=np.float32)
        return GoalConditioned(
            goals=jnp.asarray(hot[[feature_index(world, name) for name in wanted]]),
            embeddings=jnp.asarray(frames),
            readout=jnp.asarray(readout),
            reader=write_reader(world),
            iteration=Iteration(discount, inverse_temperature, default_sweeps(world)),
            slots=(GOAL, COPY)[: len(wanted)],
        )

    @property
    def sites(self) -> tuple[str, ...]:
        return (GOAL, *SITES)

    def told(self, goal: Goal, slot: str = GOAL) -> "GoalConditioned":
        if slot not in self.slots:
            raise ValueError(f"no slot {slot!r}; this agent has {', '.join(self.slots)}")
        goals = self.goals.at[self.slots.index(slot)].set(goal.weights)
        return eqx.tree_at(lambda agent: agent.goals, self, goals)

    def embed(self, view: Float[Array, "..."]) -> Plan:
        return self._plan(view, {}, {})

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Plan, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        return respond(context, tokens, self.iteration, {}, {})

    def forward(
        self,
        view: Float[Array, "..."],
        tokens: Int[Array, " K"],
        memory: tuple[()],
        edits: Edits,
    ) -> tuple[Response[tuple[()]], Activations]:
        check_edits(edits, self.sites)
        activations: Activations = {}
        planned = self._plan(view, edits, activations)
        return respond(planned, tokens, self.iteration, edits, activations), activations

    def _plan(
        self, view: Float[Array, "..."], edits: Edits, activations: Activations
    ) -> Plan:
        written = jnp.einsum("sf,sfd->sd", self.goals, self.embeddings).ravel()
        weights = edited(edits, activations, GOAL, written) @ self.readout
        maps = jnp.tensordot(self.reader.planes, view, 1).reshape(weights.size, -1)
        reward = weights @ (maps + self.reader.places)
        return plan(view, reward, self.reader.ends, self.iteration, edits, activations)


def frame(rng: np.random.Generator, rows: int, width: int) -> np.ndarray:
    """Return `rows` orthonormal rows, uniform over such frames."""
    basis, triangle = np.linalg.qr(rng.standard_normal((width, rows)))
    return (basis * np.sign(np.diag(triangle))).T.astype(np.float32)
