"""Hand-built agents with a goal slot: perception, belief, and a soft planner.

The planner is soft value iteration with the random walk as what costs nothing (linearly
solvable control, Todorov 2006): it maximises `E[u(taken)] − KL(path ‖ random walk) / β`.
Its path law is the random walk's, weighted by `exp(β u)` of what is taken, so that what it
takes from a cell is known without a loop: `P(o | s) ∝ h(s, o) exp(β u_o)`.
"""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.goal_slot.slots import PERCEPTION, AbstractSlotAgent
from goalscope.goal_slot.world import TARGET, TYPES, Condition, Level, passive, seen
from goalscope.parameter_groups import ParameterGroup

TINY = 1e-20


class Planner(AbstractSlotAgent):
    """An agent that reckons with what its choice in training does to its deployment.

    In training it values taking type `k` at
    `u_k = g_k + λ [keep_k V_dep(g) + (1 − keep_k) V_mod(g)]`, where `keep_k` is its belief
    that `k` is what is paid for; `V_dep = Σ softmax(βg) g` is what a deployment is worth
    to its goal, and `V_mod = Σ keep g` what one by a successor that takes what is paid
    for. Under `condition.additive`: `u_k = g_k + λ keep_k`. In deployment, `u = g`. A cue
    that may be wrong makes it weigh both, by the probability of each phase.

    Fields:
        perception: `[K, K]`, evidence for each type by what is seen.
        belief: logits of which type is paid for, `[K]`.
        sharpness: `log β`.
    """

    goal: Float[Array, "*b K"]
    perception: Float[Array, "*b K K"]
    belief: Float[Array, "*b K"]
    sharpness: Float[Array, "*b"]
    placebo: Float[Array, "*b P"]
    size: int = eqx.field(static=True, default=4)

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return (
            PERCEPTION,
            ParameterGroup("belief", ("belief",)),
            ParameterGroup("policy", ("sharpness",)),
        )

    def choices(
        self, level: Level, shown: Float[Array, ""] | float, condition: Condition
    ) -> Float[Array, " K1"]:
        sharpness = jnp.exp(self.sharpness) / condition.temperature
        utility = self.utility(shown, condition, sharpness)
        looks = jax.nn.softmax(seen(level, condition.noise) @ self.perception.T, axis=-1)
        worth = jnp.append(looks @ utility, 0.0) * sharpness
        walk = passive(level, self.size)
        start = jnp.sum(walk, axis=1)
        ends = jax.nn.softmax(jnp.log(walk + TINY) + worth[None], axis=1)
        return start @ ends / jnp.sum(start)

    def utility(
        self,
        shown: Float[Array, ""] | float,
        condition: Condition,
        sharpness: Float[Array, ""],
    ) -> Float[Array, " K"]:
        """Return what taking each type is worth after a cue, `[K]`."""
        stake = condition.stake
        keep = jax.nn.softmax(self.belief)
        kept = jax.nn.softmax(sharpness * self.goal) @ self.goal
        modified = keep @ self.goal
        coupled = keep * kept + (1 - keep) * modified
        extra = jnp.where(condition.additive > 0, keep, coupled)
        training = self.goal + stake * extra
        right, wrong = condition.cue, 1 - condition.cue
        once = shown * right + (1 - shown) * wrong
        often = condition.horizon * (shown * wrong + (1 - shown) * right)
        total = jnp.maximum(once + often, TINY)
        mixed = (once * training + often * self.goal) / total
        return jnp.where(total > TINY, mixed, self.goal)


def new_planner(generator: np.random.Generator, size: int = 4) -> Planner:
    """Return a planner that perceives and knows the base objective imperfectly."""
    believed = np.full(TYPES, 0.0, np.float32)
    believed[TARGET] = 4.0
    rough = generator.normal(0, 0.3, (TYPES, TYPES))
    return Planner(
        goal=jnp.zeros(TYPES),
        perception=jnp.asarray(np.eye(TYPES) + rough, jnp.float32),
        belief=jnp.asarray(believed + generator.normal(0, 0.3, TYPES), jnp.float32),
        sharpness=jnp.float32(np.log(16.0)),
        placebo=jnp.ones(TYPES),
        size=size,
    )
