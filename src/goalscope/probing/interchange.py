"""Whether a variable drives the outputs: swap it, and see whether they follow.

A *downstream* function takes the activations at a site, of one input, and the rest of that
input, and returns the outputs of the network: `downstream(hidden, rest)`. With any network
`forward(inputs, edits) -> (outputs, activations)` it is `reading_from(forward, site)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree

from goalscope.probing.subspace import orthonormal

Edits = Mapping[str, Callable[[Array], Array]]
Downstream = Callable[[Float[Array, " D"], PyTree], Float[Array, " O"]]


class Pairs(eqx.Module):
    """Inputs between which a variable is swapped, and what should come out.

    Fields:
        base: activations at the site of each input that is changed, `[N, D]`.
        source: activations of the input that the variable is taken from, `[N, D]`.
        rest: what else `downstream` needs of the base, leading axis `N`.
        targets: outputs that are right if the variable has its value in the source, and
            all else is as in the base, `[N, O]`.
        counts: how often each pair counts, `[N]`.
    """

    base: Float[Array, "*b N D"]
    source: Float[Array, "*b N D"]
    rest: PyTree
    targets: Bool[Array, "*b N O"]
    counts: Float[Array, "*b N"]


@dataclass(frozen=True)
class Search:
    """How `fit_subspace` looks for a subspace.

    Fields:
        rank: number of its dimensions.
        num_steps: steps of Adam.
        batch_size: pairs of each step, in turn; all of them if not given.
        learning_rate: of the first step; falls to 0 as a cosine.
    """

    rank: int
    num_steps: int = 200
    batch_size: int | None = None
    learning_rate: float = 0.05

    def __post_init__(self):
        if self.rank < 1 or self.num_steps < 1:
            raise ValueError(
                "a search has a rank and a number of steps of at least 1; got "
                f"{self.rank} and {self.num_steps}"
            )


def reading_from(
    forward: Callable[[PyTree, Edits], tuple[Float[Array, " O"], Mapping[str, Array]]],
    site: str,
) -> Downstream:
    """Return what comes out of `forward` when the activations at `site` are given.

    >>> def forward(x, edits):
    ...     hidden = edits.get("middle", lambda h: h)(2 * x)
    ...     return hidden + 1, {"middle": hidden}
    >>> reading_from(forward, "middle")(jnp.array([5.0]), jnp.array([0.0])).tolist()
    [6.0]
    """

    def downstream(hidden, rest):
        return forward(rest, {site: lambda _: hidden})[0]

    return downstream


def swapped(
    base: Float[Array, "*b D"],
    source: Float[Array, "*b D"],
    basis: Float[Array, "D R"],
    reads: Float[Array, "D D"] | None = None,
) -> Float[Array, "*b D"]:
    """Return `h_b + P Pᵀ Π (h_s - h_b)`: the base with the source's part in a subspace.

    Args:
        base: activations that are changed.
        source: activations that the part is taken from.
        basis: orthonormal columns `P`.
        reads: projector `Π` on what may be read of the source; all of it if not given.
    """
    difference = source - base
    if reads is not None:
        difference = difference @ reads.T
    return base + (difference @ basis) @ basis.T


def patching_effect(
    patched: Float[Array, "*b"], base: Float[Array, "*b"], source: Float[Array, "*b"]
) -> Float[Array, "*b"]:
    """Return `(m_patched - m_base) / (m_source - m_base)`: 1 if the site carries it all.

    >>> float(patching_effect(jnp.float32(2.0), jnp.float32(1.0), jnp.float32(5.0)))
    0.25
    """
    return (patched - base) / (source - base)


def obeys(outputs: Float[Array, "*b O"], targets: Bool[Array, "*b O"]) -> Bool[Array, "*b"]:
    """Return whether the largest output is one of the targets."""
    largest = jnp.argmax(outputs, axis=-1)
    return jnp.take_along_axis(targets, largest[..., None], axis=-1)[..., 0]


def interchanged(
    downstream: Downstream,
    pairs: Pairs,
    basis: Float[Array, "D R"],
    reads: Float[Array, "D D"] | None = None,
) -> Bool[Array, " N"]:
    """Return of each pair whether the output follows the source when they are swapped.

    The mean is the interchange intervention accuracy (IIA; Geiger et al. 2021).
    """
    hidden = swapped(pairs.base, pairs.source, basis, reads)
    return obeys(jax.vmap(downstream)(hidden, pairs.rest), pairs.targets)


def fit_subspace(
    key: Key[Array, ""],
    downstream: Downstream,
    pairs: Pairs,
    reads: Float[Array, "D D"] | None = None,
    *,
    search: Search,
) -> Float[Array, "D R"]:
    """Return the basis whose swap makes outputs follow the source: DAS. Consumes `key`.

    Distributed alignment search (Geiger et al. 2024): `P` minimises the mean of
    `-log Σ_{o ∈ targets} softmax(outputs)_o` after the swap, by Adam on free columns that
    are orthonormalised. It can find a *dormant* copy of the variable, and rotate it into a
    direction that is read (Makelov et al. 2024); `reads` forbids that.

    Args:
        key: for the first columns: random mixtures of what a swap would change, and noise.
        downstream: as above.
        pairs: to fit to.
        reads: see `swapped`; the projector on what downstream reads (`row_space`).
        search: how to look for it.
    """
    width, num_pairs = pairs.base.shape[-1], pairs.counts.shape[0]
    if search.rank > width:
        raise ValueError(f"{width} activations have no subspace of rank {search.rank}")
    batch_size = search.batch_size or num_pairs
    turns = jnp.arange(search.num_steps)[:, None] * batch_size
    turns = (turns + jnp.arange(batch_size)[None]) % num_pairs

    def loss(columns, chosen):
        hidden = swapped(chosen.base, chosen.source, orthonormal(columns), reads)
        chances = jax.nn.softmax(jax.vmap(downstream)(hidden, chosen.rest))
        right = jnp.log(jnp.sum(chances * chosen.targets, axis=-1) + 1e-6)
        return -jnp.sum(chosen.counts * right) / jnp.maximum(jnp.sum(chosen.counts), 1)

    optimiser = optax.adam(
        optax.cosine_decay_schedule(search.learning_rate, search.num_steps)
    )

    def step(carry, turn):
        columns, state = carry
        chosen = jax.tree.map(lambda leaf: leaf[turn], pairs)
        updates, state = optimiser.update(jax.grad(loss)(columns, chosen), state)
        return (eqx.apply_updates(columns, updates), state), None

    columns = _sketch(key, pairs, reads, search.rank)
    begin = (columns, optimiser.init(columns))
    (columns, _), _ = jax.lax.scan(step, begin, turns)
    return orthonormal(columns)


def _sketch(
    key: Key[Array, ""], pairs: Pairs, reads: Float[Array, "D D"] | None, rank: int
) -> Float[Array, "D R"]:
    """Return unit columns near the span of the differences between source and base."""
    k_mix, k_noise = jax.random.split(key)
    differences = (pairs.source - pairs.base) * pairs.counts[:, None]
    if reads is not None:
        differences = differences @ reads.T
    mixtures = differences.T @ jax.random.normal(
        k_mix, (differences.shape[0], rank), differences.dtype
    )
    mixtures = mixtures / (jnp.linalg.norm(mixtures, axis=0, keepdims=True) + 1e-9)
    noise = jax.random.normal(k_noise, mixtures.shape, mixtures.dtype)
    return mixtures + 0.1 * noise / mixtures.shape[0] ** 0.5
