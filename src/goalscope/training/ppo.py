"""Proximal policy optimisation, for agents with and without memory."""

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.goals import Goal
from goalscope.rollout import Experience, collect
from goalscope.training.base import AbstractTrainer, Metrics, adam_init, adam_step
from goalscope.training.replay import episode_starts, replay, score
from goalscope.training.returns import (
    first_return,
    generalised_advantages,
    standardise,
    successor_values,
)
from goalscope.training.shuffle import affine_order, is_power_of_two
from goalscope.worlds.base import AbstractWorld


class Batch(eqx.Module):
    """What an update needs to know of each step, `[T, B]`.

    Fields:
        tokens: state part of the observation.
        actions: what the agent did.
        log_probs, values: what it thought of that then.
        advantages: how much better the action was than expected.
        targets: the return that its value should have predicted.
        resets: whether the step begins an episode, other than the first.
    """

    tokens: Int[Array, "T B K"]
    actions: Int[Array, "T B"]
    log_probs: Float[Array, "T B"]
    values: Float[Array, "T B"]
    advantages: Float[Array, "T B"]
    targets: Float[Array, "T B"]
    resets: Bool[Array, "T B"]


class PPO(AbstractTrainer):
    """PPO with clipped policy and clipped value (Schulman et al. 2017).

    Every update draws `num_environments` fresh levels, starts all episodes anew, takes
    `num_steps` in each level (an episode that ends starts again in the same level), and
    makes `num_epochs` passes over these steps in `num_minibatches` parts. A minibatch of a
    memoryless agent is some of the times in all environments; of an agent with memory, all
    times in some of the environments, through which gradients flow back to the beginning.

    Fields:
        learning_rate: of Adam.
        discount: γ of the return that is maximised.
        trace: λ of the generalised advantages.
        clip: how far probability ratio and value may move in one update.
        entropy: weight of the mean entropy of the policy.
        value_weight: weight of the value loss.
        max_norm: gradients are clipped to this norm.
        num_environments, num_steps, num_minibatches: powers of two; the number of
            minibatches is at most each of the others, and each has at least 2 steps.
        num_epochs: passes over the steps of an update.
    """

    learning_rate: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-3)
    discount: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.95)
    trace: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.95)
    clip: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.2)
    entropy: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=1e-2)
    value_weight: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.5)
    max_norm: Float[Array, "*b"] = eqx.field(converter=jnp.asarray, default=0.5)
    num_environments: int = eqx.field(static=True, default=32)
    num_steps: int = eqx.field(static=True, default=64)
    num_epochs: int = eqx.field(static=True, default=4)
    num_minibatches: int = eqx.field(static=True, default=4)

    def __check_init__(self):
        for name in ("num_environments", "num_steps", "num_minibatches"):
            number = getattr(self, name)
            if not is_power_of_two(number):
                raise ValueError(f"{name}={number}: must be a power of two")
        most = min(self.num_environments, self.num_steps)
        if self.num_minibatches > most:
            raise ValueError(
                f"num_minibatches={self.num_minibatches}: must be at most {most}, the "
                "smaller of num_environments and num_steps, along which steps are parted"
            )
        if self.steps_per_update < 2 * self.num_minibatches:
            raise ValueError(
                "a minibatch has 1 step, whose advantage over the mean is always 0, but at "
                "least 2 are needed: take more num_environments or num_steps, or fewer "
                "num_minibatches"
            )
        if self.num_epochs < 1:
            raise ValueError(f"num_epochs={self.num_epochs}: must be at least 1")

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
        k_levels, k_collect, k_order = jax.random.split(key, 3)
        k_each = jax.random.split(k_levels, self.num_environments)
        levels = jax.vmap(world.sample_level)(k_each)
        experience = collect(
            k_collect, agent, world, goal, levels, num_steps=self.num_steps
        )
        batch = self.prepare(experience)
        agent, optimiser, metrics = self.learn(
            k_order, agent, optimiser, experience.views, batch
        )
        earned = first_return(experience.rewards, experience.trajectory.terminal)
        return agent, optimiser, {"return": earned, **metrics}

    def prepare(self, experience: Experience) -> Batch:
        """Return what the update needs of the steps that were taken."""
        steps = experience.trajectory
        ended = steps.terminal | steps.cut
        following = successor_values(steps.values, experience.last_values, steps.terminal)
        advantages = generalised_advantages(
            experience.rewards, steps.values, following, ended, self.discount, self.trace
        )
        return Batch(
            steps.tokens,
            steps.actions,
            steps.log_probs,
            steps.values,
            advantages,
            advantages + steps.values,
            episode_starts(ended),
        )

    def learn(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        optimiser: PyTree,
        views: Float[Array, "B ..."],
        batch: Batch,
    ) -> tuple[AbstractAgent, PyTree, Metrics]:
        """Return agent and optimiser after all passes, and the mean metrics of the loss."""
        axis = 0 if is_memoryless(agent) else 1
        size = batch.actions.shape[axis]
        orders = affine_order(key, size, self.num_epochs)
        parts = orders.reshape(self.num_epochs * self.num_minibatches, -1)
        arrays, static = eqx.partition(agent, eqx.is_inexact_array)
        descend = jax.grad(
            lambda arrays, *data: self.loss(eqx.combine(arrays, static), *data),
            has_aux=True,
        )

        def step(carry, rows):
            arrays, optimiser = carry
            chosen = jax.tree.map(lambda leaf: jnp.take(leaf, rows, axis), batch)
            seen = views if axis == 0 else views[rows]
            gradient, metrics = descend(arrays, seen, chosen)
            metrics["gradient_norm"] = optax.tree.norm(gradient)
            rates = {"learning_rate": self.learning_rate, "max_norm": self.max_norm}
            return adam_step(arrays, gradient, optimiser, **rates), metrics

        (arrays, optimiser), metrics = jax.lax.scan(step, (arrays, optimiser), parts)
        means = {name: jnp.mean(values) for name, values in metrics.items()}
        return eqx.combine(arrays, static), optimiser, means

    def loss(
        self, agent: AbstractAgent, views: Float[Array, "B ..."], batch: Batch
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Return what a minibatch step descends, and its parts by name."""
        logits, values = replay(agent, views, batch.tokens, batch.resets)
        log_probs, entropies = score(logits, batch.actions.ravel())
        before, expected = batch.values.ravel(), batch.targets.ravel()
        log_ratios = log_probs - batch.log_probs.ravel()
        ratios = jnp.exp(log_ratios)
        within = jnp.clip(ratios, 1 - self.clip, 1 + self.clip)
        scaled = standardise(batch.advantages.ravel())
        policy_loss = -jnp.mean(jnp.minimum(ratios * scaled, within * scaled))
        near = before + jnp.clip(values - before, -self.clip, self.clip)
        errors = jnp.maximum(jnp.square(values - expected), jnp.square(near - expected))
        value_loss = 0.5 * jnp.mean(errors)
        entropy = jnp.mean(entropies)
        metrics = {
            "entropy": entropy,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "approximate_kl": jnp.mean(ratios - 1 - log_ratios),
            "clip_share": jnp.mean(jnp.abs(ratios - 1) > self.clip),
        }
        total = policy_loss + self.value_weight * value_loss - self.entropy * entropy
        return total, metrics
