"""`goalscope calibrate`: instruments on agents whose goal is known. No JAX here."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

import goalscope
from goalscope.cli.calibrated import CALIBRATION, show_calibration, write_calibration
from goalscope.cli.console import complain, console, say
from goalscope.cli.options import check_seed
from goalscope.cli.progress import Progress
from goalscope.cli.running import complain_of, cores, set_aside, worker_environment
from goalscope.cli.showing import report_path
from goalscope.discovery import find_instrument
from goalscope.errors import UserError
from goalscope.storage.folder import Folder
from goalscope.storage.store import create_or_open, lock
from goalscope.storage.study import CellPlan, Study
from goalscope.suggestions import suggest
from goalscope.workers.engine import Pool, Task

FUNCTIONS = {
    "plan": "goalscope.calibrating.tasks:plan",
    "compute": "goalscope.calibrating.tasks:compute",
}
SIZES = ("smoke", "standard", "full")
HALVES = ("tuning", "test")
QUESTION = "Do the instruments read what is there?"
SECONDARY = (
    "code_length",
    "essential_dynamics",
    "exchange_rate",
    "first_choice",
    "goal_parts",
    "goal_score",
    "influence",
    "optimisation_power",
    "preference",
    "represented_place",
    "robustness",
)
"""Trials that a smoke calibration leaves out unless named: it is to take two minutes."""


class Asked(NamedTuple):
    """What the user typed."""

    instruments: tuple[str, ...]
    size: str
    half: str
    seed: int


def calibrate(
    wanted: Asked, *, out: Path | None, workers: int | None, as_json: bool, quiet: bool
) -> int:
    """Calibrate instruments, or continue, and return the exit code."""
    asked = _checked(wanted)
    terminal = console(quiet=quiet or as_json)
    with Pool(
        FUNCTIONS,
        num_workers=cores() if workers is None else workers,
        environment=worker_environment(),
    ) as pool:
        planned = pool.run([Task("plan", {"asked": asked._asdict()}, "plan")])[0]
        if planned.status != "done":
            raise UserError(f"nothing could be planned: {planned.message}", exit_code=1)
        path = out or Path("results") / _folder_name(asked, planned.value["code"])
        folder = create_or_open(path, _study(asked, planned.value, out))
        pool.log_folder = folder.logs
        with lock(folder):
            set_aside(terminal, folder)
            missing = folder.missing()
            say(terminal, _greeting(folder, asked, len(missing)))
            code = _compute(pool, folder, missing, Progress(terminal, folder))
    if folder.finished_cells():
        target = report_path(path)
        write_calibration(folder, target)
        show_calibration(folder, as_json=as_json, quiet=quiet)
        say(terminal, f"report: {target}   result: {path}")
    return code


def trial_names() -> tuple[str, ...]:
    """Return the instruments that have a trial."""
    folder = Path(goalscope.__file__).parent / "trials"
    return tuple(sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__"))


def _all_of(size: str) -> tuple[str, ...]:
    """Return the trials of a calibration that names none."""
    left_out = SECONDARY if size == "smoke" else ()
    return tuple(name for name in trial_names() if name not in left_out)


def _checked(wanted: Asked) -> Asked:
    found = [find_instrument(name, trial_names()) for name in wanted.instruments]
    for option, given, allowed in (
        ("--size", wanted.size, SIZES),
        ("--half", wanted.half, HALVES),
    ):
        if given not in allowed:
            raise UserError(f"{option} {given}: {suggest(given, allowed)}")
    check_seed(wanted.seed)
    chosen = tuple(dict.fromkeys(each.module.rpartition(".")[2] for each in found))
    names = chosen or _all_of(wanted.size)
    return wanted._replace(instruments=names)


def _study(asked: Asked, plan: Any, out: Path | None) -> Study:
    settings = asked._asdict()
    return Study(
        experiment=CALIBRATION,
        name="calibration",
        question=QUESTION,
        size=asked.size,
        seed=asked.seed,
        settings={**settings, "instruments": list(asked.instruments)},
        command=_command(asked, out),
        cells=msgspec.convert(plan["cells"], tuple[CellPlan, ...]),
        fingerprint=plan["fingerprint"],
    )


def _compute(
    pool: Pool, folder: Folder, missing: Sequence[CellPlan], progress: Progress
) -> int:
    tasks = [
        Task("compute", {"folder": str(folder.path.resolve()), "key": plan.key}, plan.key)
        for plan in missing
    ]
    with progress:
        results = pool.run(tasks, progress.take)
    failed = [result for result in results if result.status == "failed"]
    complain_of(failed, folder)
    if pool.interrupted:
        progress.say("stopped; what was finished is kept. The same command continues.")
        return 130
    if failed:
        complain(f"logs in {folder.logs}. The same command tries again.")
    return 1 if failed else 0


def _greeting(folder: Folder, asked: Asked, missing: int) -> str:
    cells = len(folder.study.cells)
    agents = sum(len(cell.agents) for cell in folder.study.cells)
    head = f"calibration ({asked.size}, {asked.half} half, seed {asked.seed}): {QUESTION}"
    state = f"{len(asked.instruments)} instruments, {cells} trials, {agents} measurements"
    if not missing:
        return f"{head}\n{state}: finished already; nothing to do"
    kept = f"; {cells - missing} trials kept" if missing < cells else ""
    return f"{head}\n{state}{kept}"


def _command(asked: Asked, out: Path | None) -> str:
    words = ["goalscope", "calibrate"]
    words += [] if asked.instruments == _all_of(asked.size) else list(asked.instruments)
    words += ["--size", asked.size, "--half", asked.half, "--seed", str(asked.seed)]
    return shlex.join(words + (["--out", str(out)] if out else []))


def _folder_name(asked: Asked, code: str) -> str:
    """Return a name that changes with the code, so that what it changes is not kept."""
    some = (
        ""
        if asked.instruments == _all_of(asked.size)
        else "-" + "-".join(asked.instruments)
    )
    about = f"calibration-{asked.size}-{asked.half}-seed{asked.seed}-code{code[:8]}"
    return f"{about}{some}"[:120]
