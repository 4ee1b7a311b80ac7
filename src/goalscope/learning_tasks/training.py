"""Training a small network on some cases of a task, and looking at it on the way."""

from typing import NamedTuple

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from goalscope.learning_tasks.growth import (
    Cases,
    Growth,
    accuracy,
    growth,
    training_loss,
)
from goalscope.learning_tasks.networks import AbstractNetwork

_ADAM = optax.scale_by_adam(b2=0.98)


class Rule(NamedTuple):
    """How parameters change: Adam on all training cases, with decoupled weight decay.

    Fields:
        learning_rate: of Adam.
        decay: each step multiplies weights by `1 − learning_rate · decay`.
        steps: updates between two looks.
    """

    learning_rate: Float[Array, ""]
    decay: Float[Array, ""]
    steps: Int[Array, ""]


class Look(NamedTuple):
    """What is seen of a network on the way.

    Fields:
        growth: along the training gradient.
        tested: share of right answers to held-out cases.
        trained: share of taught answers to training cases.
    """

    growth: Growth
    tested: Float[Array, ""]
    trained: Float[Array, ""]


@eqx.filter_jit
def start(networks: AbstractNetwork, cases: Cases) -> Growth:
    """Return the growth of each of several networks, as they are; leading axis `N`."""
    arrays, static = eqx.partition(networks, eqx.is_array)

    def one(each: tuple[AbstractNetwork, Cases]) -> Growth:
        return growth(eqx.combine(each[0], static), each[1])

    return jax.lax.map(one, (arrays, cases))


@eqx.filter_jit
def course(
    networks: AbstractNetwork, cases: Cases, rule: Rule, *, num_looks: int
) -> tuple[AbstractNetwork, Look]:
    """Return networks after training, and what was seen, `[N, num_looks + 1]`.

    Args:
        networks: untrained, leading axis `N`.
        cases: of each network, leading axis `N`.
        rule: of training.
        num_looks: a look is taken before training and after each of so many stretches.
    """
    arrays, static = eqx.partition(networks, eqx.is_array)

    def one(each: tuple[AbstractNetwork, Cases]) -> tuple[AbstractNetwork, Look]:
        return _one_course(each[0], static, each[1], rule, num_looks)

    return jax.lax.map(one, (arrays, cases))


def _one_course(
    arrays: PyTree,
    static: AbstractNetwork,
    cases: Cases,
    rule: Rule,
    num_looks: int,
) -> tuple[AbstractNetwork, Look]:

    def step(_, carry):
        weights, moments = carry
        network = eqx.combine(weights, static)
        gradient = eqx.filter_grad(training_loss)(network, cases)
        direction, moments = _ADAM.update(gradient, moments)
        weights = jax.tree.map(
            lambda leaf, way: leaf - rule.learning_rate * (way + rule.decay * leaf),
            weights,
            direction,
        )
        return weights, moments

    def stretch(carry, _):
        carry = jax.lax.fori_loop(0, rule.steps, step, carry)
        return carry, _look(eqx.combine(carry[0], static), cases)

    first = _look(eqx.combine(arrays, static), cases)
    (weights, _), later = jax.lax.scan(
        stretch, (arrays, _ADAM.init(arrays)), length=num_looks
    )
    looks = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)
    return weights, looks


def _look(network: AbstractNetwork, cases: Cases) -> Look:
    return Look(
        growth(network, cases),
        accuracy(network, cases, cases.labels, cases.held),
        accuracy(network, cases, cases.taught, cases.train),
    )
