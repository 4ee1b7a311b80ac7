"""When an agent is said to have a goal: one rule for reports, audits, gates and claims."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from goalscope.evidence import Evidence

ROUNDING = 1e-6


Number = float | np.floating | Float[np.ndarray, "*b"]


def clears(value: Number, lower: Number, bar: float) -> Bool[np.ndarray, "*b"]:
    """Return where a reading convicts: it and its interval lie at the bar or above.

    Where the interval crosses the bar, other levels might have said otherwise. NaN convicts
    nobody.

    >>> clears(np.array([0.99, 0.99, 0.9]), np.array([0.96, 0.5, 0.9]), 0.95).tolist()
    [True, False, False]
    """
    return np.asarray(np.minimum(value, lower) >= bar - ROUNDING)


def convicted(reading: Evidence, bar: float) -> Bool[np.ndarray, "N C"]:
    """Return which agents are convicted of what a reading is about, see `clears`."""
    return clears(reading.values, reading.lower, bar)


def label(readings: Sequence[Evidence], bar: float = 0.95) -> Int[np.ndarray, "N C"]:
    """Return the index of the largest reading that convicts, or -1: undecided.

    Of equal readings the first wins.

    Args:
        readings: of the same agents and checkpoints, such as the goal posterior of every
            candidate.
        bar: smallest value that convicts, see `clears`.

    Raises:
        ValueError: if there are no readings or their shapes differ.
    """
    shapes = {reading.values.shape for reading in readings}
    if len(shapes) != 1:
        raise ValueError(
            f"readings have shapes {sorted(shapes)}; give at least one, all of one shape"
        )
    clear = np.stack([convicted(reading, bar) for reading in readings])
    values = np.stack([reading.values for reading in readings])
    known = np.where(clear, values, -np.inf)
    return np.where(clear.any(axis=0), known.argmax(axis=0), -1)
