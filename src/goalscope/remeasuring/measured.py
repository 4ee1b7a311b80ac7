"""What is measured anew: whose agents, and with which instrument."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from goalscope.calibration import Gate
from goalscope.describe import describe
from goalscope.errors import UserError
from goalscope.experiment import Arm, Experiment, Measurement
from goalscope.laboratory import experiment_of
from goalscope.remeasuring.instrument import instrument_of
from goalscope.remeasuring.reference import InstrumentReference
from goalscope.storage.again import asked_again
from goalscope.storage.folder import Folder
from goalscope.storage.sealed import canonical_bytes
from goalscope.storage.store import open_folder
from goalscope.worlds.base import AbstractWorld


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured.

    Fields:
        source: the result whose agents are measured, absolute.
        instrument: with what.
        fields: field of the instrument -> value as text.
        on: the arms' test or training levels; "" as the experiment measures it.
        checkpoints: the last, or all.
    """

    source: str
    instrument: InstrumentReference
    fields: dict[str, str]
    on: Literal["", "test", "train"] = ""
    checkpoints: Literal["last", "all"] = "last"


@dataclass(frozen=True)
class Measured:
    """What a measurement works with.

    Fields:
        source: the folder of the agents.
        experiment: theirs, with the one instrument and no claims.
        name: of the instrument in readings; it decides the levels that agents are given.
        code: the sha256 of the instrument's file, or "".
    """

    source: Folder
    experiment: Experiment
    name: str
    code: str

    @property
    def measurement(self) -> Measurement:
        """The instrument and where it is pointed."""
        return self.experiment.instruments[self.name]

    @property
    def along_training(self) -> bool:
        """Whether one reading is about all checkpoints of an agent."""
        return "checkpoints" in self.measurement.instrument.needs

    @property
    def seed(self) -> int:
        """Root of all random numbers: that of the stored result."""
        return self.source.study.seed

    @property
    def planted_world(self) -> AbstractWorld:
        """Where planted agents are measured."""
        if self.experiment.planted_world is None:
            raise ValueError("planted agents live in a world; give planted_world")
        return self.experiment.planted_world

    def arm(self, name: str) -> Arm:
        """Return an arm, which was trained."""
        arm = self.experiment.arms[name]
        if not isinstance(arm, Arm):
            raise UserError(f"{arm.title} was computed, not trained")
        return arm

    def world(self, arm: Arm) -> AbstractWorld:
        """Return where the agents of an arm are measured."""
        return arm.train_world if self.measurement.on == "train" else arm.test_world


def measured_of(asked: Mapping[str, Any]) -> Measured:
    """Return what is asked for; built once in a process.

    Raises:
        UserError: the instrument cannot be built, or there are no agents to measure.
    """
    return _cached(canonical_bytes(dict(asked)))


@functools.lru_cache(maxsize=1)
def _cached(request: bytes) -> Measured:
    asked = msgspec.json.decode(request, type=Asked)
    source = open_folder(Path(asked.source))
    experiment = experiment_of(asked_again(source.study))
    if not all(isinstance(arm, Arm) for arm in experiment.arms.values()):
        raise UserError(
            f"the arms of {source.study.name} were computed, not trained: no agents are "
            "stored that could be measured"
        )
    instrument = instrument_of(experiment, asked.instrument, asked.fields)
    known = experiment.instruments.get(asked.instrument.stored)
    on = asked.on or (known.on if known else "test")
    gate = Gate(convicts=float(instrument.convicts)) if instrument.candidates else None
    new = Measurement(instrument=instrument, on=on, gate=gate)
    name = _name(experiment, new, asked.instrument.name)
    stored = experiment.instruments.get(name)
    one = replace(
        experiment,
        instruments={name: replace(new, gate=stored.gate or gate) if stored else new},
        labels=name if instrument.candidates else None,
        claims=(),
        figures=(),
        competence=None,
    )
    path = asked.instrument.path
    code = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
    return Measured(source, one, name, code)


def _name(experiment: Experiment, new: Measurement, wanted: str) -> str:
    """Return under which name to measure: the experiment's, if it measured the same."""
    for name, stored in experiment.instruments.items():
        same = describe(stored.instrument) == describe(new.instrument)
        if same and stored.on == new.on:
            return name
    return f"{wanted}_again" if wanted in experiment.instruments else wanted
