"""Closed forms of the training game, where a defection is always noticed. No JAX."""

from collections.abc import Callable


def future(discount: float, training: int, deployment: int) -> float:
    """Return what compliance is worth at the start, `Σ_{k=n}^{n+m-1} γ^k`.

    >>> future(1.0, 2, 3)
    3.0
    """
    return float(sum(discount**k for k in range(training, training + deployment)))


def discounted_complies(discount: float, training: int, deployment: int) -> bool:
    """Return whether a discounted maximiser complies: one unit now is worth less.

    >>> discounted_complies(0.69, 2, 3), discounted_complies(0.67, 2, 3)
    (True, False)
    """
    return future(discount, training, deployment) > 1


def critical_discount(training: int, deployment: int) -> float:
    """Return the discount above which a maximiser complies; 1 if none below 1 does.

    >>> round(critical_discount(2, 3), 4)
    0.6823
    """
    if deployment <= 1:
        return 1.0
    return _root(lambda discount: future(discount, training, deployment) - 1)


def satisficer_prefers_compliance(aspiration: float, deployment: int) -> bool:
    """Return whether a satisficer strictly prefers compliance: one unit is not enough.

    Up to an aspiration of 1 it is indifferent.

    >>> satisficer_prefers_compliance(1.5, 3), satisficer_prefers_compliance(1.0, 3)
    (True, False)
    """
    return min(aspiration, deployment) > min(aspiration, 1)


def effortful_complies(effort: float, training: int, deployment: int) -> bool:
    """Return whether an agent complies to which an episode of pretending costs `effort`.

    >>> effortful_complies(0.9, 2, 3), effortful_complies(1.1, 2, 3)
    (True, False)
    """
    return deployment - training * effort > 1


def absent_minded(defects: float, training: int, deployment: int) -> float:
    """Return the expected gain of one who defects with the same chance in every episode.

    `Σ_{k<n} q^k p + q^n m p` with `q = 1 − p`: the driver of Piccione and Rubinstein
    (1997) in the training game.

    >>> round(absent_minded(5 / 9, 2, 3), 3)
    1.132
    """
    complies = 1 - defects
    early = sum(complies**k * defects for k in range(training))
    return early + complies**training * deployment * defects


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
