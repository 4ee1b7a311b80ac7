"""REINFORCE: the policy gradient estimated from whole episodes."""

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.rollout import Experience, collect
from goalscope.training.base import AbstractTrainer, Metrics, adam_init, adam_step
from goalscope.training.replay import replay, score
from goalscope.training.returns import (
    discounted_returns,
    first_episodes,
    first_return,
)
from goalscope.worlds.base import AbstractWorld


class Reinforce(AbstractTrainer):
    """REINFORCE (Williams 1992), one step of Adam for one episode a level.

    `∇J ≈ Σ_t γᵗ (G_t - b_t) ∇ log π(a_t|s_t)`, averaged over episodes: without entropy and
    clipping, an unbiased estimate of the gradient of the discounted return of `num_steps`.
    Nothing but sampling noise tells it from `ExactPolicyGradient`.

    Fields:
        learning_rate: of Adam.
        discount: γ of the return that is maximised.
        entropy: weight of the mean entropy of the policy in visited states.
        value_weight: weight of the value loss, where there is a baseline.
        max_norm: the gradient is clipped to this norm.
        num_environments: fresh levels, and episodes, in every update.
        num_steps: after which an episode is cut off; at most the world's horizon.
        baseline: whether the agent's value is trained, and subtracted as `b`.
    """

    learning_rate: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-3)
    discount: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.95)
    entropy: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-2)
    value_weight: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.5)
    max_norm: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1.0)
    num_environments: int = eqx.field(static=True, default=32)
    num_steps: int = eqx.field(static=True, default=64)
    baseline: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        for name in ("num_environments", "num_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 1")

    @property
    def steps_per_update(self) -> int:
        return self.num_environments * self.num_steps

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
        k_levels, k_collect = jax.random.split(key)
        k_each = jax.random.split(k_levels, self.num_environments)
        levels = jax.vmap(world.sample_level)(k_each)
        experience = collect(
            k_collect, agent, world, goal, levels, num_steps=self.num_steps
        )
        descend = eqx.filter_grad(self.loss, has_aux=True)
        gradient, metrics = descend(agent, experience)
        metrics["gradient_norm"] = optax.tree.norm(gradient)
        rates = {"learning_rate": self.learning_rate, "max_norm": self.max_norm}
        return *adam_step(agent, gradient, optimiser, **rates), metrics

    def loss(
        self, agent: AbstractAgent, experience: Experience
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Return what an update descends, and its parts by name."""
        steps, rewards = experience.trajectory, experience.rewards
        shape = rewards.shape
        first = first_episodes(steps.terminal)
        returns = discounted_returns(rewards, steps.terminal, self.discount)
        resets = jnp.zeros_like(steps.terminal)
        logits, values = replay(agent, experience.views, steps.tokens, resets)
        log_probs, entropies = score(logits, steps.actions.ravel())
        errors = returns - values.reshape(shape)
        surplus = jax.lax.stop_gradient(errors) if self.baseline else returns
        weights = self.discount ** jnp.arange(shape[0], dtype=jnp.float32)
        gains = first * weights[:, None] * surplus * log_probs.reshape(shape)
        policy_loss = -jnp.mean(jnp.sum(gains, axis=0))
        share = first / jnp.sum(first)
        entropy = jnp.sum(share * entropies.reshape(shape))
        value_loss = 0.5 * jnp.sum(share * jnp.square(errors))
        metrics = {
            "return": first_return(rewards, steps.terminal),
            "entropy": entropy,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
        }
        total = policy_loss - self.entropy * entropy
        return total + self.baseline * self.value_weight * value_loss, metrics
