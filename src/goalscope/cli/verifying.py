"""`goalscope verify`: checksums of everything stored, and some of it computed again."""

from pathlib import Path

from goalscope.cli.console import console, print_json, say
from goalscope.cli.measured import asked_of, is_measured
from goalscope.cli.running import cores, worker_environment
from goalscope.errors import UserError
from goalscope.storage.again import asked_again
from goalscope.storage.fingerprint import fingerprint
from goalscope.storage.folder import Folder
from goalscope.storage.store import open_folder
from goalscope.workers.engine import Pool, Task

DAMAGED = 3


def verify_result(path: Path, rerun: int, *, workers: int | None, as_json: bool) -> int:
    """Check a result, print what is wrong with it, and return 0 or 3."""
    if rerun < 0:
        raise UserError(f"--rerun {rerun}: how many cells to compute again, 0 or more")
    folder, terminal = open_folder(path), console(quiet=as_json)
    problems = [f"{problem.path}: {problem.message}" for problem in folder.verify()]
    finished = folder.finished_cells()
    total = len(folder.study.cells)
    say(terminal, f"{len(finished)} of {total} cells; digest {folder.digest()[:16]}")
    for problem in problems:
        say(terminal, f"damaged: {problem}", style="red")
    if problems:
        say(terminal, f"To compute damaged cells again: {folder.study.command}")
    again: dict[str, list[str]] = {}
    if rerun and finished and not problems:
        again = _recompute(folder, _spread(finished, rerun), workers)
        for key, different in again.items():
            verdict = (
                "the same bits" if not different else f"differs: {', '.join(different)}"
            )
            say(terminal, f"cell {key} computed again: {verdict}")
    if as_json:
        report = {"problems": problems, "cells": len(finished), "planned": total}
        print_json({**report, "digest": folder.digest(), "recomputed": again})
    elif not problems and not any(again.values()):
        say(terminal, "all is well")
    return DAMAGED if problems or any(again.values()) else 0


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
