"""A measured folder, read and told. No JAX."""

from pathlib import Path
from typing import Any

from rich.console import Console

from goalscope.assemble import assemble, planted_truth
from goalscope.cli.console import console, print_json, say, show
from goalscope.errors import UserError
from goalscope.report.measure_page import render_measurement
from goalscope.report.measure_terminal import show_measurement
from goalscope.report.measured import Told, measured_json
from goalscope.result import Result
from goalscope.storage.disk import environment_errors
from goalscope.storage.folder import Folder
from goalscope.storage.study import Study

DAMAGED = 3
"""What a command returns that found damaged or missing files."""

MEASURED = "goalscope.remeasuring"
"""What the study of a measured folder names as its experiment."""


def is_measured(study: Study) -> bool:
    """Return whether a study measures the agents of another."""
    return study.experiment == MEASURED


def refuse_measured(folder: Folder) -> None:
    """Raise if a folder holds readings of agents rather than the agents.

    Raises:
        UserError: it says where the agents are.
    """
    if is_measured(folder.study):
        source = (folder.path / folder.study.settings["result"]).resolve()
        raise UserError(
            f"{folder.path} is a measurement itself. Give the result that it measured: "
            f"{source}"
        )


def show_measured(folder: Folder, *, as_json: bool) -> int:
    """Print the readings of a measured folder, and return 0, or 3 if it is damaged."""
    result, told = assemble(folder), told_by(folder)
    if not result.arms:
        lines = "; ".join(damage_lines(result))
        why = lines or f"nothing is measured yet. To finish it: {result.repair}"
        raise UserError(f"{folder.path}: {why}", DAMAGED if lines else 2)
    if as_json:
        print_json(measured_json(result, told))
        return DAMAGED if result.damage else 0
    terminal = console()
    say(terminal, f"{told.kind}: {told.question}", style="bold")
    say(terminal, f"of {told.of}; {told.on} levels; {told.settings}", style="dim")
    show(terminal, show_measurement(result, told))
    return tell_damage(terminal, result)


def write_measured(folder: Folder, target: Path) -> Result:
    """Write the page of a measured folder; return what it shows."""
    result = assemble(folder)
    html = render_measurement(result, told_by(folder))
    with environment_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html, encoding="utf-8")
    return result


def tell_damage(terminal: Console, result: Result) -> int:
    """Print what of a result is not whole and what repairs it; return the exit code."""
    for line in damage_lines(result):
        say(terminal, line, style="red")
    return DAMAGED if result.damage else 0


def damage_lines(result: Result) -> list[str]:
    """Return what of a result is not whole, and last the command that repairs it."""
    lines = []
    for each in result.damage:
        where = "" if each.path in each.message else f"{each.path}: "
        whose = f"{each.name}, " if each.name else ""
        lines.append(f"damaged: {whose}{where}{each.message}")
    return [*lines, f"To repair it: {result.repair}"] if lines else []


def asked_of(folder: Folder) -> dict[str, Any]:
    """Return the request that makes a worker measure the agents of a folder again."""
    settings = folder.study.settings
    source = (folder.path / settings["result"]).resolve()
    return {**settings["asked"], "source": str(source)}


def told_by(folder: Folder) -> Told:
    """Return what a measured folder says about itself."""
    told, study = folder.study.settings["told"], folder.study
    of = study.name.partition(" measured with ")[0]
    return Told(
        instrument=told["name"],
        kind=told["kind"],
        question=told["question"],
        fields=told["fields"],
        on=told["on"],
        left_out=told["left_out"],
        truth=planted_truth(folder),
        of=f"{of}, size {study.size}, seed {study.seed}",
    )
