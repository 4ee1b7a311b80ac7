"""The command line as a user runs it: on a tiny experiment of one's own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from goalscope.cli.running import schedule
from goalscope.storage.store import open_folder

TINY = str(Path(__file__).parent / "tiny.py")
RUN = ("run", TINY, "--size", "smoke")


def goalscope(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "goalscope", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_finished_run_says_so_and_does_nothing(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("cell.json")}
    again = goalscope(*RUN, "--out", str(finished), "--workers", "1")
    assert again.returncode == 0
    assert "finished already; nothing to do" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in finished.rglob("cell.json")}


def test_two_workers_write_the_same_bytes(finished, tmp_path):
    assert goalscope(*RUN, "--out", str(tmp_path / "two"), "--workers", "2").returncode == 0
    assert open_folder(tmp_path / "two").digest() == open_folder(finished).digest()


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(s, marks=() if s == 5.0 else pytest.mark.science)
        for s in (2.0, 5.0, 8.0)
    ],
)
def test_a_run_that_is_killed_and_continued_writes_the_same_bytes(
    finished, tmp_path, seconds
):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "goalscope", *RUN, "--out", str(folder), "-q"]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    time.sleep(seconds)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert goalscope(*RUN, "--out", str(folder)).returncode == 0
    assert open_folder(folder).digest() == open_folder(finished).digest()
    assert not list((folder / ".tmp").glob("*"))


def test_ctrl_c_keeps_what_was_finished_and_says_how_to_continue(tmp_path):
    folder = tmp_path / "stopped"
    command = [sys.executable, "-m", "goalscope", *RUN, "--set", "updates=100000"]
    command += ["--out", str(folder), "--workers", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if "first curve point" in line:
                break
        driver.send_signal(signal.SIGINT)
        rest = driver.stdout.read()
    assert driver.returncode == 130
    assert "The same command continues" in rest
    assert open_folder(folder).verify() == []


def test_show_and_report_read_the_result(finished, tmp_path):
    shown = goalscope("show", str(finished))
    assert shown.returncode == 0
    assert "They do." in shown.stdout
    as_json = json.loads(goalscope("show", str(finished), "--json").stdout)
    assert as_json["verdicts"][0]["claim"] == "They do."
    page = tmp_path / "page.html"
    assert goalscope("report", str(finished), "--out", str(page)).returncode == 0
    assert page.read_text().startswith("<!doctype html>")


def test_verify_finds_a_flipped_bit_and_the_run_mends_it(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    assert goalscope("verify", str(copy), "--rerun", "2").returncode == 0
    victim = next(iter(sorted(copy.glob("cells/*/readings.safetensors"))))
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    damaged = goalscope("verify", str(copy))
    assert damaged.returncode == 3
    assert "readings.safetensors" in damaged.stdout
    mended = goalscope(*RUN, "--out", str(copy))
    assert mended.returncode == 0, mended.stderr
    assert "computed again" in mended.stdout
    assert open_folder(copy).digest() == open_folder(finished).digest()


def test_replay_shows_an_agent(finished, tmp_path):
    shown = goalscope("replay", str(finished), "--agent", "1", "--episodes", "1")
    assert shown.returncode == 0, shown.stderr
    assert "agent 1" in shown.stdout
    assert "steps:" in shown.stdout
    drawing = tmp_path / "episode.svg"
    done = goalscope(
        "replay", str(finished), "--levels", "train", "--greedy", "--svg", str(drawing)
    )
    assert done.returncode == 0, done.stderr
    assert drawing.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("rnu",), 2, "Did you mean run? There are: audit, calibrate, demo, list, "),
        (("rnu",), 2, "list, measure, replay, report, run, show, verify."),
        (("show", "one", "two"), 2, "'two' is one argument too many: see `goalscope show"),
        (("report", "a", "b", "c"), 2, "'b', 'c' are 2 arguments too many"),
        (("verify",), 2, "name the folder that a run wrote, or several"),
        (("calibrate", "GoalKnd"), 2, "Did you mean GoalKind? There are: CodeLength, "),
        (("calibrate", "goal_knd"), 2, "Did you mean GoalKind? There are: CodeLength, "),
        (("run", "corner_mixtur"), 2, "Did you mean corner_mixture"),
        (("run", "no/such/file.py"), 2, "there is no file"),
        (("run", TINY, "--size", "smok"), 2, "Did you mean smoke"),
        (("run", TINY, "--set", "agent=3"), 2, "Did you mean agents"),
        (("run", TINY, "--set", "agents=few"), 2, "expected one int"),
        (("run", TINY, "--set", "agents"), 2, "write --set NAME=VALUE"),
        (("run", TINY, "--set", "agents=0"), 2, "at least 1"),
        (("run", TINY, "--seed", "-1"), 2, "a seed is 0 or more"),
        (("run", TINY, f"--seed={2**32}"), 2, "0 or more, and at most 4294967295"),
        (("run", TINY, f"--seed={2**63}"), 2, "0 or more, and at most 4294967295"),
        (("demo", f"--seed={2**63}"), 2, "0 or more, and at most 4294967295"),
        (("calibrate", f"--seed={2**63}"), 2, "0 or more, and at most 4294967295"),
        (("run", TINY, "--out", "/proc/goalscope"), 4, "/proc/goalscope"),
        (("run", TINY, "--workers", "0"), 2, "ask for 1 or more"),
        (("show", "no/such/result"), 2, "Give the folder that a run wrote"),
        (("report", TINY), 2, "Give the folder that a run wrote"),
        (("replay", "no/such/result"), 2, "Give the folder that a run wrote"),
        (("verify", "no/such/result"), 2, "Give the folder that a run wrote"),
        (("list", "wrlds"), 2, "Did you mean worlds"),
    ],
)
def test_a_mistake_is_one_message_with_the_remedy(arguments, code, expected):
    done = goalscope(*arguments)
    assert done.returncode == code, done.stderr
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_folder_of_other_files_or_another_study_is_left_alone(finished, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    other = goalscope(*RUN, "--out", str(tmp_path))
    assert other.returncode == 2
    assert "holds other files" in other.stderr
    seeded = goalscope(*RUN, "--seed", "7", "--out", str(finished))
    assert seeded.returncode == 2
    assert "holds another study" in seeded.stderr


def test_what_only_reads_starts_no_jax(finished):
    code = (
        "import sys\n"
        "from goalscope.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: assert not {'jax', 'equinox'} & set(sys.modules)\n"
    )
    for arguments in (("--help",), ("list",), ("show", str(finished)), ("run", "--help")):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_workers_begin_with_one_planted_cell_and_one_arm(finished):
    plans = schedule(open_folder(finished).study.cells)
    assert [plan.kind for plan in plans[:3]] == ["planted", "arm", "planted"]
    assert len(plans) == len({plan.key for plan in plans})


def test_the_environment_of_the_user_wins(monkeypatch):
    from goalscope.cli.running import worker_environment

    monkeypatch.setitem(os.environ, "XLA_FLAGS", "--mine")
    assert worker_environment()["XLA_FLAGS"] == "--mine"
    assert worker_environment()["JAX_PLATFORMS"] == "cpu"
