"""What becomes of an agent's behaviour when a variable is swapped in its activations."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from goalscope.answers import answered
from goalscope.probing.interchange import (
    Downstream,
    Pairs,
    Search,
    fit_subspace,
    obeys,
    swapped,
)
from goalscope.probing.steering import class_means, random_directions
from goalscope.probing.subspace import row_space

NUM_STEPS, BATCH_SIZE, LEARNING_RATE = 80, 32, 0.03
NUM_JACOBIANS = 64


class Swap(eqx.Module):
    """A variable, and an unused copy of such a variable that is planted beside the site.

    Fields:
        base, source: activations of both inputs of each pair, `[N, D]`.
        rest: what else is needed to go on from the base.
        base_labels, source_labels: class of the variable in both, `[N]`.
        targets: actions that are right in the base, given the source's value, `[N, A]`.
        valid: whether the pair makes sense, `[N]`.
        base_copy, source_copy: values of the copy, one-hot, `[N, V]`.
        copy_targets: as `targets`, for the copy's value in the source.
        levels: number of the base's level, ascending, `[N]`.
    """

    base: Float[Array, "*b N D"]
    source: Float[Array, "*b N D"]
    rest: PyTree
    base_labels: Int[Array, "*b N"]
    source_labels: Int[Array, "*b N"]
    targets: Bool[Array, "*b N A"]
    valid: Bool[Array, "*b N"]
    base_copy: Float[Array, "*b N V"]
    source_copy: Float[Array, "*b N V"]
    copy_targets: Bool[Array, "*b N A"]
    levels: Int[Array, "*b N"]


class Followed(eqx.Module):
    """Whether behaviour followed, and where that counts; the last axis holds all pairs.

    Fields:
        swapped: after a swap; variable or copy, anything or only what is read, `[2, 2, N]`.
        steered: after a push by the difference of class means, and by a random one as
            large, `[2, N]`.
        counts: 1 where the agent, left alone, does something else than what is right after
            the swap, on the second half of the levels; variable or copy, `[2, N]`.
        levels: number of the base's level, `[N]`.
    """

    swapped: Bool[Array, "*b 2 2 N"]
    steered: Bool[Array, "*b 2 N"]
    counts: Float[Array, "*b 2 N"]
    levels: Int[Array, "*b N"]

    def readings(
        self, weights: Float[Array, " L"]
    ) -> tuple[Float[Array, " 3"], Float[Array, " 3"]]:
        """Return interchange, restricted interchange and retargeting, and their controls.

        The control of a swap is that of the planted copy, the control of retargeting a
        random push. Levels count `weights` times each.
        """
        counts = self.counts * weights[self.levels][None]
        shares = counts / jnp.maximum(jnp.sum(counts, axis=-1, keepdims=True), 1e-9)
        driven = jnp.sum(shares[:, None] * self.swapped, axis=-1)
        steered = jnp.sum(shares[:1] * self.steered, axis=-1)
        return jnp.append(driven[0], steered[0]), jnp.append(driven[1], steered[1])


def follow(
    key: Key[Array, ""], downstream: Downstream, swap: Swap, *, rank: int, num_classes: int
) -> Followed:
    """Return whether behaviour follows the variable, and whether it seems to follow a copy.

    Subspaces, means and the directions that are read come from the first half of the
    levels. Consumes `key`.
    """
    k_search, k_push = jax.random.split(key)
    width, half = swap.base.shape[1], swap.base.shape[0] // 2
    base, source = _beside(swap)

    def further(hidden, rest):
        return downstream(hidden[:width], rest)

    reads = _directions_read(further, base[0, :half], _rows(swap.rest, slice(half)))
    filters = jnp.stack([jnp.eye(reads.shape[0], dtype=reads.dtype), reads])
    targets = jnp.stack([swap.targets, swap.copy_targets])

    def search(which):
        what, how = which // 2, which % 2
        proper = swap.valid & ~jnp.all(targets[what], axis=-1)
        counts = proper.astype(swap.base.dtype)
        pairs = Pairs(base[what], source[what], swap.rest, targets[what], counts)
        basis = fit_subspace(
            k_search,
            further,
            _rows(pairs, slice(half)),
            filters[how],
            search=Search(min(rank, width), NUM_STEPS, BATCH_SIZE, LEARNING_RATE),
        )
        return swapped(base[what], source[what], basis, filters[how])[:, :width]

    edits = jax.lax.map(search, jnp.arange(4))
    pushes = swap.base[None] + _pushes(k_push, swap, num_classes)
    hidden = jnp.concatenate([edits, pushes, swap.base[None]])
    asked = targets[np.array([0, 0, 1, 1, 0, 0, 0])]
    outputs = jax.lax.map(lambda each: jax.vmap(downstream)(each, swap.rest), hidden)
    heeded = obeys(outputs, asked)
    alone = jnp.stack([answered(outputs[-1])] * 2)
    counts = swap.valid[None] & ~obeys(alone, targets) & ~jnp.all(targets, axis=-1)
    unknown = jnp.arange(swap.valid.shape[0]) >= half
    return Followed(
        swapped=heeded[:4].reshape(2, 2, -1),
        steered=heeded[4:6],
        counts=(counts & unknown[None]).astype(swap.base.dtype),
        levels=swap.levels,
    )


def _beside(swap: Swap) -> tuple[Float[Array, "2 N W"], Float[Array, "2 N W"]]:
    """Return base and source of the variable and of the copy, the copy beside the site.

    For the variable there is nothing beside it. Of the copy's pairs the copy differs and
    nothing else does, by as much as the site differs in the variable's.
    """
    moved = jnp.mean(jnp.sum((swap.source - swap.base) ** 2, axis=-1))
    apart = jnp.mean(jnp.sum((swap.source_copy - swap.base_copy) ** 2, axis=-1))
    scale = jnp.sqrt(moved / jnp.maximum(apart, 1e-9))

    def both(hidden, copy):
        empty = jnp.concatenate([hidden, jnp.zeros_like(copy)], axis=-1)
        return jnp.stack([empty, jnp.concatenate([swap.base, scale * copy], axis=-1)])

    return both(swap.base, swap.base_copy), both(swap.source, swap.source_copy)


def _directions_read(
    downstream: Downstream, hidden: Float[Array, "N W"], rest: PyTree
) -> Float[Array, "W W"]:
    step = max(hidden.shape[0] // NUM_JACOBIANS, 1)
    few = slice(None, None, step)
    return row_space(downstream, hidden[few], _rows(rest, few))


def _pushes(key: Key[Array, ""], swap: Swap, num_classes: int) -> Float[Array, "2 N D"]:
    """Return pushes from the base's class to the source's, and random ones as large."""
    first = jnp.arange(swap.valid.shape[0]) < swap.valid.shape[0] // 2
    means = class_means(
        swap.base, swap.base_labels, first.astype(swap.base.dtype), num_classes=num_classes
    )
    push = means[swap.source_labels] - means[swap.base_labels]
    return jnp.stack([push, random_directions(key, push)])


def _rows(tree: PyTree, rows: slice) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[rows], tree)


def optimal_actions(values: Float[Array, "*b A"]) -> Bool[Array, "*b A"]:
    """Return which actions are as good as the best, up to rounding.

    >>> optimal_actions(jnp.array([0.5, 0.1, 0.5])).tolist()
    [True, False, True]
    """
    best = jnp.max(values, axis=-1, keepdims=True)
    return values >= best - 1e-5 * jnp.maximum(jnp.abs(best), np.float32(1e-3))
