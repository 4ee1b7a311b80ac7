"""`goalscope run`: plan, compute what is missing, judge, tell. The driver has no JAX."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console

from goalscope.assemble import assemble
from goalscope.cli.console import complain, console, print_json, say, show
from goalscope.cli.options import check_seed
from goalscope.cli.progress import Progress
from goalscope.cli.showing import report_path, save_report
from goalscope.discovery import resolve_experiment
from goalscope.errors import UserError
from goalscope.report.terminal import as_json as result_json
from goalscope.report.terminal import show_verdicts
from goalscope.result import Result
from goalscope.storage.folder import Folder
from goalscope.storage.store import create_or_open, lock, open_folder
from goalscope.storage.study import CellPlan, Study
from goalscope.workers.engine import Pool, Task, TaskResult

FUNCTIONS = {
    "plan": "goalscope.laboratory:plan",
    "compute": "goalscope.laboratory:compute",
    "judge": "goalscope.laboratory:judge",
}


class Asked(NamedTuple):
    """What the user typed: which experiment, and how."""

    reference: str
    size: str
    seed: int
    overrides: Sequence[str]


def run_experiment(
    wanted: Asked, *, out: Path | None, workers: int | None, as_json: bool, quiet: bool
) -> int:
    """Run or continue an experiment, tell its result, and return the exit code."""
    terminal = console(quiet=quiet or as_json)
    path, code = complete(wanted, terminal, out=out, workers=workers)
    if code:
        return code
    result = reported(path)
    if as_json:
        print_json(result_json(result))
    show(terminal, show_verdicts(result))
    say(terminal, f"report: {report_path(path)}   result: {path}")
    watch = f"   goalscope replay {path} --agent 0" if result.labels else ""
    say(terminal, f"next: goalscope show {path}{watch}")
    return 0


def complete(
    wanted: Asked, terminal: Console, *, out: Path | None, workers: int | None
) -> tuple[Path, int]:
    """Compute and judge what is missing of an experiment; return folder and exit code."""
    asked = ask(wanted)
    path = out or Path("results") / folder_name(asked)
    with Pool(
        FUNCTIONS,
        num_workers=cores() if workers is None else workers,
        environment=worker_environment(),
    ) as pool:
        planned = pool.run([Task("plan", {"asked": asked}, "plan")])[0]
        if planned.status != "done":
            return path, _not_planned(planned.status, planned.message)
        folder = create_or_open(path, _study(asked, planned.value, _command(asked, out)))
        pool.log_folder = folder.logs
        with lock(folder):
            set_aside(terminal, folder)
            missing = folder.missing()
            say(terminal, _greeting(folder, len(missing), asked))
            progress = Progress(terminal, folder)
            return path, compute_missing(pool, folder, asked, missing, progress)


def reported(path: Path) -> Result:
    """Return the result of a finished run, its report written."""
    result = assemble(open_folder(path))
    save_report(result, report_path(path))
    return result


def ask(wanted: Asked) -> dict[str, Any]:
    """Return which experiment is asked for and how, as workers are told."""
    found = resolve_experiment(wanted.reference)
    pairs = [override.partition("=") for override in wanted.overrides]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise UserError(f"--set {name}{equals}{value}: write --set NAME=VALUE")
    check_seed(wanted.seed)
    return {
        "name": found.name,
        "module": found.module,
        "path": str(found.path),
        "size": wanted.size,
        "seed": wanted.seed,
        "overrides": {name.strip(): value for name, _, value in pairs},
    }


COMPILATION = "--xla_backend_optimization_level=1 --xla_cpu_use_fusion_emitters=false"
"""How programs are compiled, unless XLA_FLAGS says otherwise."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def worker_environment() -> dict[str, str]:
    """Return what workers find in their environment: the platform, the compile cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "goalscope"
    wanted = {
        "JAX_PLATFORMS": "cpu",
        # Half the compilation for the same speed, measured; part of the fingerprint.
        "XLA_FLAGS": COMPILATION,
        "JAX_COMPILATION_CACHE_DIR": str(cache / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def compute_missing(
    pool: Pool,
    folder: Folder,
    asked: dict[str, Any],
    missing: Sequence[CellPlan],
    progress: Progress,
) -> int:
    """Compute missing cells, then judge if there is anything new; return the exit code."""
    request = {"asked": asked, "folder": str(folder.path.resolve())}
    tasks = [
        Task("compute", {**request, "key": plan.key}, plan.key, _near(plan))
        for plan in schedule(missing)
    ]
    with progress:
        results = pool.run(tasks, progress.take)
    failed = [result for result in results if result.status == "failed"]
    complain_of(failed, folder)
    if pool.interrupted:
        progress.say("stopped; what was finished is kept. The same command continues.")
        return 130
    if failed:
        count = f"{len(failed)} of {len(tasks)} cells failed"
        complain(f"{count}; logs in {folder.logs}. The same command tries again.")
        return 1
    if missing or _stale(folder):
        judged = pool.run([Task("judge", request, "judge")])[0]
        if judged.status != "done":
            complain(f"the claims could not be judged: {judged.message}")
            return 130 if judged.status == "stopped" else 1
    return 0


def complain_of(failed: Sequence[TaskResult], folder: Folder) -> None:
    """Say why cells failed, each reason once, even to who wants to see no progress."""
    reasons: dict[str, list[str]] = {}
    for result in failed:
        reasons.setdefault(result.message, []).append(result.task.name)
    for reason, (first, *others) in reasons.items():
        also = f" and {len(others)} others" if others else ""
        complain(f"cell {first} ({folder.plans[first].arm}){also} failed: {reason}")


def set_aside(terminal: Console, folder: Folder) -> None:
    """Move damaged cells out of the way, and say so."""
    damaged = folder.discard_damaged()
    if damaged:
        names = ", ".join(damaged)
        say(terminal, f"damaged, kept in .damaged and computed again: {names}", style="red")


def schedule(plans: Sequence[CellPlan]) -> list[CellPlan]:
    """Return cells in the order in which they are given out.

    Planted agents and arms need different compiled programs: two workers begin with one
    of each, and find the other's program in the cache when they get there. Of the arms the
    last come first, since that is where experiments put the slow learning rules.
    """
    planted = [plan for plan in plans if plan.kind == "planted"]
    arms = [plan for plan in reversed(plans) if plan.kind != "planted"]
    return [*planted[:1], *arms[:1], *planted[1:], *arms[1:]]


def _near(plan: CellPlan) -> str:
    """Return which cells share what a process keeps: those that compute the same agents."""
    computed = "procedure" in plan.description.get("condition", {})
    return f"agents {plan.agents}" if computed else ""


def _stale(folder: Folder) -> bool:
    """Return whether nothing whole was concluded from the cells that are there now."""
    try:
        summary = folder.summary()
    except UserError:
        return True
    return summary is None or summary.cells != folder.content()


def _study(asked: dict[str, Any], plan: Any, command: str) -> Study:
    cells = msgspec.convert(plan["cells"], tuple[CellPlan, ...])
    return Study(
        experiment=asked["module"] or asked["path"],
        name=asked["name"],
        question=plan["question"],
        size=asked["size"],
        seed=asked["seed"],
        settings=plan["settings"],
        command=command,
        cells=cells,
        fingerprint=plan["fingerprint"],
        world_check=plan["world_check"],
    )


def _greeting(folder: Folder, missing: int, asked: dict[str, Any]) -> str:
    study = folder.study
    agents = sum(len(cell.agents) for cell in study.cells if cell.kind == "arm")
    arms = len({cell.arm for cell in study.cells if cell.kind == "arm"})
    head = f"{study.name} ({asked['size']}, seed {study.seed}): {study.question}"
    done = len(study.cells) - missing
    state = f"{arms} arms, {agents} agents, {len(study.cells)} cells"
    if not missing:
        return f"{head}\n{state}: finished already; nothing to do"
    return f"{head}\n{state}" + (f"; {done} cells kept, {missing} to do" if done else "")


def _not_planned(status: str, message: str) -> int:
    if status == "stopped":
        return 130
    raise UserError(f"the experiment could not be planned: {message}", exit_code=1)


def _command(asked: dict[str, Any], out: Path | None) -> str:
    name = asked["name"] if asked["module"] else asked["path"]
    words = [
        "goalscope",
        "run",
        name,
        "--size",
        asked["size"],
        "--seed",
        str(asked["seed"]),
    ]
    for key, value in asked["overrides"].items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words + (["--out", str(out)] if out else []))


def folder_name(asked: dict[str, Any]) -> str:
    """Return what the folder of a run is called unless the user says."""
    extra = "".join(f"-{key}={value}" for key, value in sorted(asked["overrides"].items()))
    name = f"{asked['name']}-{asked['size']}-seed{asked['seed']}{extra}"
    return "".join(c if c.isalnum() or c in "-_=.," else "_" for c in name)[:120]
