"""`goalscope audit`: which goal does this agent have? No JAX here."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from goalscope.auditing.auditor import audit_checkpoint, audit_policy
from goalscope.auditing.measurer import Measurer
from goalscope.auditing.record import Audit
from goalscope.cli.console import console, print_json, say, show
from goalscope.cli.measured import asked_of, is_measured
from goalscope.cli.options import check_seed
from goalscope.cli.replaying import LEVELS
from goalscope.cli.running import worker_environment
from goalscope.errors import UserError
from goalscope.report.audit_page import render_audits
from goalscope.report.audit_terminal import show_audit, show_summary
from goalscope.report.audit_words import audit_json
from goalscope.storage.again import asked_again
from goalscope.storage.disk import environment_errors
from goalscope.storage.store import open_folder
from goalscope.suggestions import suggest

MEASURING_SECONDS = 600.0
MIN_LEVELS = 8


class Wanted(NamedTuple):
    """How the user wants agents audited; see `goalscope audit --help`."""

    arm: str | None
    agent: int
    checkpoint: int
    levels: str
    world: str | None
    goals: str | None
    num_levels: int
    seed: int
    timeout: float


DEFAULTS = Wanted(
    arm=None, agent=0, checkpoint=-1, levels="shifted", world=None, goals=None,
    num_levels=160, seed=0, timeout=60.0,
)._asdict()  # fmt: skip


def audit(files: Sequence[Path], wanted: Wanted, *, out: Path | None, as_json: bool) -> int:
    """Audit agents, tell what was found, and return 1 if any could not be audited."""
    _check(files, wanted)
    terminal = console(quiet=as_json)
    audits = []
    with Measurer(worker_environment(), seconds=MEASURING_SECONDS) as measurer:
        for path in files:
            audits.append(_audit(path, wanted, measurer))
            show(terminal, *([""] if len(audits) > 1 else []), show_audit(audits[-1]))
    if len(audits) > 1:
        show(terminal, show_summary(audits))
    page = out or Path("results") / f"audit-{_page_name(files)}.html"
    html = render_audits(audits, _command(files, wanted, out))
    with environment_errors(page):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html, encoding="utf-8")
    if as_json:
        print_json({"audits": [audit_json(each) for each in audits], "page": str(page)})
    say(terminal, f"report: {page}")
    return 1 if any(each.found is None for each in audits) else 0


def _audit(path: Path, wanted: Wanted, measurer: Measurer) -> Audit:
    goals = [name.strip() for name in wanted.goals.split(",")] if wanted.goals else None
    shared = {"goals": goals, "num_levels": wanted.num_levels, "seed": wanted.seed}
    if path.is_dir():
        request = _checkpoint_request(path, wanted)
        subject = f"{path}, {request['arm']}, agent {wanted.agent}"
        when = "last" if wanted.checkpoint == -1 else str(wanted.checkpoint)
        subject = f"{subject}, checkpoint {when}"
        return audit_checkpoint(subject, {**request, **shared}, measurer)
    settings = {**shared, "world": wanted.world, "timeout": wanted.timeout}
    return audit_policy(path, settings, measurer)


def _checkpoint_request(path: Path, wanted: Wanted) -> dict[str, Any]:
    folder = open_folder(path)
    if is_measured(folder.study):
        source = asked_of(folder)["source"]
        raise UserError(f"{path} measures the agents of another result: audit {source}")
    arms = list(dict.fromkeys(p.arm for p in folder.study.cells if p.kind == "arm"))
    if not arms:
        raise UserError(f"{path} holds no trained agents")
    arm = arms[0] if wanted.arm is None else wanted.arm
    if arm not in arms:
        raise UserError(f"{path} has no arm {arm!r}. {suggest(arm, arms)}")
    return {
        "asked": asked_again(folder.study),
        "folder": str(path.resolve()),
        "arm": arm,
        "agent": wanted.agent,
        "checkpoint": wanted.checkpoint,
        "levels": wanted.levels,
    }


def _check(files: Sequence[Path], wanted: Wanted) -> None:
    """Refuse what is wrong with the command itself, before anything is started."""
    if not files:
        raise UserError("name a policy file, ./mine.py, or the folder that a run wrote")
    for path in files:
        if not path.exists():
            there = [other.name for other in path.absolute().parent.glob("*.py")]
            raise UserError(f"there is no {str(path)!r}. {suggest(path.name, there)}")
        if path.is_dir() and wanted.world is not None:
            raise UserError(f"--world: {path} is a result, and its agents have a world")
        if not path.is_dir() and path.suffix != ".py":
            raise UserError(f"{path} is neither a Python file nor the folder of a result")
    if wanted.levels not in LEVELS:
        raise UserError(f"--levels {wanted.levels}: {suggest(wanted.levels, LEVELS)}")
    if wanted.num_levels < MIN_LEVELS:
        raise UserError(f"--num-levels {wanted.num_levels}: at least {MIN_LEVELS}")
    check_seed(wanted.seed)
    if not 0 < wanted.timeout <= MEASURING_SECONDS:
        raise UserError(
            f"--timeout {wanted.timeout:g}: seconds, at most {MEASURING_SECONDS:g}"
        )


def _command(files: Sequence[Path], wanted: Wanted, out: Path | None) -> str:
    words = ["goalscope", "audit", *map(str, files)]
    for name, value in wanted._asdict().items():
        if value != DEFAULTS[name]:
            words += [f"--{name.replace('_', '-')}", f"{value}"]
    return shlex.join(words + (["--out", str(out)] if out else []))


def _page_name(files: Sequence[Path]) -> str:
    name = files[0].resolve().stem + ("" if len(files) == 1 else f"-and-{len(files) - 1}")
    return "".join(c if c.isalnum() or c in "-_=.," else "_" for c in name)[:80]
