"""How a computed cell comes into a result folder: whole, by one rename, or not at all."""

import errno
import re
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from goalscope.storage.disk import (
    environment_errors,
    flush_folder,
    temporary_folder,
    write_new,
)
from goalscope.storage.sealed import seal
from goalscope.storage.study import (
    CELL,
    CELLS,
    DAMAGED,
    ENDING,
    FILE_NAME,
    CellRecord,
    cell_key,
)
from goalscope.storage.tensors import write_tensors
from goalscope.storage.verification import cell_problems

_IN_THE_WAY = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def commit_cell(
    root: Path, record: CellRecord, tensors: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Store a record and its arrays as a cell of the result folder `root`.

    A whole cell that is already there is kept, a damaged one moved aside.

    Args:
        root: the result folder.
        record: the cell's record; its `files` are filled in.
        tensors: file name without ending -> array name -> array.

    Raises:
        ValueError, TypeError: a name, array or value that cannot be stored.
        UserError: exit code 4, if it cannot be written; nothing is left behind.
    """
    key = cell_key(record.description)
    with environment_errors(root / CELLS / key), temporary_folder(root) as draft:
        files = {}
        for name in sorted(tensors):
            file = _file_name(name)
            files[file] = write_tensors(draft / file, tensors[name], {"cell": key})
        write_new(draft / CELL, seal(msgspec.structs.replace(record, files=files)))
        flush_folder(draft)
        _publish(root, draft, key)


def _file_name(name: str) -> str:
    file = name + ENDING
    if not re.fullmatch(FILE_NAME, file):
        raise ValueError(f"file name {file[:90]!r} is not 1 to 80 of A-Za-z0-9._-")
    return file


def _publish(root: Path, draft: Path, key: str) -> None:
    target = root / CELLS / key
    if not target.parent.is_dir():
        target.parent.mkdir(exist_ok=True)
        flush_folder(root)
    try:
        draft.rename(target)
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        if not cell_problems(target):
            return
        move_aside(root, key)
        draft.rename(target)
    flush_folder(target.parent)


def move_aside(root: Path, name: str) -> None:
    """Move what lies at `cells/<name>` into `.damaged/`, under a new name.

    Raises:
        OSError: as the operating system reports it.
    """
    damaged = root / DAMAGED
    damaged.mkdir(exist_ok=True)
    (root / CELLS / name).rename(damaged / f"{name[:80]}-{uuid.uuid4().hex[:8]}")
    flush_folder(damaged)
    flush_folder(root / CELLS)
