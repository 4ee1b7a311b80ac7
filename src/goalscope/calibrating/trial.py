"""What a trial is: an instrument put to agents of the zoo, whose goals are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from goalscope.instruments.base import AbstractInstrument
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind

OWN_GOAL = "own goal"
"""Stands for the reading that is called like the goal that an agent was given."""

Role = Literal["positive", "negative", "neither"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of agents in a trial, and what is known about what they must read.

    Fields:
        kind: the kind.
        role: whether its agents have what the instrument looks for. Positives and negatives
            are planted in large numbers, other kinds in small ones.
        from_dose, to_dose: agents with a dose below or above do not count as positive or
            negative; None is no limit.
        truth: reading -> what it must read at a dose; its intervals are to cover that.
        trend: reading -> 1 if it must rise with the dose, -1 if it must fall.
    """

    kind: AbstractPlantedKind
    role: Role = "neither"
    from_dose: float | None = None
    to_dose: float | None = None
    truth: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    trend: Mapping[str, int] = field(default_factory=dict)

    def counts(self, dose: float) -> bool:
        """Return whether an agent with this dose counts as positive or negative."""
        above = self.from_dose is None or dose >= self.from_dose
        return above and (self.to_dose is None or dose <= self.to_dose)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An instrument, the worlds and the agents on which it is tried.

    Fields:
        worlds: name -> world.
        instrument: the instrument for a world and a number of levels.
        levels: the number of levels for which the instrument is released.
        power: numbers of levels at which positives and negatives are told apart as well,
            to see how many are needed.
        cases: the agents.
        score: the reading by which positives are told from negatives, larger for positives;
            `OWN_GOAL` for that of an agent's own goal, for a negative the largest of all.
        threshold: the score from which an agent counts as positive.
        listed: kind -> why the score may follow its dose although the dose is not what the
            instrument is after.
        limits: what it cannot tell, in sentences.
    """

    worlds: Callable[[], Mapping[str, AbstractWorld]]
    instrument: Callable[[AbstractWorld, int], AbstractInstrument]
    levels: int
    power: tuple[int, ...] = ()
    cases: tuple[Case, ...]
    score: str
    threshold: float
    listed: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [case.kind.name for case in self.cases]
        if len(set(names)) < len(names):
            raise ValueError(f"kinds are {', '.join(names)}; each may occur once")
        roles = {case.role for case in self.cases}
        if not {"positive", "negative"} <= roles:
            raise ValueError("a trial needs positive and negative cases")
