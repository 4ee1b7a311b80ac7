"""A result folder: immutable cells, each committed by one rename and checked when read.

    RESULT/
      study.json        what was asked (`Study`, sealed)
      cells/<key>/      cell.json (`CellRecord`, sealed) and *.safetensors
      summary.json      what was concluded, and from which cells (`Summary`, sealed)
      events.jsonl      what happened when
      logs/             what workers printed
      .tmp/ .lock       work in progress; who drives the run
      .damaged/         damaged cells, moved out of the way

A cell is whole and checksummed, or it is not there. Its key is the checksum of its
description, so two computations of one cell are one cell. To run or to resume:

    folder = create_or_open(path, study)
    with lock(folder):
        for plan in folder.missing(): ...    # in worker processes: folder.commit(...)
        folder.write_summary(...)
"""

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from goalscope.errors import UserError
from goalscope.storage.disk import (
    LOCK,
    TEMPORARY,
    environment_errors,
    locked,
    replace_file,
    temporary_folder,
    write_new,
)
from goalscope.storage.folder import Folder
from goalscope.storage.sealed import read_sealed, seal
from goalscope.storage.study import (
    CELLS,
    DAMAGED,
    EVENTS,
    LOGS,
    STUDY,
    SUMMARY,
    Study,
    differences,
)

__all__ = ["Folder", "create_or_open", "lock", "open_folder"]

OWN_NAMES = {STUDY, CELLS, SUMMARY, EVENTS, LOGS, DAMAGED, TEMPORARY, LOCK}


def open_folder(path: Path) -> Folder:
    """Return an existing result folder, to read or to commit into.

    Raises:
        UserError: exit code 2 if there is none; 3 if its `study.json` is damaged or of
            another format, or one of its parts is a link.
    """
    if not os.path.lexists(path / STUDY):
        what = "holds no result (no study.json)" if path.is_dir() else "is not a folder"
        raise UserError(f"{path} {what}. Give the folder that a run wrote.")
    for name in sorted(OWN_NAMES):
        if (path / name).is_symlink():
            raise UserError(f"{path / name} is a link; a result holds none", exit_code=3)
    try:
        return Folder(path, read_sealed(path / STUDY, Study))
    except UserError as error:
        raise UserError(
            f"{error}. Without it nobody knows what was asked: ask again, into another "
            "folder.",
            exit_code=3,
        ) from error


def create_or_open(path: Path, study: Study, *, bytes_needed: int = 0) -> Folder:
    """Return the folder of a study, new or resumed; checks that it can be written to.

    Args:
        path: the folder; created with its parents.
        study: what is asked.
        bytes_needed: estimate of what will be written.

    Raises:
        UserError: exit code 2 if the folder holds another study or other files; 3 if its
            `study.json` is damaged; 4 if it cannot be written to, has too little space, or
            another driver is just creating it.
    """
    with environment_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path).free
    if free < bytes_needed:
        raise UserError(
            f"{path} has {free / 1e6:.0f} MB free, {bytes_needed / 1e6:.0f} MB are needed. "
            "Free some space or choose another folder.",
            exit_code=4,
        )
    if not os.path.lexists(path / STUDY):
        _create(path, study)
    folder = open_folder(path)
    if found := differences(folder.study, study):
        raise UserError(
            f"{path} holds another study ({'; '.join(found)}). Choose another folder, or "
            "ask for the same again to continue it."
        )
    with environment_errors(path), temporary_folder(path) as draft:
        write_new(draft / "probe", bytes(4096))
    return folder


def _create(path: Path, study: Study) -> None:
    with environment_errors(path):
        foreign = sorted(
            entry.name for entry in path.iterdir() if entry.name not in OWN_NAMES
        )
    if foreign:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise UserError(
            f"{path} holds other files ({names}). Choose an empty or new folder."
        )
    with locked(path):
        if not os.path.lexists(path / STUDY):
            replace_file(path, STUDY, seal(study))


def lock(folder: Folder) -> AbstractContextManager[None]:
    """Hold a folder while driving its run, and remove what killed runs left in `.tmp/`.

    Raises:
        UserError: exit code 4, if another driver holds it; the message names its host and
            process.
    """
    return locked(folder.path)
