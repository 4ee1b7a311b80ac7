"""Whoever gives an argument that there is not is told which there are."""

import subprocess
import sys

import pytest

from goalscope.arguments import explained

# In a process of its own: tests run with checks that come before Python's.
ASKING = """
import sys
import goalscope.claims.means as means
from goalscope.agents.planner import Planner
from goalscope.arguments import explained
from goalscope.auditing.worlds import world_of
from goalscope.claims import Above
from goalscope.experiment import Arm
from goalscope.instruments.goal_score import GoalScore
from goalscope.settings import load_module
from goalscope.worlds.corner import Corner

MINE = sys.argv[1]
for call in (
    lambda: Corner(shiftd_share=1),
    lambda: Above(txt="It does."),
    lambda: means.Below(threshhold=1),
    lambda: Arm(titel="α = 0"),
    lambda: GoalScore((), num_level=3),
    lambda: Planner.init(featur="cheese"),
    lambda: world_of("Corner(shiftd_share=1)"),
    lambda: world_of(f"{MINE}:Mine(siz=1)", may_be_a_file=True),
    lambda: load_module("misspelt", MINE.replace("mine", "misspelt")),
):
    try:
        call()
    except Exception as error:
        print(explained(error))
"""
MEANT = (
    "shifted_share", "text", "threshold", "title", "num_levels", "feature",
    "shifted_share", "size", "shifted_share",
)  # fmt: skip


def test_an_unknown_argument_is_answered_with_the_right_ones(tmp_path):
    """Of worlds, claims, arms, instruments, in Python, in a text and in a user's file."""
    (tmp_path / "mine.py").write_text(
        "from goalscope.worlds.corner import Corner\n\n\nclass Mine(Corner):\n    pass\n"
    )
    (tmp_path / "misspelt.py").write_text(
        "from goalscope.worlds.corner import Corner\n\nWORLD = Corner(shiftd_share=1)\n"
    )
    command = [sys.executable, "-c", ASKING, str(tmp_path / "mine.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    assert len(told) == len(MEANT)
    for line, meant in zip(told, MEANT, strict=True):
        assert f"Did you mean {meant}? There are: " in line
        assert "self" not in line


@pytest.mark.parametrize("error", [TypeError("no number"), ValueError("size is 0")])
def test_other_errors_say_what_they_say(error: Exception):
    assert explained(error) == str(error)


def test_what_cannot_be_found_is_left_as_python_says_it():
    error = TypeError("gone() got an unexpected keyword argument 'x'")
    assert explained(error) == str(error)
