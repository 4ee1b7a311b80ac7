"""`goalscope show` and `goalscope report`: a stored result, read and told."""

from pathlib import Path

from goalscope.assemble import assemble
from goalscope.cli.console import console, print_json, say, show
from goalscope.cli.measured import is_measured, show_measured, write_measured
from goalscope.errors import UserError
from goalscope.report.page import render_report
from goalscope.report.terminal import as_json as result_json
from goalscope.report.terminal import show_tables
from goalscope.result import Result
from goalscope.storage.disk import environment_errors
from goalscope.storage.store import open_folder


def show_result(path: Path, *, as_json: bool) -> int:
    """Print a result's verdicts and tables, and return 0."""
    folder = open_folder(path)
    if is_measured(folder.study):
        return show_measured(folder, as_json=as_json)
    result = read_result(path)
    if as_json:
        print_json(result_json(result))
        return 0
    terminal = console()
    show(terminal, show_tables(result))
    if not result.verdicts:
        say(terminal, f"The run is not finished; to finish it: {result.command}")
    return 0


def write_report(path: Path, out: Path | None) -> int:
    """Write a result's report, print where it is, and return 0."""
    target, folder = report_path(path) if out is None else out, open_folder(path)
    if is_measured(folder.study):
        write_measured(folder, target)
    else:
        save_report(read_result(path), target)
    say(console(), f"report: {target}")
    return 0


def read_result(path: Path) -> Result:
    """Return the result in a folder; refuses one in which nothing is finished."""
    result = assemble(open_folder(path))
    if not result.arms:
        raise UserError(f"{path}: no arm is finished yet. To finish it: {result.command}")
    return result


def save_report(result: Result, target: Path) -> None:
    """Write a result as one HTML file."""
    page = render_report(result)
    with environment_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")


def report_path(path: Path) -> Path:
    """Return where the report of a result folder goes: beside it."""
    return path.parent / f"{path.resolve().name}.html"
