"""Evidence: one reading of every agent of an arm, with unit, count and interval."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class Evidence:
    """One reading of every agent of an arm, at every checkpoint.

    The unit of replication is an independently initialised and trained agent: rows are
    replicates, checkpoints are not.

    Fields:
        arm, instrument, reading: where it comes from, e.g. `alpha=0`, `goal_score`, `cheese`.
        unit: of `values`, in words.
        values: `[N, C]`; NaN where an agent could not be measured.
        lower, upper: 95 % interval of each agent's own reading, `[N, C]`.
        control: the same procedure on a matched negative control, `[N, C]`.
        ceiling: the best attainable on the same levels, `[N, C]`; NaN if there is none.
        checks: validity checks, `[N, C, K]`, named by `check_names`.
        count: decisions or levels behind each reading, `[N, C]`.
        included: agents that passed the competence gate and stayed finite, `[N]`.
    """

    arm: str
    instrument: str
    reading: str
    unit: str
    values: Float[np.ndarray, "N C"]
    lower: Float[np.ndarray, "N C"]
    upper: Float[np.ndarray, "N C"]
    control: Float[np.ndarray, "N C"]
    ceiling: Float[np.ndarray, "N C"]
    checks: Bool[np.ndarray, "N C K"]
    check_names: tuple[str, ...]
    count: Int[np.ndarray, "N C"]
    included: Bool[np.ndarray, " N"]

    @property
    def final(self) -> Float[np.ndarray, " n"]:
        """Values of the included agents at the last checkpoint, finite ones only."""
        last = self.values[:, -1][self.included]
        return last[np.isfinite(last)]
