"""A calibration's folder, read and told. No JAX."""

from pathlib import Path

from goalscope.cli.console import console, print_json, show
from goalscope.cli.measured import DAMAGED
from goalscope.errors import UserError
from goalscope.report.calibration_page import render_calibration
from goalscope.report.calibration_terminal import as_json as cards_json
from goalscope.report.calibration_terminal import show_cards
from goalscope.scoring.assembling import scorecards
from goalscope.scoring.records import Scorecard
from goalscope.storage.again import command_here
from goalscope.storage.disk import environment_errors
from goalscope.storage.folder import Folder
from goalscope.storage.study import Study

CALIBRATION = "goalscope.calibrating"
"""What the study of a calibration names as its experiment."""


def is_calibration(study: Study) -> bool:
    """Return whether a study is a calibration of instruments."""
    return study.experiment == CALIBRATION


def show_calibration(folder: Folder, *, as_json: bool, quiet: bool = False) -> int:
    """Print the scorecards of a calibration, and return 0."""
    cards = whole_cards(folder)
    if as_json:
        print_json(cards_json(cards))
    show(console(quiet=quiet or as_json), show_cards(cards))
    return 0


def write_calibration(folder: Folder, target: Path) -> None:
    """Write the page of a calibration."""
    page = render_calibration(whole_cards(folder), folder.study.command)
    with environment_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")


def whole_cards(folder: Folder) -> tuple[Scorecard, ...]:
    """Return the scorecards of a calibration, of which no cell is damaged.

    Raises:
        UserError: one is, exit code 3, or nothing is calibrated yet.
    """
    remedy = command_here(folder)
    for problem in folder.verify():
        why = f"{folder.path} is damaged: {problem.path}: {problem.message}"
        raise UserError(f"{why}. To repair it: {remedy}", DAMAGED)
    cards = scorecards(folder)
    if not cards:
        raise UserError(f"{folder.path}: nothing is calibrated. To finish it: {remedy}")
    return cards
