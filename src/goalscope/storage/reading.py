"""The cells of a folder, read and checked: those that are whole, and what ails others."""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from goalscope.errors import UserError
from goalscope.storage.folder import Folder
from goalscope.storage.study import CELLS, ENDING, SUMMARY, CellPlan, CellRecord, Summary
from goalscope.storage.verification import Problem, cell_problems, whole_record

UNREAD = ("agents",)
"""Files that conclusions do not rest on: only their size is compared."""

UNJUDGED = "missing, though all cells are there"


class StoredCell(NamedTuple):
    """A whole cell: its record, and file -> array name -> array."""

    key: str
    record: CellRecord
    tensors: Mapping[str, Mapping[str, np.ndarray]]


class Contents(NamedTuple):
    """What a folder holds.

    Fields:
        cells: those that are whole, in the order of the study.
        summary: what was concluded, or None if nothing was, or if it is damaged.
        problems: whatever is missing that was concluded from, or not as it was written.
    """

    cells: tuple[StoredCell, ...]
    summary: Summary | None
    problems: tuple[Problem, ...]


def read_contents(folder: Folder) -> Contents:
    """Return the cells and the conclusion of a folder, and what is wrong with them.

    Checksums of all files are compared but of agents' parameters, which no conclusion
    rests on; of these, the sizes. A cell that was never computed is not a problem unless
    something was concluded from it.
    """
    problems: list[Problem] = []
    try:
        summary = folder.summary()
    except UserError as error:
        summary = None
        problems.append(Problem("", SUMMARY, str(error)))
    judged = summary.cells if summary else {}
    cells = []
    for plan in folder.study.cells:
        try:
            cell = _cell(folder, plan)
        except UserError as error:
            problems += _ailing(folder, plan, judged, str(error))
            continue
        cells.append(cell)
        if summary and judged.get(plan.key) != cell.record.content:
            problems.append(Problem(plan.key, SUMMARY, "was concluded from another cell"))
    if summary is None and not problems and len(cells) == len(folder.study.cells):
        problems.append(Problem("", SUMMARY, UNJUDGED))
    return Contents(tuple(cells), summary, tuple(problems))


def _cell(folder: Folder, plan: CellPlan) -> StoredCell:
    record = whole_record(folder.path / CELLS / plan.key)
    if record is None:
        raise UserError("its record or the size of a file is wrong", exit_code=3)
    names = [file.removesuffix(ENDING) for file in record.files]
    tensors = {name: folder.load(plan.key, name) for name in names if name not in UNREAD}
    return StoredCell(plan.key, record, tensors)


def _ailing(
    folder: Folder, plan: CellPlan, judged: Mapping[str, str], error: str
) -> Iterator[Problem]:
    """Yield what is wrong with a cell that could not be read."""
    path = folder.path / CELLS / plan.key
    if os.path.lexists(path):
        where = f"{CELLS}/{plan.key}"
        yield from cell_problems(path) or [Problem(plan.key, where, error)]
    elif plan.key in judged:
        yield Problem(plan.key, f"{CELLS}/{plan.key}", "missing")
