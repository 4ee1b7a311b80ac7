"""Evidence: one reading of every agent of an arm, with unit, count and interval."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from goalscope.statistics.bootstrap import bca
from goalscope.statistics.intervals import Interval
from goalscope.units import range_of


@dataclass(frozen=True)
class Evidence:
    """One reading of every agent of an arm, at every checkpoint.

    The unit of replication is an independently initialised and trained agent: rows are
    replicates, checkpoints are not.

    Fields:
        arm, instrument, reading: where it comes from: `alpha=0`, `goal_score`, `cheese`.
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

    def __post_init__(self) -> None:
        shape = self.values.shape
        if len(shape) != 2 or shape[1] == 0:
            raise ValueError(
                f"{self._name} has values of shape {shape}; give agents x checkpoints "
                "[N, C] with at least one checkpoint"
            )
        expected = {
            **dict.fromkeys(("lower", "upper", "control", "ceiling", "count"), shape),
            "checks": (*shape, len(self.check_names)),
            "included": shape[:1],
        }
        for field, wanted in expected.items():
            given = getattr(self, field).shape
            if given != wanted:
                raise ValueError(
                    f"{self._name} has {field} of shape {given}; its values are of shape "
                    f"{shape}, so give {wanted}"
                )

    @property
    def final(self) -> Float[np.ndarray, " n"]:
        """Values of the included agents at the last checkpoint, finite ones only."""
        return self.at(-1)

    def at(self, checkpoint: int) -> Float[np.ndarray, " n"]:
        """Return the finite values of the included agents at one checkpoint."""
        values = self.values[:, checkpoint][self.included]
        return values[np.isfinite(values)]

    def mean(
        self, checkpoint: int = -1, *, confidence: float = 0.95, seed: int = 0
    ) -> Interval:
        """Return the mean over included agents at one checkpoint, with its interval.

        NaN where there is no agent; the bounds are NaN where there are fewer than three,
        and end where readings in this unit do.
        """
        values, within = self.at(checkpoint), range_of(self.unit)
        return bca(values, within=within, confidence=confidence, seed=seed)

    @property
    def _name(self) -> str:
        return f"{self.instrument}.{self.reading} of arm {self.arm!r}"
