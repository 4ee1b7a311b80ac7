"""`goalscope run all`: every experiment, one after the other, and one table of claims."""

import shlex
from pathlib import Path

from rich.console import Console

from goalscope.cli.console import console, print_json, say, show
from goalscope.cli.options import check_seed
from goalscope.cli.running import Asked, ask, complete, folder_name, reported
from goalscope.cli.showing import report_path
from goalscope.discovery import Entry, find
from goalscope.errors import UserError
from goalscope.report.run_all import Ran, RunOfAll, all_as_json, ran, show_all
from goalscope.report.run_all_page import render_all
from goalscope.settings import SIZES
from goalscope.storage.disk import environment_errors
from goalscope.storage.study import STUDY
from goalscope.suggestions import suggest

ALL = "all"
STOPPED = 130


def run_all(
    wanted: Asked, *, out: Path | None, workers: int | None, as_json: bool, quiet: bool
) -> int:
    """Run or continue all experiments; return 1 if any failed, 130 if stopped.

    One that fails does not stop the others. Nothing that is finished is computed again.
    """
    _check(wanted, out, workers)
    entries = find("experiments")
    terminal = console(quiet=quiet or as_json)
    done: list[Ran] = []
    stopped = False
    for number, entry in enumerate(entries, 1):
        say(terminal, f"\n[{number} of {len(entries)}] {entry.name}", style="bold")
        found = _attempt(entry, wanted, terminal, out=out, workers=workers)
        if found is None:
            stopped = True
            break
        done.append(found)
    command = _command(wanted, out)
    run = RunOfAll(wanted.size, wanted.seed, command, tuple(done), len(entries))
    page = (out or Path("results")) / f"{ALL}-{wanted.size}-seed{wanted.seed}.html"
    _tell(run, page, as_json=as_json)
    if stopped:
        return STOPPED
    return 1 if run.failed else 0


def _check(wanted: Asked, out: Path | None, workers: int | None) -> None:
    """Refuse what no experiment could be run with."""
    if wanted.overrides:
        raise UserError("--set changes one experiment: run it by its name, not by all")
    if wanted.size not in SIZES:
        raise UserError(f"size {wanted.size!r}: {suggest(wanted.size, SIZES)}")
    check_seed(wanted.seed)
    if workers is not None and workers < 1:
        raise UserError(f"{workers} workers cannot do anything; ask for 1 or more")
    if out is not None and (out / STUDY).exists():
        raise UserError(f"{out} holds one result; choose a folder that can hold many")


def _attempt(
    entry: Entry,
    wanted: Asked,
    terminal: Console,
    *,
    out: Path | None,
    workers: int | None,
) -> Ran | None:
    """Return what became of one experiment, None if the user stopped it."""
    one = Asked(entry.module, wanted.size, wanted.seed, ())
    try:
        inside = None if out is None else out / folder_name(ask(one))
        path, code = complete(one, terminal, out=inside, workers=workers)
        if code == STOPPED:
            return None
        if not code:
            return ran(reported(path), report_path(path).name)
        why = f"some cells failed; see {path}"
    except UserError as error:
        why = str(error)
    except Exception as error:  # whatever it is, the others can be run
        why = f"{type(error).__name__}: {error}"
    say(terminal, f"failed: {why}", style="red")
    return Ran(entry.name, entry.summary, failed=why)


def _tell(run: RunOfAll, page: Path, *, as_json: bool) -> None:
    with environment_errors(page):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render_all(run), encoding="utf-8")
    if as_json:
        print_json(all_as_json(run, str(page)))
        return
    terminal = console()
    show(terminal, show_all(run))
    say(terminal, f"page: {page}")
    if len(run.ran) < run.of:
        say(terminal, f"stopped; what was finished is kept. To continue: {run.command}")
    elif run.failed:
        say(terminal, f"what failed is tried again by {run.command}")


def _command(wanted: Asked, out: Path | None) -> str:
    words = ["goalscope", "run", ALL, "--size", wanted.size, "--seed", str(wanted.seed)]
    return shlex.join(words + (["--out", str(out)] if out else []))
