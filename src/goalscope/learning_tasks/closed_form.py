"""What the first gradient does to modular addition, in closed form. No JAX.

Let `K₀`, `K₁`, `K₂` be the mean product of the hidden features of two pairs that share no
token, one, or both, and let the network be silent, so that only its output weights move.
Training case `x` changes the margin of case `x'` by `K(x, x')` if their answers agree, and
by `−K(x, x') / (p − 1)` if not. Of the `p² − 1` other pairs, `p − 1` have the answer of
`x'`, and none of them shares a token with it; `2(p − 1)` share one. All others together
thus change it by

    (p − 1) K₀ − [2(p − 1) K₁ + (p − 1)(p − 2) K₀] / (p − 1) = K₀ − 2 K₁,

and with `m` training pairs drawn at random

    G / M = m (K₀ − 2 K₁) / [(p² − 1) K₂ + (m − 1)(K₀ − 2 K₁)].

Its sign is that of `K₀ − 2 K₁`: pairs that share a token are alike and never agree. On all
pairs the rate has the sign of `K₂ + K₀ − 2 K₁`, which no features make negative.
"""

import numpy as np


def feature_kernel(activation: str) -> tuple[float, float, float]:
    """Return `(K₀, K₁, K₂)` of wide layers whose units have unit variance before `σ`.

    Pairs that share none, one or both tokens have correlations 0, ½ and 1 there. For ReLU
    the kernel is that of Cho and Saul (2009), for squares it is `1 + 2ρ²`.

    Raises:
        ValueError: for another activation.

    >>> [round(value, 4) for value in feature_kernel("relu")]
    [0.1592, 0.3045, 0.5]
    """
    correlation = np.array([0.0, 0.5, 1.0])
    if activation == "quadratic":
        found = 1 + 2 * correlation**2
    elif activation == "relu":
        angle = np.arccos(correlation)
        found = (np.sin(angle) + (np.pi - angle) * correlation) / (2 * np.pi)
    else:
        raise ValueError(f"no activation {activation!r}; choose relu or quadratic")
    none, one, two = found.tolist()
    return none, one, two


def expected_ratio(
    kernel: tuple[float, float, float], *, modulus: int, taught: int, rule: bool = True
) -> float:
    """Return `G / M` at a silent start, training pairs being drawn at random.

    Args:
        kernel: `(K₀, K₁, K₂)`.
        modulus: `p`.
        taught: `m`, training pairs.
        rule: whether answers are sums; if not, they are dealt at random, each `p` times,
            and all others together change a margin by minus their mean kernel.

    >>> round(expected_ratio(feature_kernel("relu"), modulus=23, taught=159), 2)
    -0.37
    """
    none, one, two = kernel
    others = modulus**2 - 1
    if rule:
        pull = none - 2 * one
    else:
        pull = -(2 * (modulus - 1) * one + (modulus - 1) ** 2 * none) / others
    return taught * pull / (others * two + (taught - 1) * pull)
