"""The contents of a result folder: cells, conclusions and events, to read and to add to."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from goalscope.storage.commit import commit_cell, move_aside
from goalscope.storage.disk import environment_errors, host_name, replace_file
from goalscope.storage.events import append_event, read_events
from goalscope.storage.sealed import canonical_bytes, read_sealed, seal
from goalscope.storage.study import (
    CELL,
    CELLS,
    ENDING,
    EVENTS,
    LOGS,
    SUMMARY,
    CellPlan,
    CellRecord,
    Study,
    Summary,
)
from goalscope.storage.tensors import read_tensors
from goalscope.storage.verification import Problem, folder_problems, is_whole, whole_record


@dataclass(frozen=True)
class Folder:
    """An open result folder.

    Nothing on the disk is cached: several processes may hold the same folder, and each sees
    what is there when it asks.

    Fields:
        path: where it is.
        study: what was asked.
    """

    path: Path
    study: Study

    @property
    def logs(self) -> Path:
        """Where the output of worker processes goes."""
        return self.path / LOGS

    @cached_property
    def plans(self) -> dict[str, CellPlan]:
        """Cell key -> planned cell, in the order of the study."""
        return {plan.key: plan for plan in self.study.cells}

    def _cell(self, key: str) -> Path:
        """Return where a planned cell lies; only keys of the study become paths."""
        if key not in self.plans:
            raise KeyError(f"the study in {self.path} has no cell {key[:40]!r}")
        return self.path / CELLS / key

    def finished_cells(self) -> tuple[str, ...]:
        """Return keys of planned cells that are there, sealed and of the right sizes.

        Checksums of arrays are compared by `load` and `verify`.
        """
        return tuple(key for key in self.plans if is_whole(self._cell(key)))

    def missing(self, plans: Iterable[CellPlan] | None = None) -> tuple[CellPlan, ...]:
        """Return those of the plans (default: all of the study) that are to be computed.

        A cell that is there but visibly damaged is missing: committing it again moves the
        damaged one aside.
        """
        wanted = self.plans if plans is None else {plan.key: plan for plan in plans}
        return tuple(p for key, p in wanted.items() if not is_whole(self._cell(key)))

    def read(self, key: str) -> CellRecord:
        """Return the record of a planned cell.

        Raises:
            KeyError: the study has no such cell.
            UserError: exit code 3, if the cell is missing or its record damaged.
        """
        return read_sealed(self._cell(key) / CELL, CellRecord)

    def load(self, key: str, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of a cell's file, `name` without its ending: "readings".

        Raises:
            KeyError: the study has no such cell, or the cell no such file.
            UserError: exit code 3, if the file has not the recorded size and checksum.
        """
        files = self.read(key).files
        if (file := f"{name}{ENDING}") not in files:
            raise KeyError(f"cell {key} has {', '.join(sorted(files))}; not {file}")
        return read_tensors(self._cell(key) / file, expected=files[file])

    def commit(
        self,
        plan: CellPlan,
        tensors: Mapping[str, Mapping[str, np.ndarray]],
        *,
        seconds: float,
        fingerprint: Mapping[str, str],
        metadata: Mapping[str, Any],
    ) -> CellRecord:
        """Store a computed cell: files `<name>.safetensors` and their record, at once.

        If a whole cell is already there, it is kept and this one dropped: both hold the
        same. A damaged one is moved aside.

        Args:
            plan: one of the study's cells.
            tensors: file name without ending -> array name -> array.
            seconds: compute time.
            fingerprint: versions, device and flags of this process.
            metadata: a JSON object, the same whenever the cell is computed.

        Returns:
            The record of the cell that is now there.

        Raises:
            KeyError: the cell is not in the study.
            ValueError, TypeError: a name, array or value that cannot be stored.
            UserError: exit code 4, if the disk is full or the folder not writable; nothing
                is left behind.
        """
        record = CellRecord(
            description=plan.description, kind=plan.kind, arm=plan.arm, agents=plan.agents,
            block_width=plan.block_width, metadata=dict(metadata), seconds=seconds,
            fingerprint=dict(fingerprint), files={}, host=host_name(), process=os.getpid(),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip
        self._cell(plan.key)
        commit_cell(self.path, record, tensors)
        return self.read(plan.key)

    def content(self) -> dict[str, str]:
        """Return key -> `CellRecord.content` of every finished cell."""
        records = ((key, whole_record(self._cell(key))) for key in sorted(self.plans))
        return {key: record.content for key, record in records if record is not None}

    def digest(self) -> str:
        """Return the sha256 of everything computed: the same for 1 worker, 2, or resumed.

        Times, hosts, fingerprints and the summary are not part of it.
        """
        return hashlib.sha256(canonical_bytes(self.content())).hexdigest()

    def write_summary(self, content: Mapping[str, Any]) -> None:
        """Store what was concluded from the finished cells, replacing an older conclusion.

        Raises:
            TypeError, ValueError: the content is not plain JSON with finite numbers.
            UserError: exit code 4, if it cannot be written.
        """
        summary = Summary(content=dict(content), cells=self.content())
        replace_file(self.path, SUMMARY, seal(summary))

    def summary(self) -> Summary | None:
        """Return what was concluded, or None; stale if its `cells` are not `content()`.

        Raises:
            UserError: exit code 3, if it is damaged.
        """
        path = self.path / SUMMARY
        return read_sealed(path, Summary) if os.path.lexists(path) else None

    def verify(self) -> list[Problem]:
        """Return everything that is wrong with the stored files; empty if all are whole.

        Reads every byte of study, cells and summary; the log of events is no part of the
        result. Cells that were never computed are not a problem; a cell that the summary
        was judged from and that is gone or another now, is.
        """
        return folder_problems(self.path, self.study)

    def discard_damaged(self) -> tuple[str, ...]:
        """Move cells with problems into `.damaged/`, so that they are missing, not lost.

        Returns:
            Names of what was moved.

        Raises:
            UserError: exit code 4, if they cannot be moved.
        """
        cells = self.path / CELLS
        bad = dict.fromkeys(p.cell for p in self.verify() if p.path.startswith(CELLS + "/"))
        with environment_errors(cells):
            for name in bad:
                move_aside(self.path, name)
        return tuple(bad)

    def log_event(self, event: str, **fields: object) -> None:
        """Append an event: a word and a JSON object, with the time.

        Raises:
            UserError: exit code 4, if it cannot be written.
        """
        append_event(self.path / EVENTS, event, fields)

    def events(self) -> list[dict[str, Any]]:
        """Return all events in order; torn lines are left out."""
        return read_events(self.path / EVENTS)
