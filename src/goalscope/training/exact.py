"""Policy gradient without sampling: returns and their gradient computed from the table."""

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.training.base import AbstractTrainer, Metrics, adam_init, adam_step
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld


class ExactPolicyGradient(AbstractTrainer):
    """Gradient ascent on the exact expected return of sampled levels.

    For a memoryless agent in a solvable world the policy gradient theorem (Sutton et al.
    2000) holds with equality: `∇J = Σ_s d(s) Σ_a Q(s,a) ∇π(a|s)`, where occupancy `d` and
    action values `Q` come from the level's table. Only the choice of levels is random.

    Fields:
        learning_rate: of Adam.
        discount: γ of the return that is maximised.
        entropy: weight of the mean entropy of the policy in visited states.
        max_norm: the gradient is clipped to this norm.
        num_levels: fresh levels in every update.
        num_steps: steps of evaluation; `γ^num_steps` is what is cut off.
    """

    learning_rate: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-3)
    discount: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.95)
    entropy: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-3)
    max_norm: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1.0)
    num_levels: int = eqx.field(static=True, default=32)
    num_steps: int = eqx.field(static=True, default=64)

    @property
    def steps_per_update(self) -> int:
        return 0

    def init(self, agent: AbstractAgent) -> PyTree:
        return adam_init(agent)

    def step(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        optimiser: PyTree,
        world: AbstractWorld,
        goal: Goal,
    ) -> tuple[AbstractAgent, PyTree, Metrics]:
        if not isinstance(world, AbstractSolvableWorld):
            raise TypeError(
                f"{type(world).__name__} does not number its states, so that its levels "
                "cannot be solved; train with PPO instead"
            )
        levels = jax.vmap(world.sample_level)(jax.random.split(key, self.num_levels))
        tables = jax.vmap(lambda level: solve.tabulate(world, level))(levels)
        ascend = eqx.filter_value_and_grad(self._surrogate, has_aux=True)
        (_, metrics), gradient = ascend(agent, tables, goal)
        metrics |= {"gradient_norm": optax.tree.norm(gradient)}
        agent, optimiser = adam_step(
            agent,
            gradient,
            optimiser,
            learning_rate=self.learning_rate,
            max_norm=self.max_norm,
        )
        return agent, optimiser, metrics

    def _surrogate(
        self, agent: AbstractAgent, tables: solve.Table, goal: Goal
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Return minus an objective with the policy gradient, and metrics."""
        policy = jax.vmap(solve.policy_of, (None, 0))(agent, tables)
        fixed = jax.lax.stop_gradient(policy)
        values, advantages, visits = jax.vmap(self._solve, (0, 0, None))(
            tables, fixed, goal
        )
        surprise = -jnp.log(jnp.maximum(policy, 1e-8))
        share = visits / jnp.maximum(jnp.sum(visits, axis=-1, keepdims=True), 1e-8)
        entropy = jnp.sum(share * jnp.sum(policy * surprise, axis=-1), axis=-1)
        gain = jnp.sum(visits[..., None] * policy * advantages, axis=(-2, -1))
        metrics = {
            "return": jnp.mean(jnp.sum(tables.start * values, axis=-1)),
            "entropy": jnp.mean(entropy),
        }
        return -jnp.mean(gain + self.entropy * entropy), metrics

    def _solve(
        self, table: solve.Table, policy: Float[Array, "S A"], goal: Goal
    ) -> tuple[Float[Array, " S"], Float[Array, "S A"], Float[Array, " S"]]:
        """Return values, advantages and discounted visits of `policy`.

        With `P` the discounted flow between states, `V = Σ_t Pᵗ r` and `d = Σ_t μ Pᵗ` for
        `t < num_steps`; products of one matrix and two vectors, twice as fast on a CPU as
        gathering successors.
        """
        rewards, going = solve.payments(table, goal)
        flow = self.discount * policy * going * ~table.terminal[:, None]
        targets = jax.nn.one_hot(table.successors, table.terminal.shape[0])
        matrix = jnp.einsum("sa,sat->st", flow, targets)
        expected = jnp.sum(policy * rewards, axis=-1)

        def further(_, carry):
            values, visits = carry
            return expected + matrix @ values, table.start + visits @ matrix

        begin = (expected, table.start)
        values, visits = jax.lax.fori_loop(1, self.num_steps, further, begin)
        following = self.discount * going * values[table.successors]
        return values, rewards + following - values[:, None], visits

    def __check_init__(self):
        if self.num_steps < 1:
            raise ValueError(f"num_steps is at least 1; got {self.num_steps}")
        if self.num_levels < 1:
            raise ValueError(f"num_levels is at least 1; got {self.num_levels}")
