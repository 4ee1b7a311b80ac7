"""What a learning rule is, and one agent's training as a pure function."""

from abc import abstractmethod
from collections.abc import Mapping

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractWorld

Metrics = Mapping[str, Float[Array, "*b"]]
"""Numbers about one update; every update of a trainer has the same names."""


class AbstractTrainer(eqx.Module):
    """A learning rule: how one update changes an agent.

    Rates, discounts and weights are leaves, so that they may differ between agents of one
    population; numbers that decide shapes (levels, environments, epochs) are static.
    """

    @property
    @abstractmethod
    def steps_per_update(self) -> int:
        """Environment steps that one update takes; 0 if it samples none."""

    @abstractmethod
    def init(self, agent: AbstractAgent) -> PyTree:
        """Return the optimiser state of an untrained agent."""

    @abstractmethod
    def step(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        optimiser: PyTree,
        world: AbstractWorld,
        goal: Goal,
    ) -> tuple[AbstractAgent, PyTree, Metrics]:
        """Return agent and optimiser state after one update, with its metrics.

        Consumes `key`.
        """


class Learner(eqx.Module):
    """Everything that changes while one agent is trained.

    Fields:
        agent: parameters after the last finite update.
        optimiser: the trainer's state.
        diverged_at: the update that became non-finite, after which the agent is frozen;
            -1 if none did.
    """

    agent: AbstractAgent
    optimiser: PyTree
    diverged_at: Int[Array, "*b"]


def advance(
    key: Key[Array, ""],
    learner: Learner,
    trainer: AbstractTrainer,
    world: AbstractWorld,
    goal: Goal,
    span: tuple[Int[Array, ""], Int[Array, ""]],
) -> tuple[Learner, Metrics]:
    """Return the learner after updates `span[0] .. span[1] - 1`, and their mean metrics.

    Update `u` uses `fold_in(key, u)`, so that any split of a run into spans gives the same
    result. `span` is traced: one compiled program serves every length.
    """

    def update(index, carry):
        learner, total = carry
        learner, metrics = _step(
            jax.random.fold_in(key, index), learner, trainer, world, goal, index
        )
        return learner, jax.tree.map(jnp.add, total, metrics)

    shapes = eqx.filter_eval_shape(_step, key, learner, trainer, world, goal, span[0])[1]
    zero = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    static = eqx.filter(learner, eqx.is_array, inverse=True)

    def loop_body(index, carry):
        arrays, total = carry
        learner, total = update(index, (eqx.combine(arrays, static), total))
        return eqx.filter(learner, eqx.is_array), total

    carry = (eqx.filter(learner, eqx.is_array), zero)
    arrays, total = jax.lax.fori_loop(span[0], span[1], loop_body, carry)
    count = jnp.maximum(span[1] - span[0], 1)
    return eqx.combine(arrays, static), jax.tree.map(lambda leaf: leaf / count, total)


def _step(
    key: Key[Array, ""],
    learner: Learner,
    trainer: AbstractTrainer,
    world: AbstractWorld,
    goal: Goal,
    index: Int[Array, ""],
) -> tuple[Learner, Metrics]:
    """Return the learner after one update, unchanged where the update is not finite."""
    agent, optimiser, metrics = trainer.step(
        key, learner.agent, learner.optimiser, world, goal
    )
    alive = (learner.diverged_at < 0) & finite(agent)
    diverged_at = jnp.where(alive | (learner.diverged_at >= 0), learner.diverged_at, index)
    new, old = (agent, optimiser), (learner.agent, learner.optimiser)
    agent, optimiser = jax.tree.map(
        lambda a, b: jnp.where(alive, a, b) if eqx.is_array(a) else a, new, old
    )
    metrics = jax.tree.map(lambda leaf: jnp.where(alive, leaf, jnp.nan), metrics)
    return Learner(agent, optimiser, diverged_at), metrics


def finite(agent: AbstractAgent) -> Bool[Array, ""]:
    """Return whether every parameter is finite."""
    leaves = jax.tree.leaves(eqx.filter(agent, eqx.is_inexact_array))
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in leaves]).all()


def adam_init(agent: AbstractAgent) -> PyTree:
    """Return the state of `adam_step` for an untrained agent."""
    return _ADAM.init(eqx.filter(agent, eqx.is_inexact_array))


def adam_step(
    agent: AbstractAgent,
    gradient: PyTree,
    optimiser: PyTree,
    *,
    learning_rate: Float[Array, ""],
    max_norm: Float[Array, ""],
) -> tuple[AbstractAgent, PyTree]:
    """Return agent and state after one step of Adam, the gradient clipped to `max_norm`."""
    norm = optax.tree.norm(gradient)
    clip = jnp.minimum(1.0, max_norm / jnp.maximum(norm, 1e-12))
    gradient = jax.tree.map(lambda leaf: leaf * clip, gradient)
    direction, optimiser = _ADAM.update(gradient, optimiser)
    updates = jax.tree.map(lambda leaf: -learning_rate * leaf, direction)
    return eqx.apply_updates(agent, updates), optimiser


_ADAM = optax.scale_by_adam(eps=1e-5)
