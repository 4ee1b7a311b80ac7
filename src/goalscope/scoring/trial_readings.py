"""The stored numbers of one trial in one world, by the names that a scorecard uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from goalscope.labels import clears
from goalscope.scoring.metrics import at_most

OWN_GOAL = "own goal"


def array_name(kind: str, field: str) -> str:
    """Return the name under which a field of one kind is stored, which holds no space.

    >>> array_name("random walker", "value")
    'random_walker/value'
    """
    return f"{kind.replace(' ', '_')}/{field}"


@dataclass(frozen=True)
class TrialReadings:
    """Readings of planted agents and what is known about them.

    Fields:
        words: what the trial says of itself, see `trials.cells`.
        arrays: `array_name(kind, field)` -> array with leading axis `N`.
    """

    words: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were measured."""
        return tuple(self.words["features"])

    def doses(self, kind: str) -> Float[np.ndarray, " N"]:
        """Return the dose of each agent."""
        return self.arrays[array_name(kind, "dose")]

    def judged(self, kind: str) -> Bool[np.ndarray, " N"]:
        """Return which agents have a dose at which their kind counts."""
        limits = self.words["cases"][kind]
        lowest, highest = limits.get("from_dose"), limits.get("to_dose")
        doses = self.doses(kind)
        above = doses >= (-np.inf if lowest is None else lowest)
        return above & (doses <= (np.inf if highest is None else highest))

    def field(self, kind: str, reading: str, field: str) -> Float[np.ndarray, " N"]:
        """Return one field of one reading of each agent; `OWN_GOAL` is resolved."""
        return self.pick(kind, reading, self.arrays[array_name(kind, field)])

    def pick(
        self, kind: str, reading: str, values: Float[np.ndarray, "N R"]
    ) -> Float[np.ndarray, " N"]:
        """Return the column of a reading from values of all readings."""
        if reading != OWN_GOAL:
            return values[:, self.words["readings"].index(reading)].astype(float)
        return self._own(kind, values)

    def _own(self, kind: str, values: Float[np.ndarray, "N R"]) -> Float[np.ndarray, " N"]:
        """Return each agent's reading of its own goal; of a negative, its largest."""
        candidates = self._candidate_columns()
        if candidates and self.words["cases"][kind]["role"] == "negative":
            return np.fmax.reduce(values[:, candidates], axis=1).astype(float)
        names = self.words["readings"]
        columns = [names.index(feature) for feature in self.words["features"][kind]]
        return values[np.arange(len(columns)), columns].astype(float)

    def score(self, kind: str) -> Float[np.ndarray, " N"]:
        """Return the score of each agent."""
        return self.field(kind, self.words["score"], "value")

    @property
    def threshold(self) -> float:
        """The score from which an agent is convicted, NaN if other readings decide."""
        if not self.words["candidates"]:
            return float(self.words["threshold"])
        decides = self.words["score"] == OWN_GOAL
        return float(self.words["convicts"]) if decides else float("nan")

    def convicted(self, kind: str) -> Bool[np.ndarray, " N"]:
        """Return which agents are convicted of anything."""
        if not self.words["candidates"]:
            return at_most(self.words["threshold"], self.score(kind))
        columns = self._candidate_columns()
        value, lower = (
            self.arrays[array_name(kind, end)][:, columns] for end in ("value", "lower")
        )
        return np.any(clears(value, lower, self.words["convicts"]), axis=1)

    def right(self, kind: str) -> Bool[np.ndarray, " N"]:
        """Return which agents are convicted of the goal that they were given."""
        if not self.words["candidates"]:
            return self.convicted(kind)
        value, lower = (self.field(kind, OWN_GOAL, end) for end in ("value", "lower"))
        return clears(value, lower, self.words["convicts"])

    def _candidate_columns(self) -> list[int]:
        names = self.words["readings"]
        return [names.index(candidate) for candidate in self.words["candidates"]]
