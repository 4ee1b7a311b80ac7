"""`goalscope verify`: checksums of everything stored, and some of it computed again."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from goalscope.cli.calibrated import is_calibration
from goalscope.cli.console import console, print_json, say
from goalscope.cli.measured import DAMAGED, asked_of, is_measured
from goalscope.cli.running import cores, worker_environment
from goalscope.errors import UserError
from goalscope.storage.again import asked_again, command_here
from goalscope.storage.fingerprint import fingerprint
from goalscope.storage.folder import Folder
from goalscope.storage.reading import UNJUDGED
from goalscope.storage.store import open_folder
from goalscope.storage.study import CELLS, STUDY, SUMMARY
from goalscope.workers.engine import Pool, Task

INCOMPLETE = 1
"""What a command returns that found nothing damaged, and something missing."""


class Verified(NamedTuple):
    """What was found of one result.

    Fields:
        problems: what is damaged.
        missing: which cells are still to be computed, in words.
        recomputed: cell -> arrays that came out with other bits than the stored ones.
    """

    folder: Folder
    problems: list[str]
    missing: list[str]
    recomputed: dict[str, list[str]]

    @property
    def code(self) -> int:
        """The exit code that says so."""
        if self.problems or any(self.recomputed.values()):
            return DAMAGED
        return INCOMPLETE if self.missing else 0


def verify_results(
    paths: Sequence[Path], rerun: int, *, workers: int | None, as_json: bool
) -> int:
    """Check results, print what is wrong with them, and return 0, 1 or 3.

    Of several paths, those that are no results are named and left alone, so that a
    pattern like results/* can be given.
    """
    if not paths:
        raise UserError("name the folder that a run wrote, or several")
    if rerun < 0:
        raise UserError(f"--rerun {rerun}: how many cells to compute again, 0 or more")
    terminal = console(quiet=as_json)
    results = [path for path in paths if os.path.lexists(path / STUDY)]
    if len(results) < len(paths) and len(paths) > 1:
        for path in paths:
            if path not in results:
                say(terminal, f"{path}: holds no result, passed over", style="dim")
    found = []
    for path in results or paths[:1]:
        folder = open_folder(path)
        if len(results) > 1:
            say(terminal, f"\n{path}", style="bold")
        found.append(_verify(folder, rerun, workers, terminal))
    if as_json:
        print_json({"results": [_as_json(each) for each in found]})
    return max(each.code for each in found)


def _verify(folder: Folder, rerun: int, workers: int | None, terminal: Console) -> Verified:
    problems = [f"{problem.path}: {problem.message}" for problem in folder.verify()]
    problems += _unjudged(folder)
    finished, total = folder.finished_cells(), len(folder.study.cells)
    missing = _missing(folder)
    say(terminal, f"{len(finished)} of {total} cells; digest {folder.digest()[:16]}")
    for problem in problems:
        say(terminal, f"damaged: {problem}", style="red")
    for each in missing:
        say(terminal, f"missing: {each}", style="red")
    if problems or missing:
        remedy = "repair what is damaged" if problems else "compute what is missing"
        say(terminal, f"To {remedy}: {command_here(folder)}")
    again: dict[str, list[str]] = {}
    if rerun and finished and not problems:
        again = _recompute(folder, _spread(finished, rerun), workers)
        for key, different in again.items():
            verdict = (
                "the same bits" if not different else f"differs: {', '.join(different)}"
            )
            say(terminal, f"cell {key} computed again: {verdict}")
    verified = Verified(folder, problems, missing, again)
    if not verified.code:
        say(terminal, "all is well")
    return verified


def _missing(folder: Folder) -> list[str]:
    """Return how many cells of which arms are not there."""
    there = {path.name for path in (folder.path / CELLS).glob("*")}
    planned = Counter(plan.arm for plan in folder.study.cells)
    absent = Counter(p.arm for p in folder.study.cells if p.key not in there)
    return [f"{arm}: {n} of {planned[arm]} cells" for arm, n in absent.items()]


def _unjudged(folder: Folder) -> list[str]:
    """Return that nothing was concluded, if all cells are there and something should be."""
    concludes = not is_calibration(folder.study)
    if not concludes or folder.missing() or os.path.lexists(folder.path / SUMMARY):
        return []
    return [f"{SUMMARY}: {UNJUDGED}"]


def _as_json(found: Verified) -> dict[str, object]:
    folder = found.folder
    return {
        "folder": str(folder.path),
        "problems": found.problems,
        "missing": found.missing,
        "cells": len(folder.finished_cells()),
        "planned": len(folder.study.cells),
        "digest": folder.digest(),
        "recomputed": found.recomputed,
        "repair": command_here(folder),
    }


def _recompute(
    folder: Folder, keys: list[str], workers: int | None
) -> dict[str, list[str]]:
    """Return cell -> arrays that came out with other bits than the stored ones."""
    _refuse_other_versions(folder)
    measured = is_measured(folder.study)
    asked = asked_of(folder) if measured else asked_again(folder.study)
    request = {"asked": asked, "folder": str(folder.path.resolve())}
    home = "goalscope.remeasuring.tasks" if measured else "goalscope.laboratory"
    functions = {"compute": f"{home}:recompute"}
    tasks = [Task("compute", {**request, "key": key}, key) for key in keys]
    number = cores() if workers is None else workers
    with Pool(functions, num_workers=number, environment=worker_environment()) as pool:
        pool.log_folder = folder.logs
        results = pool.run(tasks)
    failed = [result for result in results if result.status != "done"]
    if failed:
        raise UserError(f"cell {failed[0].task.name}: {failed[0].message}", exit_code=1)
    return {result.task.name: list(result.value["different"]) for result in results}


def _spread(keys: tuple[str, ...], count: int) -> list[str]:
    """Return `count` keys, evenly spread over all."""
    count = min(count, len(keys))
    return [keys[index * len(keys) // count] for index in range(count)]


def _refuse_other_versions(folder: Folder) -> None:
    here = fingerprint()
    for name in ("jax", "jaxlib", "numpy"):
        stored = folder.study.fingerprint.get(name)
        if stored not in (None, here.get(name)):
            raise UserError(
                f"{folder.path} was computed with {name} {stored}, here is "
                f"{here.get(name)}: bits cannot be compared. Install that version."
            )
