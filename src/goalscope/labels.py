"""Which goal dominates in an agent, as one label an agent and checkpoint."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from goalscope.evidence import Evidence


def label(readings: Sequence[Evidence], threshold: float = 0.95) -> Int[np.ndarray, "N C"]:
    """Return the index of the largest reading of at least `threshold`, or -1: undecided.

    NaN counts as undecided, and of equal readings the first wins.

    Args:
        readings: of the same agents and checkpoints, such as the goal posterior of every
            candidate.
        threshold: smallest value that convicts.

    Raises:
        ValueError: if there are no readings or their shapes differ.
    """
    shapes = {reading.values.shape for reading in readings}
    if len(shapes) != 1:
        raise ValueError(
            f"readings have shapes {sorted(shapes)}; give at least one, all of one shape"
        )
    values = np.stack([reading.values for reading in readings])
    known = np.where(np.isnan(values), -np.inf, values)
    return np.where(known.max(axis=0) >= threshold, known.argmax(axis=0), -1)
