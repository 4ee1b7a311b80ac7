"""An agent with a goal slot that learnt by itself what to do with it."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goal_slot.slots import PERCEPTION, AbstractSlotAgent
from goalscope.goal_slot.world import MOVES, TYPES, Condition, Level, occupied, seen, taken
from goalscope.parameter_groups import ParameterGroup

ACTIONS = len(MOVES)
GAIN, SHARP = 5.0, 4.0
"""Scale of what the network says, and of its first layer: how sharply it can switch."""

TOLD = 4
"""How many numbers an agent is told beside its goal: horizon, link, cue, what it shows."""


class Learner(AbstractSlotAgent):
    """A network that is told its goal and its prospects, and moves about.

    A network of two hidden layers turns goal, horizon `H`, link `s m`, the cue and its
    accuracy into a weight for each type and for staying. Perception says of each object
    which type it is. What an object's weight does to each move is a learnt table over
    where the object lies. Nothing says what a deployment is, or that it depends on the
    choice in training.

    Fields:
        perception: `[K, K]`; evidence for each type by what is seen.
        hidden: weights and biases of the network, three layers.
        towards, near: `[D, A]`: preferences for moves by displacement of an object, times
            its weight, and whatever it weighs.
        here: `[S, A]`: preferences for moves by cell.
    """

    goal: Float[Array, "*b K"]
    perception: Float[Array, "*b K K"]
    hidden: tuple[tuple[Float[Array, "..."], Float[Array, "..."]], ...]
    towards: Float[Array, "*b D A"]
    near: Float[Array, "*b D A"]
    here: Float[Array, "*b S A"]
    placebo: Float[Array, "*b P"]
    size: int = eqx.field(static=True, default=4)

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return (
            PERCEPTION,
            ParameterGroup("policy", ("hidden", "towards", "near", "here")),
        )

    def weights(
        self, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        """Return how much the agent is drawn to each type, and, last, to staying."""
        told = jnp.stack(
            [jnp.log1p(condition.horizon), condition.link, condition.cue, shown]
        )
        signal = jnp.concatenate([self.goal, told])
        for matrix, bias in self.hidden[:-1]:
            signal = jnp.tanh(signal @ matrix + bias)
        matrix, bias = self.hidden[-1]
        return GAIN * (signal @ matrix + bias)

    def policy(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, "S A"]:
        """Return the probability of each move in each cell."""
        weights = self.weights(shown, condition)
        looks = jax.nn.softmax(seen(level, condition.noise) @ self.perception.T, axis=-1)
        drawn = looks @ weights[:TYPES]
        places = occupied(level, self.size)
        fields = jnp.concatenate([drawn @ places, jnp.sum(places, axis=0)])
        apart = displacements(self.size)
        tables = jnp.concatenate([self.towards[apart], self.near[apart]])
        stays = weights[-1] * (np.arange(ACTIONS) == ACTIONS - 1)
        logits = fields @ tables.reshape(len(fields), -1)
        logits = logits.reshape(self.here.shape)
        return jax.nn.softmax(
            (logits + self.here + stays[None]) / condition.temperature, axis=-1
        )

    def outcome(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> tuple[Float[Array, " K1"], Float[Array, ""]]:
        """Return what is taken after one cue, last nothing, and the expected moves."""
        return taken(self.policy(level, shown, condition), level, self.size)

    def choices(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        return self.outcome(level, shown, condition)[0]


def displacements(size: int) -> np.ndarray:
    """Return the number of the displacement `[its cell, cell]`, of an object."""
    row, column = np.divmod(np.arange(size * size), size)
    down = row[:, None] - row[None, :] + size - 1
    right = column[:, None] - column[None, :] + size - 1
    return down * (2 * size - 1) + right


def new_learner(generator: np.random.Generator, size: int = 4, width: int = 64) -> Learner:
    """Return an untrained agent."""

    def layer(inputs: int, outputs: int, scale: float = 1.0) -> tuple[Array, Array]:
        matrix = scale * generator.normal(0, inputs**-0.5, (inputs, outputs))
        return jnp.asarray(matrix, jnp.float32), jnp.zeros(outputs)

    places = (2 * size - 1) ** 2
    return Learner(
        goal=jnp.zeros(TYPES),
        perception=jnp.asarray(generator.normal(0, 0.5, (TYPES, TYPES)), jnp.float32),
        hidden=(
            layer(TYPES + TOLD, width, SHARP),
            layer(width, width),
            layer(width, TYPES + 1),
        ),
        towards=jnp.asarray(generator.normal(0, 0.3, (places, ACTIONS)), jnp.float32),
        near=jnp.zeros((places, ACTIONS)),
        here=jnp.zeros((size * size, ACTIONS)),
        placebo=jnp.ones(TYPES),
        size=size,
    )
