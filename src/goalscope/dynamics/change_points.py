"""When a curve changed: piecewise constant curves, fitted exactly."""

import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key


def one_change(
    curve: Float[Array, " T"],
) -> tuple[Int[Array, ""], Float[Array, ""]]:
    """Return the first index after the most likely change of level, and its gain.

    The gain is the share of the sum of squares that two levels explain and one does not,
    in [0, 1]; 0 for a curve that is constant.

    >>> index, gain = one_change(jnp.array([0.0, 0.0, 0.0, 1.0, 1.0]))
    >>> int(index), float(gain)
    (3, 1.0)
    """
    number = _long_enough(curve)
    centred = curve - jnp.mean(curve)
    before = jnp.arange(1, number)
    sums = jnp.cumsum(centred)[:-1]
    explained = sums**2 * number / (before * (number - before))
    total = jnp.sum(centred**2)
    best = jnp.argmax(explained)
    rounding = jnp.finfo(curve.dtype).eps * jnp.max(jnp.abs(curve))
    varies = total > number * rounding**2
    gain = explained[best] / jnp.where(varies, total, 1.0)
    return best + 1, jnp.where(varies, jnp.clip(gain, 0.0, 1.0), 0.0)


def change_p_value(
    key: Key[Array, ""], curve: Float[Array, " T"], *, num_permutations: int = 199
) -> Float[Array, ""]:
    """Return how often a shuffled curve has a change at least as clear. Consumes `key`.

    The null is that the order of the values means nothing: a slow trend is not it, and is
    called a change as well.
    """
    gain = one_change(curve)[1]
    keys = jax.random.split(key, num_permutations)
    shuffled = jax.vmap(lambda key: one_change(jax.random.permutation(key, curve))[1])
    as_clear = shuffled(keys) >= gain * (1 - 1e-6)
    return (1 + jnp.sum(as_clear)) / (num_permutations + 1)


def partition(
    curve: Float[Array, " T"], *, penalty: Float[Array, ""] | float
) -> Bool[Array, " T"]:
    """Return where a new segment begins, in the best partition of `curve`.

    Minimises the sum of squares around the means of the segments plus `penalty` for each
    segment after the first, over all partitions (optimal partitioning; Jackson et al. 2005,
    the exact search that PELT prunes, Killick et al. 2012). Index 0 is never marked.

    >>> partition(jnp.array([0.0, 0.0, 4.0, 4.0, 1.0]), penalty=1.0).astype(int).tolist()
    [0, 0, 1, 0, 1]
    """
    number = _long_enough(curve)
    centred = curve - jnp.mean(curve)
    sums = jnp.pad(jnp.cumsum(centred), (1, 0))
    squares = jnp.pad(jnp.cumsum(centred**2), (1, 0))
    places = jnp.arange(number + 1)

    def extend(costs, end):
        length = jnp.maximum(end - places, 1)
        within = squares[end] - squares - (sums[end] - sums) ** 2 / length
        total = jnp.where(places < end, costs + within + penalty, jnp.inf)
        begin = jnp.argmin(total)
        return costs.at[end].set(total[begin]), begin

    first = jnp.full(number + 1, jnp.inf, curve.dtype).at[0].set(-penalty)
    _, begins = jax.lax.scan(extend, first, jnp.arange(1, number + 1))

    def mark(carry, _):
        end, marks = carry
        begin = jnp.where(end > 0, begins[jnp.maximum(end - 1, 0)], 0)
        return (begin, marks.at[begin].set(True)), None

    start = (jnp.asarray(number), jnp.zeros(number, bool))
    (_, marks), _ = jax.lax.scan(mark, start, length=number)
    return marks.at[0].set(False)


def penalty_for(curve: Float[Array, " T"]) -> Float[Array, ""]:
    """Return `2 σ² log T`, with `σ` from the differences of neighbours.

    Schwarz's criterion for a change of mean (Yao 1988), with the noise measured where
    changes matter little: `σ = median |x_{t+1} − x_t| / 0.954`.
    """
    number = _long_enough(curve)
    noise = jnp.median(jnp.abs(jnp.diff(curve))) / 0.9539
    return 2 * noise**2 * jnp.log(jnp.asarray(number, curve.dtype))


def _long_enough(curve: Float[Array, " T"]) -> int:
    number = curve.shape[0]
    if number < 2:
        raise ValueError(f"a curve that changes has at least 2 points; got {number}")
    return number
