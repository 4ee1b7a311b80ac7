"""Whether what must not matter to an instrument does not. No JAX."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

ROUNDING = 1e-3
"""Change that rounding may make: a sum of a thousand terms in single precision is off by
up to `1e-4` of their size, and a posterior by as much as its log likelihood."""

FALSE_ALARMS = 0.01
"""Probability that chance alone makes an invariance count as broken."""


@dataclass(frozen=True)
class Invariance:
    """What one transformation did to the readings of agents that it must not touch.

    Fields:
        transformation: what was written otherwise.
        agents: of which agents: "planted", "shaped", "network", "table".
        n: how many agents.
        exact: whether nothing but rounding may change. If not, the instrument draws other
            random numbers afterwards, and only the mean must stay.
        reading: the reading that changed most.
        change: the largest absolute change of any reading of any agent; readings beyond 1
            count by their own size.
        measured: what the bound is for: `change`, or the absolute mean change.
        bound: the most that is allowed.
        held: whether it is.
    """

    transformation: str
    agents: str
    n: int
    exact: bool
    reading: str
    change: float
    measured: float
    bound: float
    held: bool


def invariances(
    words: Mapping[str, Any], arrays: Mapping[str, Float[np.ndarray, "N R"]]
) -> tuple[Invariance, ...]:
    """Return what each transformation of a cell changed.

    A reading that is not defined (NaN) must stay so. Where random numbers are drawn anew,
    the mean change over agents must lie within `t` standard errors of 0, with `t` such that
    chance alone breaks one of a hundred invariances, all readings together.
    """
    found = []
    for number, about in enumerate(words["transformations"]):
        before, after = arrays[f"before/{number}"], arrays[f"after/{number}"]
        changes = _changes(before, after)
        judge = _exact if about["exact"] else _by_chance
        index, measured, bound = judge(changes)
        found.append(
            Invariance(
                transformation=about["name"],
                agents=about["agents"],
                n=len(before),
                exact=about["exact"],
                reading=about["readings"][index],
                change=float(np.max(np.abs(changes))),
                measured=measured,
                bound=bound,
                held=bool(measured <= bound),
            )
        )
    return tuple(found)


def _changes(
    before: Float[np.ndarray, "N R"], after: Float[np.ndarray, "N R"]
) -> Float[np.ndarray, "N R"]:
    """Return changes relative to 1 or to a reading's size, infinite where one is NaN."""
    both = np.isnan(before) & np.isnan(after)
    one = np.isnan(before) != np.isnan(after)
    size = np.maximum(1.0, np.abs(np.nan_to_num(before)))
    with np.errstate(invalid="ignore"):
        changes = np.where(both | (before == after), 0.0, after - before) / size
    return np.where(one, np.inf, changes)


def _exact(changes: Float[np.ndarray, "N R"]) -> tuple[int, float, float]:
    largest = np.max(np.abs(changes), axis=0)
    return int(np.argmax(largest)), float(np.max(largest)), ROUNDING


def _by_chance(changes: Float[np.ndarray, "N R"]) -> tuple[int, float, float]:
    """Return the reading whose mean change is largest for its standard error."""
    n, num_readings = changes.shape
    means = np.abs(np.mean(changes, axis=0))
    spread = np.std(np.where(np.isfinite(changes), changes, 0.0), axis=0, ddof=1)
    level = 1 - FALSE_ALARMS / (2 * num_readings)
    bounds = ROUNDING + special.stdtrit(n - 1, level) * spread / np.sqrt(n)
    worst = int(np.argmax(means / bounds))
    return worst, float(means[worst]), float(bounds[worst])
