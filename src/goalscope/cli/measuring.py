"""`goalscope measure`: a new instrument on the agents of a stored result. No JAX here."""

import os
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from goalscope.cli.console import console, say
from goalscope.cli.measured import (
    MEASURED,
    refuse_measured,
    show_measured,
    told_by,
    write_measured,
)
from goalscope.cli.progress import Progress
from goalscope.cli.running import compute_missing, cores, set_aside, worker_environment
from goalscope.cli.showing import report_path
from goalscope.errors import UserError
from goalscope.remeasuring.reference import InstrumentReference, resolve_instrument
from goalscope.storage.folder import Folder
from goalscope.storage.store import create_or_open, lock, open_folder
from goalscope.storage.study import CellPlan, Study
from goalscope.suggestions import suggest
from goalscope.workers.engine import Pool, Task

FUNCTIONS = {
    "plan": "goalscope.remeasuring.tasks:plan",
    "compute": "goalscope.remeasuring.tasks:compute",
    "judge": "goalscope.remeasuring.tasks:conclude",
}
ON, CHECKPOINTS = ("test", "train"), ("last", "all")


class Wanted(NamedTuple):
    """What the user typed."""

    instrument: str
    set: tuple[str, ...]
    on: str | None
    checkpoints: str


def measure(
    path: Path,
    wanted: Wanted,
    *,
    out: Path | None,
    workers: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure, or continue, and return the exit code."""
    source = open_folder(path)
    asked = _asked(source, wanted)
    target = out or path.parent / _folder_name(path, asked)
    terminal = console(quiet=quiet or as_json)
    with Pool(
        FUNCTIONS,
        num_workers=cores() if workers is None else workers,
        environment=worker_environment(),
    ) as pool:
        planned = pool.run([Task("plan", {"asked": asked}, "plan")])[0]
        if planned.status != "done":
            raise UserError(f"nothing could be planned: {planned.message}", exit_code=1)
        plan = planned.value
        command = _command(path, wanted, out)
        folder = create_or_open(target, _study(source, target, asked, plan, command))
        pool.log_folder = folder.logs
        with lock(folder):
            set_aside(terminal, folder)
            missing = folder.missing()
            say(terminal, _greeting(folder, plan, len(missing)))
            code = compute_missing(pool, folder, asked, missing, Progress(terminal, folder))
    if code:
        return code
    page = report_path(target)
    write_measured(folder, page)
    if as_json or not quiet:
        show_measured(folder, as_json=as_json)
    say(terminal, f"report: {page}   result: {target}")
    return 0


def _asked(source: Folder, wanted: Wanted) -> dict[str, Any]:
    """Return what is asked for, as workers are told."""
    for option, given, allowed in (
        ("--on", wanted.on or "test", ON),
        ("--checkpoints", wanted.checkpoints, CHECKPOINTS),
    ):
        if given not in allowed:
            raise UserError(f"{option} {given}: {suggest(given, allowed)}")
    fields = {}
    for override in wanted.set:
        name, equals, value = override.partition("=")
        if not (name and equals and value):
            raise UserError(f"--set {override}: write --set NAME=VALUE")
        fields[name.strip()] = value
    instrument = resolve_instrument(wanted.instrument, _measured_with(source))
    return {
        "source": str(source.path.resolve()),
        "instrument": msgspec.to_builtins(instrument),
        "fields": fields,
        "on": wanted.on or "",
        "checkpoints": wanted.checkpoints,
    }


def _measured_with(source: Folder) -> tuple[str, ...]:
    """Return the names of the instruments that a result was measured with."""
    refuse_measured(source)
    plans = [plan for plan in source.study.cells if plan.kind == "arm"]
    if not plans:
        raise UserError(f"{source.path} holds no trained agents")
    return tuple(plans[0].description.get("instruments", {}))


def _study(
    source: Folder, target: Path, asked: dict[str, Any], plan: Any, command: str
) -> Study:
    told = ("name", "kind", "question", "fields", "on", "left_out")
    settings = {
        "result": os.path.relpath(source.path.resolve(), target.resolve()),
        "asked": {name: value for name, value in asked.items() if name != "source"},
        "told": {name: plan[name] for name in told},
    }
    return Study(
        experiment=MEASURED,
        name=f"{source.study.name} measured with {plan['name']}",
        question=plan["question"],
        size=source.study.size,
        seed=source.study.seed,
        settings=settings,
        command=command,
        cells=msgspec.convert(plan["cells"], tuple[CellPlan, ...]),
        fingerprint=plan["fingerprint"],
    )


def _greeting(folder: Folder, plan: Any, missing: int) -> str:
    told, cells = told_by(folder), folder.study.cells
    agents = sum(len(cell.agents) for cell in cells if cell.kind == "arm")
    planted = sum(len(cell.agents) for cell in cells if cell.kind == "planted")
    moments = "along training" if plan["along_training"] else "at each stored checkpoint"
    last = folder.study.settings["asked"]["checkpoints"] == "last"
    when = moments if plan["along_training"] or not last else "at the last checkpoint"
    lines = [
        f"{told.kind}: {told.question}",
        f"of {told.of}; {told.on} levels, {when}; {told.settings}",
    ]
    state = f"{agents} agents, {planted} planted agents, {len(cells)} cells"
    if not missing:
        return "\n".join([*lines, f"{state}: finished already; nothing to do"])
    kept = len(cells) - missing
    return "\n".join([*lines, state + (f"; {kept} cells kept" if kept else "")])


def _command(path: Path, wanted: Wanted, out: Path | None) -> str:
    words = ["goalscope", "measure", str(path), "--instrument", wanted.instrument]
    for override in wanted.set:
        words += ["--set", override]
    words += ["--on", wanted.on] if wanted.on else []
    words += ["--checkpoints", wanted.checkpoints] if wanted.checkpoints != "last" else []
    return shlex.join(words + (["--out", str(out)] if out else []))


def _folder_name(path: Path, asked: dict[str, Any]) -> str:
    """Return a name that tells measurements of one result apart."""
    instrument = msgspec.convert(asked["instrument"], InstrumentReference)
    fields = [f"{name}={value}" for name, value in sorted(asked["fields"].items())]
    others = [asked["on"], "all" if asked["checkpoints"] == "all" else ""]
    which = instrument.stored or instrument.kind
    parts = [path.resolve().name, "measured", which, *fields, *filter(None, others)]
    name = "-".join(parts)
    return "".join(c if c.isalnum() or c in "-_=.," else "_" for c in name)[:160]
