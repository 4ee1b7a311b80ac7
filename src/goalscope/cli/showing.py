"""`goalscope show` and `goalscope report`: a stored result, read and told."""

from pathlib import Path

from goalscope.assemble import assemble
from goalscope.cli.calibrated import is_calibration, show_calibration, write_calibration
from goalscope.cli.console import console, print_json, say, show
from goalscope.cli.measured import (
    DAMAGED,
    damage_lines,
    is_measured,
    show_measured,
    tell_damage,
    write_measured,
)
from goalscope.errors import UserError
from goalscope.report.page import render_report
from goalscope.report.summary import is_finished
from goalscope.report.terminal import as_json as result_json
from goalscope.report.terminal import show_tables
from goalscope.result import Result
from goalscope.storage.disk import environment_errors
from goalscope.storage.store import open_folder


def show_result(path: Path, *, as_json: bool) -> int:
    """Print a result's verdicts and tables, and return 0, or 3 if it is damaged."""
    folder = open_folder(path)
    if is_measured(folder.study):
        return show_measured(folder, as_json=as_json)
    if is_calibration(folder.study):
        return show_calibration(folder, as_json=as_json)
    result = read_result(path)
    if as_json:
        print_json(result_json(result))
        return DAMAGED if result.damage else 0
    terminal = console()
    show(terminal, show_tables(result))
    if not (result.verdicts or result.damage or is_finished(result)):
        say(terminal, f"The run is not finished; to finish it: {result.repair}")
    return tell_damage(terminal, result)


def write_report(path: Path, out: Path | None) -> int:
    """Write a result's report, print where it is, and return 0, or 3 if it is damaged."""
    target, folder = report_path(path) if out is None else out, open_folder(path)
    terminal, result = console(), None
    if is_measured(folder.study):
        result = write_measured(folder, target)
    elif is_calibration(folder.study):
        write_calibration(folder, target)
    else:
        result = read_result(path)
        save_report(result, target)
    say(terminal, f"report: {target}")
    return tell_damage(terminal, result) if result else 0


def read_result(path: Path) -> Result:
    """Return the result in a folder; refuses one in which nothing is finished."""
    result = assemble(open_folder(path))
    if result.arms:
        return result
    if result.damage:
        lines = "; ".join(damage_lines(result))
        raise UserError(f"{path}: no arm is whole. {lines}", exit_code=DAMAGED)
    raise UserError(f"{path}: no arm is finished yet. To finish it: {result.repair}")


def save_report(result: Result, target: Path) -> None:
    """Write a result as one HTML file."""
    page = render_report(result)
    with environment_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")


def report_path(path: Path) -> Path:
    """Return where the report of a result folder goes: beside it."""
    return path.parent / f"{path.resolve().name}.html"
