"""Whether what is stored is whole, byte for byte."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from goalscope.errors import UserError
from goalscope.storage.sealed import read_sealed
from goalscope.storage.study import (
    CELL,
    CELLS,
    STUDY,
    SUMMARY,
    CellRecord,
    Study,
    Summary,
    cell_key,
)
from goalscope.storage.tensors import FileStamp


@dataclass(frozen=True)
class Problem:
    """Something wrong with a stored file.

    Fields:
        cell: name of the cell's folder, or "" if it is not about a cell.
        path: the file, relative to the result folder.
        message: what is wrong.
    """

    cell: str
    path: str
    message: str


def is_whole(cell: Path) -> bool:
    """Return whether a cell's record is sealed and its files have the recorded sizes."""
    return whole_record(cell) is not None


def whole_record(cell: Path) -> CellRecord | None:
    """Return a cell's record, or None if it is missing or visibly damaged."""
    if cell.is_symlink() or not (cell / CELL).exists():
        return None
    try:
        record = _record(cell)
    except UserError:
        return None
    sizes = {name: _size(cell / name) for name in record.files}
    return record if sizes == {n: file.size for n, file in record.files.items()} else None


def cell_problems(cell: Path) -> list[Problem]:
    """Return what is wrong with a stored cell; every byte of it is read."""
    where = f"{cell.parent.name}/{cell.name}"
    if cell.is_symlink() or not cell.is_dir():
        return [Problem(cell.name, where, "not a folder")]
    try:
        record = _record(cell)
    except UserError as error:
        return [Problem(cell.name, f"{where}/{CELL}", str(error))]
    there = {entry.name for entry in cell.iterdir()} - {CELL}
    found = dict.fromkeys(there - set(record.files), "not in the cell's record")
    for name, expected in record.files.items():
        if wrong := _file_problem(cell / name, expected):
            found[name] = wrong
    return [Problem(cell.name, f"{where}/{name}", found[name]) for name in sorted(found)]


def folder_problems(root: Path, study: Study) -> list[Problem]:
    """Return what is wrong with the study, the cells and the summary in a result folder."""
    problems = _sealed_problems(root, STUDY, Study)
    known = {plan.key for plan in study.cells}
    cells = root / CELLS
    for entry in sorted(cells.iterdir()) if cells.is_dir() else []:
        if entry.name in known:
            problems += cell_problems(entry)
        else:
            problems.append(
                Problem(entry.name, f"{CELLS}/{entry.name}", "not in the study")
            )
    if os.path.lexists(root / SUMMARY):
        problems += _sealed_problems(root, SUMMARY, Summary) or _summary_problems(root)
    return problems


def _sealed_problems(
    root: Path, name: str, record_type: type[msgspec.Struct]
) -> list[Problem]:
    try:
        read_sealed(root / name, record_type)
    except UserError as error:
        return [Problem("", name, str(error))]
    return []


def _summary_problems(root: Path) -> list[Problem]:
    judged = read_sealed(root / SUMMARY, Summary).cells
    records = {key: whole_record(root / CELLS / key) for key in judged}
    now = {key: record.content for key, record in records.items() if record is not None}
    return [
        Problem(key, SUMMARY, f"judged from cell {key}, which is gone or another now")
        for key in sorted(judged)
        if judged[key] != now.get(key)
    ]


def _record(cell: Path) -> CellRecord:
    record = read_sealed(cell / CELL, CellRecord)
    if cell_key(record.description) != cell.name:
        raise UserError(f"{cell / CELL} describes another cell", exit_code=3)
    return record


def _size(path: Path) -> int:
    """Return the size of a regular file, or -1."""
    try:
        status = path.lstat()
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def _file_problem(path: Path, expected: FileStamp) -> str:
    if not os.path.lexists(path):
        return "missing"
    if (size := _size(path)) != expected.size:
        return (
            f"{size} bytes, expected {expected.size}" if size >= 0 else "not a regular file"
        )
    with path.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == expected.sha256
    return "" if same else "its checksum differs"
