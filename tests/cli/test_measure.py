"""`goalscope measure` as a user types it, on a tiny experiment."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from goalscope.errors import UserError
from goalscope.remeasuring.measured import Asked
from goalscope.remeasuring.reference import resolve_instrument
from goalscope.remeasuring.tasks import plan
from goalscope.result import HALF
from goalscope.storage.store import create_or_open, open_folder

ROOT = Path(__file__).parents[2]
TINY = str(Path(__file__).parent / "tiny.py")
OWN = str(ROOT / "docs" / "examples" / "goal_advantage.py")


def goalscope(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "goalscope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(finished: Path) -> Path:
    """The same instrument that the run used, at every checkpoint."""
    command = ("measure", finished, "--instrument", "goal_score", "--checkpoints", "all")
    done = goalscope(*command, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "How much of what each goal could earn" in done.stdout
    assert "planted agents below" in done.stdout
    return finished.parent / "tiny-measured-goal_score-all"


def test_the_instrument_of_the_run_reads_the_same_bits(finished: Path, measured: Path):
    old, new = open_folder(finished), open_folder(measured)
    cells = [cell for cell in old.study.cells if cell.kind != HALF]
    for cell, again in zip(cells, new.study.cells, strict=True):
        assert (cell.arm, cell.agents) == (again.arm, again.agents)
        stored, read = old.load(cell.key, "readings"), new.load(again.key, "readings")
        own = {n: v for n, v in stored.items() if n.startswith("goal_score/")}
        assert len(own) == 7
        for name, values in own.items():
            assert values.tobytes() == read[name].tobytes(), (cell.arm, name)


def test_the_last_checkpoint_alone_reads_the_same_up_to_rounding(
    finished: Path, tmp_path: Path
):
    command = ("measure", finished, "--instrument", "goal_score", "--workers", "1")
    assert goalscope(*command, "--out", tmp_path / "last").returncode == 0
    old, new = open_folder(finished), open_folder(tmp_path / "last")
    cells = [cell for cell in old.study.cells if cell.kind != HALF]
    for cell, again in zip(cells, new.study.cells, strict=True):
        stored, read = old.load(cell.key, "readings"), new.load(again.key, "readings")
        last = stored["goal_score/value"][:, -1:]
        np.testing.assert_allclose(read["goal_score/value"], last, atol=1e-5)


def test_the_same_command_has_nothing_to_do(finished: Path, measured: Path):
    before = {p: p.stat().st_mtime_ns for p in measured.rglob("cell.json")}
    command = ("measure", finished, "--instrument", "goal_score", "--checkpoints", "all")
    again = goalscope(*command, "--workers", "1")
    assert "finished already; nothing to do" in again.stdout
    assert before == {p: p.stat().st_mtime_ns for p in measured.rglob("cell.json")}


def test_what_was_measured_is_checked_and_computed_again(measured: Path, tmp_path: Path):
    assert goalscope("verify", measured, "--rerun", "2", "--workers", "1").returncode == 0
    copy = tmp_path / "copy"
    shutil.copytree(measured, copy)
    victim = next(iter(sorted(copy.glob("cells/*/readings.safetensors"))))
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    assert goalscope("verify", copy).returncode == 3


def test_what_was_measured_is_shown_and_reported(measured: Path, tmp_path: Path):
    shown = goalscope("show", measured)
    assert "GoalScore" in shown.stdout
    assert "planner" in shown.stdout
    told = json.loads(goalscope("show", measured, "--json").stdout)
    rows = {(row["name"], row["reading"]): row for row in told["readings"]}
    assert len(rows) == 8
    assert rows["planner", "cheese"]["planted"]
    assert rows["planner", "cheese"]["mean"] > 0.9
    assert rows["alpha=1", "cheese"]["n"] == 4
    assert measured.with_suffix(".html").exists()
    page = tmp_path / "page.html"
    assert goalscope("report", measured, "--out", page).returncode == 0
    assert page.read_bytes() == measured.with_suffix(".html").read_bytes()


@pytest.mark.science
def test_an_instrument_of_ones_own_measures_stored_agents(finished: Path, tmp_path: Path):
    mine = tmp_path / "mine.py"
    shutil.copy(OWN, mine)
    out = tmp_path / "mine"
    command = ("measure", finished, "--instrument", mine, "--set", "num_levels=4")
    command += ("--out", out, "--workers", "1", "--json")
    done = goalscope(*command)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["fields"]["num_levels"] == "4"
    rows = {(row["name"], row["reading"]): row["mean"] for row in told["readings"]}
    assert rows["planner", "cheese"] > 0.8
    assert rows["uniform", "cheese"] == pytest.approx(0, abs=1e-6)
    assert told["calibration"][0]["hits"] == 4
    mine.write_text(mine.read_text() + "# changed\n")
    changed = goalscope(*command)
    assert changed.returncode == 2
    assert "holds another study" in changed.stderr


def planned(finished: Path, instrument: str, on: str = "", **fields: str) -> dict:
    """Return what the worker plans, in this process."""
    reference = resolve_instrument(instrument, ("goal_score", "first_choice"))
    asked = Asked(source=str(finished), instrument=reference, fields=fields)
    return plan({"asked": {**msgspec.to_builtins(asked), "on": on}})


def test_goals_are_chosen_by_name(finished: Path):
    told = planned(finished, "GoalScore", goals="cheese,far_corner", num_levels="8")
    assert told["fields"]["goals"] == "cheese, far_corner"
    assert told["name"] == "goal_score_again"
    assert len(told["cells"]) == 6


def test_planted_agents_have_no_training_levels(finished: Path):
    told = planned(finished, "GoalScore", on="train")
    assert "never trained: they have no training levels" in told["left_out"]["planner"]
    assert {cell["kind"] for cell in told["cells"]} == {"arm"}


def test_what_the_run_measured_keeps_its_name(finished: Path):
    assert planned(finished, "first_choice")["name"] == "first_choice"
    assert planned(finished, "FirstChoice", num_levels="8")["name"] == "first_choice"
    assert planned(finished, "FirstChoice", greedy="true")["name"] == "first_choice_again"


@pytest.mark.parametrize(
    ("instrument", "fields", "expected"),
    [
        ("GoalScore", {"levels": "3"}, "has no field 'levels'"),
        ("GoalScore", {"num_levels": "few"}, "expected one int"),
        ("GoalScore", {"num_levels": "1"}, "an interval takes 2 levels"),
        ("GoalScore", {"goals": "chese"}, "Did you mean cheese"),
        ("GoalScore", {"discount": "much"}, "expected a number"),
        ("RepresentedGoal", {}, "needs .* cannot measure the agents of alpha=0: "),
    ],
)
def test_what_cannot_be_measured_is_refused(finished: Path, instrument, fields, expected):
    with pytest.raises(UserError, match=expected):
        planned(finished, instrument, **fields)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("GoalScor",), "Did you mean GoalScore"),
        (("no/such.py",), "there is no file"),
        ((TINY,), "defines no instrument"),
        ((OWN + ":Other",), "defines no instrument 'Other'"),
        (("GoalScore", "--set", "num_levels"), "write --set NAME=VALUE"),
        (("GoalScore", "--set", "levels=3", "--workers", "1"), "has no field 'levels'"),
        (("GoalScore", "--on", "tset"), "Did you mean test"),
        (("GoalScore", "--checkpoints", "first"), "There are: all, last"),
    ],
)
def test_a_mistake_is_one_message(finished: Path, options, expected):
    done = goalscope("measure", finished, "--instrument", *options)
    assert done.returncode == 2, done.stderr
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [("measure", "--instrument", "goal_score"), ("replay",)]
)
def test_a_measurement_holds_no_agents(finished: Path, measured: Path, command):
    done = goalscope(*command, measured)
    assert done.returncode == 2
    assert "is a measurement itself" in done.stderr
    assert str(finished.resolve()) in "".join(done.stderr.split())


@pytest.mark.parametrize(
    "command", [("measure", "--instrument", "goal_score"), ("replay",)]
)
def test_a_result_without_trained_agents_is_refused(finished: Path, tmp_path, command):
    study = open_folder(finished).study
    planted = tuple(plan for plan in study.cells if plan.kind == "planted")
    create_or_open(tmp_path / "none", msgspec.structs.replace(study, cells=planted))
    done = goalscope(*command, tmp_path / "none")
    assert done.returncode == 2
    assert "holds no trained agents" in done.stderr


def test_a_result_that_is_not_finished_is_refused(finished: Path, tmp_path: Path):
    copy = tmp_path / "tiny"
    shutil.copytree(finished, copy)
    shutil.rmtree(copy / "cells")
    with pytest.raises(UserError, match="To finish it: goalscope run"):
        planned(copy, "GoalScore")
