"""What a user sees who brings a broken world, or whose cells all fail: with --quiet too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.worlds import broken_garden

FILE = str(broken_garden.__file__)
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def run(fault: str, out: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])
    asked = ("--size", "standard", "--set", f"fault={fault}", "--out", str(out))
    command = ("goalscope", "run", FILE, *asked, "--workers", "1", "--quiet")
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("Slipping", "half watched) is broken: a step is not the same with another key"),
        ("Raising", "in step: return state + self.wind[action]"),
        ("experiment", 'in broken_garden: return arms["never watched"]'),
    ],
)
def test_a_mistake_in_a_file_is_one_message_and_nothing_is_computed(
    tmp_path, fault: str, expected: str
):
    done = run(fault, tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert expected in done.stderr
    assert not (tmp_path / "out").exists()


def test_agents_that_diverge_on_rare_levels_are_not_blamed(tmp_path):
    done = run("RarelyUndefined", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    expected = "RarelyUndefined (training world of half watched) is broken: a number of "
    assert expected + "features is not finite: trampled" in done.stderr


def test_a_run_whose_cells_all_fail_says_so_and_why(tmp_path):
    done = run("clumsy", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    why, total = done.stderr.splitlines()
    assert " and 5 others failed: LookupError: no tools (" in why
    assert 'in clumsy: raise LookupError("no tools")' in why
    assert total.startswith("error: 6 of 6 cells failed; logs in ")
