"""How fast an answer grows along the gradient of the training loss.

The margin of an answer is its logit minus the mean logit of the others. Along the step
`dθ/dt = −∇L(θ)` of gradient descent on the training cases, the mean margin of the rule's
answers to held-out cases grows at the rate

    G = −⟨∇A(θ), ∇L(θ)⟩,    A = mean over held-out cases of the margin,

and that of the taught answers to training cases at the rate `M`. One forward derivative
along `−∇L` gives the rates of all logits, hence of every margin.
"""

from typing import NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.learning_tasks.networks import AbstractNetwork

BATCH = 64
"""Cases of the minibatch whose noise the signal is compared with."""


class Cases(NamedTuple):
    """A task as cases, some of which are taught.

    Fields:
        inputs: what the network sees, `[N, I]`; `[1, 1]` for networks on pairs.
        labels: answers of the rule.
        wrong: answers of another rule.
        taught: answers that training wants.
        shuffled: the answers of `labels`, dealt anew to all cases that occur.
        train, held: 1 where a case is trained on, and where it is held out.
    """

    inputs: Float[Array, "M I"]
    labels: Int[Array, " N"]
    wrong: Int[Array, " N"]
    taught: Int[Array, " N"]
    shuffled: Int[Array, " N"]
    train: Float[Array, " N"]
    held: Float[Array, " N"]


class Growth(NamedTuple):
    """Rates along the training gradient, and what they are compared with.

    Fields:
        held: `G`, of the rule's answers to held-out cases.
        training: `M`, of the taught answers to training cases.
        wrong: of another rule's answers to held-out cases.
        everywhere: of the rule's answers to all cases, those of training included.
        cosine: `G / (‖∇A‖ ‖∇L‖)`.
        signal: `G` over the standard deviation that the choice of a minibatch of 64
            training cases gives it.
    """

    held: Float[Array, ""]
    training: Float[Array, ""]
    wrong: Float[Array, ""]
    everywhere: Float[Array, ""]
    cosine: Float[Array, ""]
    signal: Float[Array, ""]


def margins(logits: Float[Array, "N K"], answers: Int[Array, " N"]) -> Float[Array, " N"]:
    """Return each answer's logit minus the mean of the other answers' logits."""
    chosen = jnp.take_along_axis(logits, answers[:, None], axis=1)[:, 0]
    others = logits.shape[1] - 1
    return chosen - (jnp.sum(logits, axis=1) - chosen) / others


def losses(network: AbstractNetwork, cases: Cases) -> Float[Array, " N"]:
    """Return the cross entropy of each taught answer, in nats."""
    log_shares = jax.nn.log_softmax(network(cases.inputs), axis=-1)
    return -jnp.take_along_axis(log_shares, cases.taught[:, None], axis=1)[:, 0]


def training_loss(network: AbstractNetwork, cases: Cases) -> Float[Array, ""]:
    """Return the mean cross entropy of the training cases, in nats."""
    return mean_over(losses(network, cases), cases.train)


def accuracy(
    network: AbstractNetwork,
    cases: Cases,
    answers: Int[Array, " N"],
    among: Float[Array, " N"],
) -> Float[Array, ""]:
    """Return the share of some cases to which the largest logit is that of the answer."""
    right = jnp.argmax(network(cases.inputs), axis=-1) == answers
    return mean_over(right.astype(jnp.float32), among)


def growth(network: AbstractNetwork, cases: Cases) -> Growth:
    """Return the rates at which margins grow along the gradient of the training loss."""
    downhill = jax.tree.map(jnp.negative, eqx.filter_grad(training_loss)(network, cases))
    _, rates = eqx.filter_jvp(lambda net: net(cases.inputs), (network,), (downhill,))
    general = eqx.filter_grad(_held_margin)(network, cases)
    _, pulls = eqx.filter_jvp(lambda net: -losses(net, cases), (network,), (general,))
    right = margins(rates, cases.labels)
    held = mean_over(right, cases.held)
    mean = mean_over(pulls, cases.train)
    spread = jnp.sqrt(mean_over(jnp.square(pulls - mean), cases.train) / BATCH)
    return Growth(
        held,
        mean_over(margins(rates, cases.taught), cases.train),
        mean_over(margins(rates, cases.wrong), cases.held),
        mean_over(right, cases.train + cases.held),
        ratio(held, _norm(general) * _norm(downhill)),
        ratio(held, spread),
    )


def mean_over(values: Float[Array, " N"], weights: Float[Array, " N"]) -> Float[Array, ""]:
    """Return the mean with these weights; 0 if they are all 0."""
    return ratio(jnp.sum(values * weights), jnp.sum(weights))


def ratio(part: Float[Array, ""], whole: Float[Array, ""]) -> Float[Array, ""]:
    """Return `part / whole`, 0 where the whole is 0."""
    return jnp.where(whole == 0, 0.0, part / jnp.where(whole == 0, 1.0, whole))


def _held_margin(network: AbstractNetwork, cases: Cases) -> Float[Array, ""]:
    return mean_over(margins(network(cases.inputs), cases.labels), cases.held)


def _norm(tree: AbstractNetwork) -> Float[Array, ""]:
    leaves = jax.tree.leaves(eqx.filter(tree, eqx.is_array))
    return jnp.sqrt(sum((jnp.sum(jnp.square(leaf)) for leaf in leaves), jnp.zeros(())))
