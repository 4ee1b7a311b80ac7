"""What a claim is: a sentence, thresholds, and a rule that both make."""

import dataclasses
import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from goalscope.claims.findings import Finding
from goalscope.claims.readings import Readings
from goalscope.statistics.dose_response import check_doses


class Needs(NamedTuple):
    """Names of arms, and of groups of arms, that a claim looks at."""

    arms: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@runtime_checkable
class Dosed(Protocol):
    """An arm, of an experiment or of a result, as a member of a dose-response curve."""

    @property
    def group(self) -> str: ...

    @property
    def dose(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class AbstractClaim(ABC):
    """A prediction about one reading.

    Fields:
        text: the claim in a sentence.
        on: the reading, as "instrument.reading".
        min_agents: with fewer agents in any arm the claim stays underpowered.
        resolution: width of the interval above which an undecided claim is underpowered
            rather than mixed, in the unit of the estimate.
        source: the discussion that the claim comes from, and its number there, "000 S2";
            where a claim comes from is no part of its rule.
    """

    text: str
    on: str
    min_agents: int = 8
    resolution: float = 0.2
    source: str = ""

    def __post_init__(self) -> None:
        instrument, _, reading = self.on.partition(".")
        named = bool(instrument and reading)
        require(bool(self.text.strip()), "text is empty; say the claim in a sentence")
        require(named, f"on is {self.on!r}; name a reading as 'instrument.reading'")
        require(self.min_agents >= 2, f"min_agents is {self.min_agents}; at least 2")
        require(self.resolution > 0, f"resolution is {self.resolution}; it is above 0")
        for name, value in self._fields().items():
            numeric = isinstance(value, int | float)
            require(not numeric or math.isfinite(value), f"{name} is {value}; not finite")
        self.validate()

    @abstractmethod
    def validate(self) -> None:
        """Raise `ValueError` if the fields of the claim make no sense together."""

    @abstractmethod
    def needs(self) -> Needs:
        """Return the arms and groups that the claim names."""

    @abstractmethod
    def bars(self) -> str:
        """Return when the claim is supported and when it is refuted, in a sentence."""

    @abstractmethod
    def finding(self, readings: Readings) -> Finding:
        """Return what the readings say about the claim."""

    @property
    def instrument(self) -> str:
        """Return the name of the instrument that the claim rests on, or of the first."""
        return self.on.partition(".")[0]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Return the names of all instruments that the claim rests on."""
        return (self.instrument,)

    def arms_needed(self) -> tuple[str, ...]:
        """Return the arms that the claim names."""
        return self.needs().arms

    def groups_needed(self) -> tuple[str, ...]:
        """Return the groups of arms that the claim names."""
        return self.needs().groups

    def readings_needed(self) -> tuple[tuple[str, str], ...]:
        """Return (arm or group, "instrument.reading") of everything the claim looks at."""
        arms, groups = self.needs()
        return tuple((name, self.on) for name in (*arms, *groups))

    def check(self, arms: Mapping[str, Dosed], readings: Collection[str]) -> None:
        """Raise `ValueError` if an experiment lacks what the claim needs.

        `readings` are all the "instrument.reading" that every arm will have.
        """
        for arm in self.needs().arms:
            require(arm in arms, f"{self.text!r} needs arm {arm!r}; arms: {_list(arms)}")
        for group in self.needs().groups:
            doses = [arm.dose for arm in arms.values() if arm.group == group]
            groups = _list({arm.group for arm in arms.values()})
            require(bool(doses), f"{self.text!r} needs group {group!r}; groups: {groups}")
            check_doses(np.sort(np.array([d for d in doses if d is not None], float)))
        known = f"readings: {_list(readings)}"
        require(self.on in readings, f"{self.text!r} needs reading {self.on!r}; {known}")

    def rule(self) -> str:
        """Return the rule in words, with its thresholds."""
        return (
            f"{self.bars()} Either also needs a p-value below the level after Holm's "
            f"correction. Underpowered with fewer than {self.min_agents} agents in an arm, "
            f"or if undecided with an interval wider than {self.resolution:g}; otherwise "
            "mixed."
        )

    def rule_hash(self) -> str:
        """Return the sha256 of the rule's canonical form: class and fields, sorted JSON."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def canonical(self) -> list[object]:
        """Return class and fields as JSON values: what the rule's hash is made of."""
        fields = {name: _canonical(value) for name, value in self._fields().items()}
        return [type(self).__name__, fields]

    def _fields(self) -> dict[str, str | float | int | tuple]:
        names = [field.name for field in dataclasses.fields(self) if field.name != "source"]
        return {name: getattr(self, name) for name in names}


def require(condition: bool, message: str) -> None:
    """Raise `ValueError` with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def _canonical(value: str | float | int | tuple | AbstractClaim) -> object:
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, AbstractClaim):
        return value.canonical()
    return value if isinstance(value, str) else float(value)


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
