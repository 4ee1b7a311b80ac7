"""A linear classifier, fitted exactly: the probe that asks what can be decoded."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jax.scipy.sparse.linalg import cg
from jaxtyping import Array, Bool, Float, Int

NUM_STEPS, NUM_HALVINGS, NUM_CG = 30, 10, 60
TOLERANCE = 1e-3
"""Gradient left, per example, at which a fit counts as converged."""


class Classifier(eqx.Module):
    """Multinomial logistic regression, `log p(k|x) = x·w_k + b_k - log Σ_j exp(...)`.

    Fields:
        weight: one column a class, the bias as last row, `[D + 1, K]`.
        converged: whether the fit left a gradient below `TOLERANCE` per example.
    """

    weight: Float[Array, "*b D K"]
    converged: Bool[Array, "*b"]

    def log_probabilities(self, inputs: Float[Array, "N I"]) -> Float[Array, "N K"]:
        """Return the logarithm of the probability of each class, in nats."""
        return jax.nn.log_softmax(with_bias(inputs) @ self.weight)

    def predict(self, inputs: Float[Array, "N I"]) -> Int[Array, " N"]:
        """Return the most probable class of each input."""
        return jnp.argmax(with_bias(inputs) @ self.weight, axis=-1)


def fit_classifier(
    inputs: Float[Array, "N I"],
    labels: Int[Array, " N"],
    counts: Float[Array, " N"],
    *,
    num_classes: int,
    ridge: float = 0.1,
    start: Float[Array, "D K"] | None = None,
) -> Classifier:
    """Return the classifier that minimises `-Σ_i c_i log p(y_i|x_i) + ½ ridge ‖W‖²`.

    The bias is regularised too, which makes the problem strictly convex. Newton's method:
    each direction by conjugate gradients, each step the best of 1, ½, ¼, ... and 0.

    Args:
        inputs: what is decoded from.
        labels: classes, below `num_classes`.
        counts: how often each example counts; 0 leaves it out.
        num_classes: `K`.
        ridge: strength of the regularisation, for the sum over examples and not the mean.
        start: where the iteration starts; zeros if not given.

    >>> inputs = jnp.array([[-1.0], [-2.0], [1.0], [3.0]])
    >>> fitted = fit_classifier(
    ...     inputs, jnp.array([0, 0, 1, 1]), jnp.ones(4), num_classes=2
    ... )
    >>> fitted.predict(inputs).tolist()
    [0, 0, 1, 1]
    """
    design = with_bias(inputs)
    hot = jax.nn.one_hot(labels, num_classes, dtype=design.dtype)
    total = jnp.maximum(jnp.sum(counts), 1)
    shrinks = 0.5 ** jnp.arange(NUM_HALVINGS, dtype=design.dtype)
    shrinks = jnp.append(shrinks, 0)

    def loss(weight):
        fit = jnp.sum(hot * jax.nn.log_softmax(design @ weight), axis=-1)
        return -jnp.sum(counts * fit) + 0.5 * ridge * jnp.sum(weight**2)

    def gradient(weight):
        excess = jax.nn.softmax(design @ weight) - hot
        return design.T @ (counts[:, None] * excess) + ridge * weight

    def newton(carry):
        weight, slope, step = carry
        chances = jax.nn.softmax(design @ weight)

        def curve(direction):
            moved = chances * (design @ direction)
            moved = moved - chances * jnp.sum(moved, axis=-1, keepdims=True)
            return design.T @ (counts[:, None] * moved) + ridge * direction

        direction, _ = cg(curve, -slope, tol=0.05, maxiter=NUM_CG)
        losses = jax.lax.map(lambda shrink: loss(weight + shrink * direction), shrinks)
        weight = weight + shrinks[jnp.argmin(losses)] * direction
        return weight, gradient(weight), step + 1

    def unfinished(carry):
        _, slope, step = carry
        return (jnp.max(jnp.abs(slope)) > 0.01 * TOLERANCE * total) & (step < NUM_STEPS)

    shape = (design.shape[1], num_classes)
    weight = jnp.zeros(shape, design.dtype) if start is None else start
    carry = (weight, gradient(weight), jnp.int32(0))
    weight, slope, _ = jax.lax.while_loop(unfinished, newton, carry)
    return Classifier(weight, jnp.max(jnp.abs(slope)) <= TOLERANCE * total)


def accuracy(
    classifier: Classifier,
    inputs: Float[Array, "N I"],
    labels: Int[Array, " N"],
    counts: Float[Array, " N"],
) -> Float[Array, ""]:
    """Return how many examples of a class, each counted `counts` times, are put in it.

    The mean over classes, so that it is no merit to name the most frequent one.
    """
    right = classifier.predict(inputs) == labels
    num_classes = classifier.weight.shape[-1]
    return balanced_share(right, labels, counts, num_classes=num_classes)


def balanced_share(
    right: Bool[Array, " N"],
    labels: Int[Array, " N"],
    counts: Float[Array, " N"],
    *,
    num_classes: int,
) -> Float[Array, ""]:
    """Return the share of examples that are right, the mean over classes that there are.

    >>> labels = jnp.array([0, 0, 0, 1])
    >>> float(balanced_share(labels == 0, labels, jnp.ones(4), num_classes=3))
    0.5
    """
    members = counts[:, None] * jax.nn.one_hot(labels, num_classes, dtype=counts.dtype)
    total = jnp.sum(members, axis=0)
    shares = (right @ members) / jnp.where(total > 0, total, 1)
    return jnp.sum(shares) / jnp.maximum(jnp.sum(total > 0), 1)


def standardised(
    inputs: Float[Array, "N I"], counts: Float[Array, " N"]
) -> Float[Array, "N I"]:
    """Return inputs shifted and scaled to mean 0 and deviation 1 where `counts` says.

    Directions that hardly vary are shifted only.
    """
    shares = counts[:, None] / jnp.maximum(jnp.sum(counts), 1)
    centred = inputs - jnp.sum(shares * inputs, axis=0, keepdims=True)
    deviation = jnp.sqrt(jnp.sum(shares * centred**2, axis=0, keepdims=True))
    return centred / jnp.where(deviation > 1e-6, deviation, 1)


def with_bias(inputs: Float[Array, "N I"]) -> Float[Array, "N D"]:
    """Return the inputs with a last column of ones."""
    return jnp.concatenate([inputs, jnp.ones_like(inputs[:, :1])], axis=1)
