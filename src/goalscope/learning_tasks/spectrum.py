"""Which frequencies of modular addition grow: spectra of weights and of logits.

A network that adds by waves gives the logits `Σ_k c_k cos(2πk(a + b − c)/p)`. The template
coefficient of frequency `k` on held-out pairs is

    T_k = mean over held-out (a, b) of (2/p) Σ_c logit(a, b, c) cos(2πk(a + b − c)/p),

and the amplitude of frequency `k` in the weights of the tokens is the norm of their
discrete Fourier component (Nanda et al. 2023).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
import scipy
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.learning_tasks.growth import Cases, training_loss
from goalscope.learning_tasks.networks import AbstractNetwork, PairNetwork


class Spectrum(NamedTuple):
    """Of one network, by frequency 1 ... (p − 1)/2.

    Fields:
        amplitude: in the weights of the tokens.
        growth: of the amplitude, along the gradient of the training loss.
        template: growth of the template coefficient on held-out pairs.
    """

    amplitude: Float[Array, " F"]
    growth: Float[Array, " F"]
    template: Float[Array, " F"]


@eqx.filter_jit
def spectra(networks: AbstractNetwork, cases: Cases) -> Spectrum:
    """Return the spectrum of each of several networks on pairs, leading axis `N`."""
    arrays, static = eqx.partition(networks, eqx.is_array)

    def one(each: tuple[AbstractNetwork, Cases]) -> Spectrum:
        return _spectrum(eqx.combine(each[0], static), each[1])

    return jax.lax.map(one, (arrays, cases))


def _spectrum(network: AbstractNetwork, cases: Cases) -> Spectrum:
    if not isinstance(network, PairNetwork):
        raise TypeError(f"spectra are of networks on pairs; got {type(network).__name__}")
    gradient = eqx.filter_grad(training_loss)(network, cases)
    downhill = jax.tree.map(jnp.negative, gradient)

    def seen(each: PairNetwork) -> tuple[Array, Array]:
        return amplitudes(each), template(each(cases.inputs), cases.held)

    (amplitude, _), (growth, grown) = eqx.filter_jvp(seen, (network,), (downhill,))
    return Spectrum(amplitude, growth, grown)


def amplitudes(network: PairNetwork) -> Float[Array, " F"]:
    """Return the norm of each frequency's part in the weights of the tokens."""
    modulus = network.first.shape[0]
    tokens = np.arange(modulus)
    angles = 2 * np.pi * np.outer(frequencies(modulus), tokens) / modulus
    waves = jnp.asarray(np.concatenate([np.cos(angles), np.sin(angles)]), jnp.float32)
    both = jnp.concatenate([network.first, network.second], axis=1)
    power = jnp.sum(jnp.square(waves @ both), axis=1).reshape(2, -1)
    return jnp.sqrt(jnp.sum(power, axis=0) * 2 / modulus)


def template(logits: Float[Array, "N K"], among: Float[Array, " N"]) -> Float[Array, " F"]:
    """Return the template coefficient of each frequency over some of all pairs."""
    modulus = logits.shape[1]
    tokens = np.arange(modulus)
    total = np.add.outer(tokens, tokens).reshape(-1, 1)
    # Roll each pair's logits by a + b, average, and correlate once with every wave.
    places = jnp.asarray((total - tokens) % modulus)
    rolled = jnp.take_along_axis(logits, places, axis=1)
    mean = among @ rolled / jnp.sum(among)
    angles = 2 * np.pi * np.outer(frequencies(modulus), tokens) / modulus
    return jnp.asarray(np.cos(angles), mean.dtype) @ mean * 2 / modulus


def frequencies(modulus: int) -> Float[np.ndarray, " F"]:
    """Return 1 ... (p − 1)/2."""
    return np.arange(1, (modulus - 1) // 2 + 1).astype(float)


def rank_correlation(
    first: Float[np.ndarray, " F"], second: Float[np.ndarray, " F"]
) -> float:
    """Return the correlation of ranks (Spearman, 1904).

    >>> round(rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.5, 0.6])), 6)
    1.0
    """
    return float(
        np.corrcoef(scipy.stats.rankdata(first), scipy.stats.rankdata(second))[0, 1]
    )


def partial_correlation(
    first: Float[np.ndarray, " F"],
    second: Float[np.ndarray, " F"],
    given: Float[np.ndarray, " F"],
) -> float:
    """Return the correlation of ranks that a third quantity does not explain.

    `(r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²))`.
    """
    both = rank_correlation(first, second)
    left, right = rank_correlation(first, given), rank_correlation(second, given)
    rest = np.sqrt(max((1 - left**2) * (1 - right**2), 1e-12))
    return float((both - left * right) / rest)
