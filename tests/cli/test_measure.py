"""`goalscope measure` as a user types it, on a tiny experiment."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from goalscope.store import open_folder

ROOT = Path(__file__).parents[2]
TINY = str(Path(__file__).parent / "tiny.py")
OWN = str(ROOT / "docs" / "examples" / "goal_advantage.py")


def goalscope(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "goalscope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished run of the tiny experiment."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    run = ("run", TINY, "--size", "smoke", "--out", folder, "--workers", "1", "-q")
    assert goalscope(*run).returncode == 0
    return folder


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
    assert len(old.study.cells) == len(new.study.cells)
    for plan, again in zip(old.study.cells, new.study.cells, strict=True):
        assert (plan.arm, plan.agents) == (again.arm, again.agents)
        stored, read = old.load(plan.key, "readings"), new.load(again.key, "readings")
        own = {n: v for n, v in stored.items() if n.startswith("goal_score/")}
        assert len(own) == 7
        for name, values in own.items():
            assert values.tobytes() == read[name].tobytes(), (plan.arm, name)


def test_the_same_command_has_nothing_to_do(finished: Path, measured: Path):
    before = {p: p.stat().st_mtime_ns for p in measured.rglob("cell.json")}
    command = ("measure", finished, "--instrument", "goal_score", "--checkpoints", "all")
    again = goalscope(*command)
    assert "finished already; nothing to do" in again.stdout
    assert before == {p: p.stat().st_mtime_ns for p in measured.rglob("cell.json")}


def test_what_was_measured_is_checked_and_computed_again(measured: Path, tmp_path: Path):
    assert goalscope("verify", measured, "--rerun", "3").returncode == 0
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
    assert rows["alpha=1", "cheese"]["n"] == 3
    assert measured.with_suffix(".html").exists()
    page = tmp_path / "page.html"
    assert goalscope("report", measured, "--out", page).returncode == 0
    assert page.read_bytes() == measured.with_suffix(".html").read_bytes()


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


def test_levels_and_goals_can_be_chosen(finished: Path, tmp_path: Path):
    options = ("--set", "goals=cheese,far_corner", "--set", "num_levels=8")
    options += ("--on", "train", "--out", tmp_path / "out", "--workers", "1", "--json")
    done = goalscope("measure", finished, "--instrument", "GoalScore", *options)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["levels"] == "train"
    assert {row["reading"] for row in told["readings"]} == {"cheese", "far_corner"}
    assert "never trained" in told["not_measured"]["planner"]
    assert all(np.isfinite(row["mean"]) for row in told["readings"])


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (("GoalScor",), 2, "Did you mean GoalScore"),
        (("no/such.py",), 2, "there is no file"),
        ((TINY,), 2, "defines no instrument"),
        ((OWN + ":Other",), 2, "defines no instrument 'Other'"),
        (("GoalScore", "--set", "levels=3"), 2, "has no field 'levels'"),
        (("GoalScore", "--set", "num_levels"), 2, "write --set NAME=VALUE"),
        (("GoalScore", "--set", "num_levels=few"), 2, "expected one int"),
        (("GoalScore", "--set", "num_levels=1"), 2, "an interval takes 2 levels"),
        (("GoalScore", "--set", "goals=chese"), 2, "Did you mean cheese"),
        (("GoalScore", "--set", "discount=much"), 2, "expected a number"),
        (("GoalScore", "--on", "tset"), 2, "Did you mean test"),
        (("GoalScore", "--checkpoints", "first"), 2, "last"),
        (("EditGeneralisation",), 2, "also needs goal (a goal: cheese, corner"),
        (("RepresentedGoal",), 2, "cannot measure the agents of alpha=0"),
    ],
)
def test_a_mistake_is_one_message(finished: Path, options, code, expected):
    done = goalscope("measure", finished, "--instrument", *options)
    assert done.returncode == code, done.stderr
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_measurement_is_not_measured(measured: Path):
    done = goalscope("measure", measured, "--instrument", "goal_score")
    assert done.returncode == 2
    assert "is a measurement itself" in done.stderr


def test_agents_that_were_changed_since_are_refused(finished: Path, tmp_path: Path):
    copy = tmp_path / "tiny"
    shutil.copytree(finished, copy)
    shutil.rmtree(next(iter(sorted(copy.glob("cells/*")))).parent)
    done = goalscope("measure", copy, "--instrument", "goal_score")
    assert done.returncode == 2
    assert "To finish it: goalscope run" in " ".join(done.stderr.split())
