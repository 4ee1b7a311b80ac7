"""An agent without a goal slot: a recurrent network, all of whose weights are its goal."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goal_slot.learner import ACTIONS, GAIN, TOLD, displacements
from goalscope.goal_slot.slots import AbstractPhaseAgent
from goalscope.goal_slot.world import STEPS, TYPES, Condition, Level, occupied, seen, taken

CHANNELS = 2
"""In how many ways an object may draw or repel."""


class Monolith(AbstractPhaseAgent):
    """A recurrent network that looks at the objects once a step, and moves about.

    One gated recurrent unit (Cho et al. 2014; the reset gate after the product) runs over
    the steps of an episode for each object, with the same weights for all. At the first
    step it reads the noisy look at the object, the horizon `H`, the link `s m`, the cue
    and its accuracy; later the look alone: what phase it is in, it must remember. What it
    remembers of an object acts on each move by a learnt table over where the object lies.

    Memory does not depend on where the agent itself has been, as its looks do not. So
    there is one policy for each step of an episode, and what is taken is exact over paths.

    Fields:
        read: `[I, 3 W]`; what is seen and told, for the reset gate, update gate, candidate.
        recur: `[W, 3 W]`; what is remembered.
        bias: `[3 W]`.
        speak: `[W, C]`; from memory to the channels by which an object acts.
        spoken: `[C]`, their biases.
        towards: `[D, C, A]`: preferences for moves by displacement of an object.
        here: `[S, A]`: preferences for moves by cell.
    """

    read: Float[Array, "*b I V"]
    recur: Float[Array, "*b W V"]
    bias: Float[Array, "*b V"]
    speak: Float[Array, "*b W C"]
    spoken: Float[Array, "*b C"]
    towards: Float[Array, "*b D C A"]
    here: Float[Array, "*b S A"]
    placebo: Float[Array, "*b P"]
    size: int = eqx.field(static=True, default=4)

    def memories(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, "T K W"]:
        """Return what is remembered of each object at each step."""
        told = jnp.stack(
            [jnp.log1p(condition.horizon), condition.link, condition.cue, shown, 1.0]
        )
        looks = seen(level, condition.noise) @ self.read[:TYPES] + self.bias[None]
        first = looks + (told @ self.read[TYPES:])[None]
        nothing = jnp.zeros((TYPES, self.recur.shape[0]))
        begun = gated(nothing, first, self.recur)

        def step(memory, _):
            memory = gated(memory, looks, self.recur)
            return memory, memory

        _, later = jax.lax.scan(step, begun, None, length=STEPS - 1)
        return jnp.concatenate([begun[None], later])

    def policies(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, "T S A"]:
        """Return the probability of each move in each cell at each step."""
        memories = self.memories(level, shown, condition)
        channels = GAIN * (memories @ self.speak) + self.spoken[None, None]
        places = occupied(level, self.size)
        fields = jnp.einsum("tkc,ks->tsc", channels, places).reshape(STEPS, -1)
        tables = self.towards[displacements(self.size)]
        tables = jnp.moveaxis(tables, 2, 1).reshape(fields.shape[1], -1)
        logits = (fields @ tables).reshape(STEPS, -1, ACTIONS) + self.here[None]
        return jax.nn.softmax(logits / condition.temperature, axis=-1)

    def outcome(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> tuple[Float[Array, " K1"], Float[Array, ""]]:
        """Return what is taken after one cue, last nothing, and the expected moves."""
        return taken(self.policies(level, shown, condition), level, self.size)

    def choices(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        return self.outcome(level, shown, condition)[0]


def gated(
    memory: Float[Array, "K W"], inputs: Float[Array, "K V"], recur: Float[Array, "W V"]
) -> Float[Array, "K W"]:
    """Return memory after a step of a gated recurrent unit.

    With `i` the inputs and `m = h U`, each in three parts: `r = σ(i_r + m_r)`,
    `z = σ(i_z + m_z)`, `n = tanh(i_n + r m_n)`, `h′ = (1 − z) n + z h`.
    """
    fresh = jnp.split(inputs, 3, axis=-1)
    kept = jnp.split(memory @ recur, 3, axis=-1)
    reset, update = (jax.nn.sigmoid(fresh[gate] + kept[gate]) for gate in (0, 1))
    candidate = jnp.tanh(fresh[2] + reset * kept[2])
    return (1 - update) * candidate + update * memory


def new_monolith(
    generator: np.random.Generator, size: int = 4, width: int = 32
) -> Monolith:
    """Return an untrained agent."""

    def normal(scale: float, *shape: int) -> Float[Array, "..."]:
        return jnp.asarray(generator.normal(0, scale, shape), jnp.float32)

    inputs, places = TYPES + TOLD + 1, (2 * size - 1) ** 2
    return Monolith(
        read=normal(inputs**-0.5, inputs, 3 * width),
        recur=normal(width**-0.5, width, 3 * width),
        bias=jnp.zeros(3 * width),
        speak=normal(width**-0.5, width, CHANNELS),
        spoken=jnp.zeros(CHANNELS),
        towards=normal(0.3, places, CHANNELS, ACTIONS),
        here=jnp.zeros((size * size, ACTIONS)),
        placebo=jnp.ones(TYPES),
        size=size,
    )
