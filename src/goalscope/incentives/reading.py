"""What is read of a run: at checkpoints, of its last part, when something happened."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from goalscope.procedure import Findings, measured

CHECKPOINTS = 20
LAST = 0.4
"""Share of the run so far over which a reading is averaged."""


class Size(NamedTuple):
    """How long a run is: learners in a population, stretches, steps of a stretch."""

    learners: int = 1
    stretches: int = 1000
    steps: int = 100


def checkpoints(stretches: int) -> tuple[int, ...]:
    """Return after how many stretches a run is read: evenly spaced, the last included.

    >>> checkpoints(3)
    (1, 2, 3)
    """
    count = min(CHECKPOINTS, stretches)
    return tuple(stretches * (index + 1) // count for index in range(count))


def first_above(values: Float[np.ndarray, "M Z"], level: float) -> Float[np.ndarray, " M"]:
    """Return after how many stretches a level is first exceeded; inf if never.

    >>> first_above(np.array([[0.1, 0.6, 0.2], [0.1, 0.2, 0.3]]), 0.5).tolist()
    [1.0, inf]
    """
    above = values > level
    return np.where(above.any(axis=1), above.argmax(axis=1).astype(float), np.inf)


def late(values: Float[np.ndarray, "M Z *r"], until: int) -> Float[np.ndarray, "M *r"]:
    """Return means over the last 40 % of the first `until` stretches."""
    begin = min(int((1 - LAST) * until), until - 1)
    return values[:, begin:until].mean(axis=1)


def counts(size: Size) -> dict[str, int]:
    """Return a size as arguments of the functions that run populations."""
    return {f"num_{name}": count for name, count in size._asdict().items()}


def findings(readout: str, values: Float[np.ndarray, "M C R"], size: Size) -> Findings:
    """Return readings at the checkpoints of a run of this size."""
    updates = tuple(until * size.steps for until in checkpoints(size.stretches))
    return Findings(updates, {readout: measured(values, count=size.steps * size.learners)})
