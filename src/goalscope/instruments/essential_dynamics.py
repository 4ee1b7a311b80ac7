"""Whether an agent's behaviour went somewhere in training, or wandered."""

from typing import ClassVar, Literal

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.dynamics.essential_dynamics import (
    diffused_products,
    leading_shares,
    persistence,
)
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.checkpoint_series import along_training, num_checkpoints
from goalscope.instruments.levels import draw_levels, solvable
from goalscope.worlds.base import AbstractWorld

NUM_RESAMPLES, FLOOR, MIN_CHECKPOINTS, ENOUGH = 50, -20.0, 3, 10


class EssentialDynamics(AbstractInstrument):
    """Principal components of the outputs along training, beside those of diffusion.

    Outputs are the logarithms of the action probabilities, centred over the actions, in
    every state where an episode may start on levels drawn once for all checkpoints; or the
    square roots of the probabilities (Hellinger's distance), which hear nothing of actions
    that are never taken. Readings (Hoogland et al. 2024):

    * `first share`, `second share` of the variance along training in its components;
    * `excess`, of the first two together, over that of diffusion;
    * `persistence`, the mean correlation between the steps from checkpoint to checkpoint:
      0 under diffusion, 1 along a straight line;
    * `p-value`, how often diffusion has as large a share of the first two.

    Diffusion is the observed walk with each step turned round or not by chance, 199 times:
    if steps were independent and as likely forwards as backwards, the p-value is exact. In
    many dimensions and at many checkpoints its shares are `6/(π² k²)`, .61 and .15, and its
    components are cosines: turns and stages alone are no evidence of a story.

    The interval is the Bayesian bootstrap over levels. The control is the mean of
    diffusion.

    What it does not show: what was learnt. An agent that unlearns at a steady pace moves as
    straight as one that learns.

    Checks: `checkpoints`, there are at least 10; `moved`, behaviour changed at all.

    Fields:
        outputs: "log-probabilities" or "probabilities".
        num_levels: on which outputs are compared.
        num_walks: draws of diffusion.
    """

    question: ClassVar[str] = "Did behaviour go somewhere in training, or wander?"
    needs: ClassVar[tuple[Need, ...]] = ("checkpoints", "behaviour", "world model")

    outputs: Literal["log-probabilities", "probabilities"] = eqx.field(
        static=True, default="log-probabilities"
    )
    num_levels: int = eqx.field(static=True, default=16)
    num_walks: int = eqx.field(static=True, default=199)

    def __check_init__(self):
        if self.outputs not in ("log-probabilities", "probabilities"):
            raise ValueError(
                f"outputs={self.outputs!r}: choose log-probabilities or probabilities"
            )
        if min(self.num_levels, self.num_walks) < 2:
            raise ValueError(
                "an interval takes 2 levels and a null 2 walks; got "
                f"num_levels={self.num_levels}, num_walks={self.num_walks}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("random walk", "excess", -0.15, 0.15),
            PlantedCase("random walk", "persistence", -0.1, 0.1),
            PlantedCase("random walk", "p-value", 0.3, 0.7),
        )

    @property
    def unit(self) -> str:
        return "share of the variance; p-value: probability"

    @property
    def readings(self) -> tuple[str, ...]:
        return ("first share", "second share", "excess", "persistence", "p-value")

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.1

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("checkpoints", "moved")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        number = num_checkpoints(agent, least=MIN_CHECKPOINTS)
        k_levels, k_walks, k_interval = jax.random.split(key, 3)
        tables = draw_levels(k_levels, solvable(world), num_levels=self.num_levels).tables
        outputs = along_training(lambda agent: self._outputs(agent, tables), agent)
        each = jnp.einsum("clx,dlx->lcd", outputs, outputs, precision="highest")
        products = jnp.sum(each, axis=0)
        keys = jax.random.split(k_walks, self.num_walks)
        walks = jax.vmap(lambda key: leading_shares(diffused_products(key, products)))(keys)
        null = jnp.mean(walks, axis=0)
        weights = jax.random.exponential(k_interval, (NUM_RESAMPLES, self.num_levels))
        judge = jax.vmap(_judge, (0, None, None))
        spread = judge(jnp.tensordot(weights, each, 1), null, walks)
        value = _judge(products, null, walks)
        lower, upper = jnp.quantile(spread, np.array([0.025, 0.975], np.float32), axis=0)
        return Reading(
            value=value,
            lower=jnp.minimum(value, lower),
            upper=jnp.maximum(value, upper),
            control=jnp.concatenate([null, jnp.array([0.0, 0.0, 0.5])]),
            ceiling=jnp.array([1.0, jnp.nan, jnp.nan, 1.0, jnp.nan]),
            checks=jnp.stack([jnp.asarray(number >= ENOUGH), jnp.sum(value[:2]) > 0]),
            count=jnp.asarray(number, jnp.int32),
        )

    def _outputs(self, agent: AbstractAgent, tables: solve.Table) -> Float[Array, "L D"]:
        """Return the outputs of one checkpoint on every level."""
        policy = jax.vmap(solve.policy_of, (None, 0))(agent, tables)
        if self.outputs == "probabilities":
            values = jnp.sqrt(policy)
        else:
            logs = jnp.log(jnp.maximum(policy, np.exp(np.float32(FLOOR))))
            values = logs - jnp.mean(logs, axis=-1, keepdims=True)
        counted = (tables.start > 0)[..., None]
        return (values * counted).reshape(policy.shape[0], -1)


def _judge(
    products: Float[Array, "C C"], null: Float[Array, " 2"], walks: Float[Array, "W 2"]
) -> Float[Array, " R"]:
    """Return all readings from inner products of outputs."""
    shares = leading_shares(products)
    both, others = jnp.sum(shares), jnp.sum(walks, axis=1)
    as_large = jnp.sum(others >= both * (1 - 1e-6))
    p_value = (1 + as_large) / (walks.shape[0] + 1)
    excess = jnp.where(both > 0, both - jnp.sum(null), 0.0)
    return jnp.stack([*shares, excess, persistence(products), p_value])
