"""How many bits the labels cost somebody who learns to predict them as they come.

A probe can decode much by memorising much. The online code charges it for what it must
learn: labels that are easy to extract cost few bits (Voita & Titov 2020, section 3.2).
"""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from goalscope.probing.classifier import fit_classifier

BLOCK_ENDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Where blocks of an online code end, as shares of the examples (Voita & Titov 2020)."""


class OnlineCode(eqx.Module):
    """What it takes to transmit labels to somebody who sees the inputs.

    Fields:
        bits: what each label costs when its turn comes, `[N]`; the uniform code for the
            first block.
        guesses: what it costs who sees no inputs and counts labels, `[N]`; those that were
            seen, and each class once more (Laplace).
        hits: whether each label was the likeliest when its turn came, `[N]`; in the last
            block, whether a probe fitted to the blocks before it is right.
        model_bits: what is saved by knowing the final classifier beforehand, in bits: the
            cost of the model (Voita & Titov 2020).
        compression: `Σ c_i guesses_i / Σ c_i bits_i`; 1 is no better than guessing.
        converged: whether every fit converged.
    """

    bits: Float[Array, "*b N"]
    guesses: Float[Array, "*b N"]
    hits: Bool[Array, "*b N"]
    model_bits: Float[Array, "*b"]
    compression: Float[Array, "*b"]
    converged: Bool[Array, "*b"]


def online_code(
    inputs: Float[Array, "N I"],
    labels: Int[Array, " N"],
    counts: Float[Array, " N"],
    *,
    num_classes: int,
    ridge: float = 0.1,
    block_ends: tuple[float, ...] = BLOCK_ENDS,
) -> OnlineCode:
    """Return the cost of the labels in the order in which they stand.

    `L = t₁ log₂ K - Σ_i log₂ p_{θ_i}(y_{t_i+1 : t_{i+1}} | x)`, with `θ_i` fitted to the
    first `t_i` examples. Labels that nothing predicts cost *more* than guessing.

    Args:
        inputs: what is decoded from; if in groups, whole groups after one another.
        labels: classes, below `num_classes`.
        counts: how often each example counts, as in `fit_classifier`.
        num_classes: `K`.
        ridge: regularisation of each fit.
        block_ends: where blocks end, ascending shares of N; the last is 1.
    """
    ends = block_sizes(inputs.shape[0], block_ends)
    position = jnp.arange(inputs.shape[0])
    uniform = jnp.full(inputs.shape[0], np.log(num_classes), inputs.dtype)
    hot = jax.nn.one_hot(labels, num_classes, dtype=inputs.dtype)

    def block(carry, span):
        weight, cost, guesses, hits, converged = carry
        known, until = span
        seen = counts * (position < known)
        fitted = fit_classifier(
            inputs, labels, seen, num_classes=num_classes, ridge=ridge, start=weight
        )
        each = fitted.log_probabilities(inputs)
        nats, right = -each[position, labels], jnp.argmax(each, axis=-1) == labels
        blind = jnp.log(jnp.sum(seen) + num_classes) - jnp.log(seen @ hot + 1)[labels]
        now = (position >= known) & (position < until)
        cost, hits = jnp.where(now, nats, cost), jnp.where(now, right, hits)
        guesses = jnp.where(now, blind, guesses)
        return (fitted.weight, cost, guesses, hits, converged & fitted.converged), nats

    start = jnp.zeros((inputs.shape[1] + 1, num_classes), inputs.dtype)
    begin = (start, uniform, uniform, position < 0, jnp.array(True))
    spans = (ends, jnp.append(ends[1:], ends[-1]))
    (_, cost, guesses, hits, converged), nats = jax.lax.scan(block, begin, spans)
    spent = jnp.sum(counts * cost)
    return OnlineCode(
        bits=cost / np.log(2),
        guesses=guesses / np.log(2),
        hits=hits,
        model_bits=(spent - jnp.sum(counts * nats[-1])) / np.log(2),
        compression=jnp.sum(counts * guesses) / spent,
        converged=converged,
    )


def block_sizes(num_examples: int, block_ends: tuple[float, ...]) -> Int[Array, " B"]:
    """Return the numbers of examples after which blocks end, at least one each.

    >>> block_sizes(40, (0.1, 0.25, 0.5, 1.0)).tolist()
    [4, 10, 20, 40]
    """
    if list(block_ends) != sorted(set(block_ends)) or block_ends[-1] != 1:
        raise ValueError(f"block_ends are {block_ends}; give ascending shares up to 1")
    ends = np.unique(np.maximum(np.round(np.array(block_ends) * num_examples), 1))
    return jnp.asarray(ends.astype(np.int32))
