"""Loops around learners: selection between them, which sees what they do to the future."""

from abc import abstractmethod

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.training.returns import standardise
from goalscope.worlds.fields import real


class AbstractOuterLoop(eqx.Module):
    """What happens to a population of learners after a stretch of steps."""

    @abstractmethod
    def begin(
        self, key: Key[Array, ""], parameters: Float[Array, "N P"]
    ) -> Float[Array, "N P"]:
        """Return the population with which a stretch begins. Consumes `key`."""

    @abstractmethod
    def end(
        self,
        key: Key[Array, ""],
        begun: Float[Array, "N P"],
        learnt: Float[Array, "N P"],
        fitness: Float[Array, " N"],
    ) -> Float[Array, "N P"]:
        """Return the population after a stretch. Consumes `key`.

        Args:
            key: of what is drawn.
            begun: parameters at the beginning of the stretch.
            learnt: parameters at its end, after what the learners learnt by themselves.
            fitness: mean reward of each learner over the stretch.
        """


class NoLoop(AbstractOuterLoop):
    """Leaves learners to themselves."""

    def begin(
        self, key: Key[Array, ""], parameters: Float[Array, "N P"]
    ) -> Float[Array, "N P"]:
        return parameters

    def end(
        self,
        key: Key[Array, ""],
        begun: Float[Array, "N P"],
        learnt: Float[Array, "N P"],
        fitness: Float[Array, " N"],
    ) -> Float[Array, "N P"]:
        return learnt


class PopulationBasedTraining(AbstractOuterLoop):
    """The worst learners become mutated copies of the best (Jaderberg et al. 2017).

    Fields:
        replaced: share of learners that are replaced, and of those that are copied.
        mutation: standard deviation of what is added to a copy's parameters; with 0 there
            is nothing to select but how learners began.
    """

    replaced: Float[Array, ""] = eqx.field(converter=real, default=0.2)
    mutation: Float[Array, ""] = eqx.field(converter=real, default=0.1)

    def begin(
        self, key: Key[Array, ""], parameters: Float[Array, "N P"]
    ) -> Float[Array, "N P"]:
        return parameters

    def end(
        self,
        key: Key[Array, ""],
        begun: Float[Array, "N P"],
        learnt: Float[Array, "N P"],
        fitness: Float[Array, " N"],
    ) -> Float[Array, "N P"]:
        k_ties, k_mutation = jax.random.split(key)
        count = fitness.shape[0]
        order = jnp.lexsort((jax.random.uniform(k_ties, (count,)), fitness))
        rank = jnp.argsort(order)
        source = order[count - 1 - rank]  # the worst copies the best, and so on
        poor = rank < jnp.floor(self.replaced * count)
        noise = self.mutation * jax.random.normal(k_mutation, learnt.shape)
        return jnp.where(poor[:, None], learnt[source] + noise, learnt)


class EvolutionStrategies(AbstractOuterLoop):
    """One parent whose parameters follow the fitness of its noisy children.

    Each stretch begins with children `θ + σ ε`, in mirrored pairs, which learn by
    themselves; then `θ ← mean(learnt − σ ε) + lr · mean(ε (f − f̄)/s)` with the standard
    deviation `s` of the fitness (Salimans et al. 2017).

    Fields:
        learning_rate: lr.
        noise: σ.
    """

    learning_rate: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.1)

    def begin(
        self, key: Key[Array, ""], parameters: Float[Array, "N P"]
    ) -> Float[Array, "N P"]:
        half = jax.random.normal(key, (parameters.shape[0] // 2, parameters.shape[1]))
        mirrored = jnp.concatenate([half, -half])
        return jnp.mean(parameters, axis=0, keepdims=True) + self.noise * mirrored

    def end(
        self,
        key: Key[Array, ""],
        begun: Float[Array, "N P"],
        learnt: Float[Array, "N P"],
        fitness: Float[Array, " N"],
    ) -> Float[Array, "N P"]:
        parent = jnp.mean(begun, axis=0, keepdims=True)
        children = (begun - parent) / self.noise
        score = standardise(fitness, least=1e-6)
        step = self.learning_rate * jnp.mean(children * score[:, None], axis=0)
        moved = jnp.mean(learnt, axis=0) + step
        return jnp.broadcast_to(moved[None], learnt.shape)
