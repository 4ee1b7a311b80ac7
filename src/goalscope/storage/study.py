"""Records of a result folder: what was asked, what was computed, what was concluded."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np

from goalscope.storage.sealed import canonical_bytes
from goalscope.storage.tensors import FileStamp

KEY_LENGTH = 16
FILE_NAME = r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}\Z"

CellKey = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
FileName = Annotated[str, msgspec.Meta(pattern=FILE_NAME)]

# What lies in a result folder.
STUDY, CELLS, SUMMARY, EVENTS, LOGS, DAMAGED = (
    "study.json", "cells", "summary.json", "events.jsonl", "logs", ".damaged"
)  # fmt: skip
CELL = "cell.json"
ENDING = ".safetensors"


class Computed(NamedTuple):
    """What a cell stores: file -> array name -> array, and words about them."""

    tensors: dict[str, dict[str, np.ndarray]]
    metadata: dict[str, Any]


def cell_key(description: Mapping[str, Any]) -> str:
    """Return a cell's key: 16 hexadecimal digits of its canonical description's sha256.

    Raises:
        TypeError, ValueError: the description is not plain, finite JSON.

    >>> cell_key({"arm": "alpha=0", "agents": [0, 1]})
    '9b8a7ec7bf600638'
    """
    return hashlib.sha256(canonical_bytes(dict(description))).hexdigest()[:KEY_LENGTH]


class CellPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cell before it is computed.

    Fields:
        description: everything that decides the cell's bytes, as a JSON object: arm,
            settings, seed, agent numbers, block width, versions of the code's formats.
            The function that computes the cell gets this and nothing else.
        kind: "arm", "planted" or another word for the reader.
        arm: the arm's or planted kind's name.
        agents: numbers of its agents, without padding.
        block_width: agents computed side by side, with padding.
    """

    description: dict[str, Any]
    kind: str
    arm: str
    agents: tuple[int, ...]
    block_width: int

    @property
    def key(self) -> str:
        """The cell's name on disk; two plans with one description are one cell."""
        return cell_key(self.description)


class Study(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was asked of a run. `IDENTITY` decides whether two studies are the same.

    Fields:
        experiment: reference to it, `module:function` or a path.
        name, question: the experiment's, for the reader.
        size, seed, settings: how it was asked; settings as a JSON object.
        command: what to type to get this result again.
        cells: all cells, in the order in which they are to be computed.
        fingerprint: versions, device and so on of the run that created the folder.
        world_check: what was looked at in the worlds, and found without fault; "" if they
            were not looked over, or there are none.
    """

    experiment: str
    name: str
    question: str
    size: str
    seed: int
    settings: dict[str, Any]
    command: str
    cells: tuple[CellPlan, ...]
    fingerprint: dict[str, str]
    world_check: str = ""


IDENTITY = ("experiment", "name", "size", "seed", "settings")


def differences(stored: Study, asked: Study) -> list[str]:
    """Return in words where two studies are not the same; empty if they are.

    The command, the question's wording and the fingerprint may differ.
    """
    found = []
    for field in IDENTITY:
        old, new = (canonical_bytes(getattr(s, field)).decode() for s in (stored, asked))
        if old != new:
            found.append(f"{field}: {_short(old)} there, {_short(new)} asked")
    old_keys, new_keys = ({plan.key for plan in study.cells} for study in (stored, asked))
    if old_keys != new_keys:
        kept = len(old_keys & new_keys)
        found.append(f"cells: {len(old_keys)} there, {len(new_keys)} asked, {kept} in both")
    return found


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


class CellRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A computed cell, as in its `cell.json`.

    Fields:
        description, kind, arm, agents, block_width: as planned, see `CellPlan`.
        status: "done"; a cell that failed is an event, not a cell.
        files: file name -> what the file must be. They alone enter the study's digest.
        metadata: a JSON object of the caller's, such as the names of readings.
        seconds: compute time.
        finished: when, UTC, ISO 8601.
        host, process: where.
        fingerprint: versions, device and flags it was computed with.
    """

    description: dict[str, Any]
    kind: str
    arm: str
    agents: tuple[int, ...]
    block_width: int
    status: Literal["done"] = "done"
    files: dict[FileName, FileStamp]
    metadata: dict[str, Any]
    seconds: float
    finished: str
    host: str
    process: int
    fingerprint: dict[str, str]

    @property
    def content(self) -> str:
        """The sha256 of what was computed: key and files, without times and places."""
        stamps = {name: file.sha256 for name, file in self.files.items()}
        named = canonical_bytes([cell_key(self.description), stamps])
        return hashlib.sha256(named).hexdigest()


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was concluded, and from what.

    Fields:
        content: the caller's JSON object: verdicts, tables.
        cells: cell key -> `CellRecord.content` of each cell it was judged from.
    """

    content: dict[str, Any]
    cells: dict[CellKey, str]
