"""What `goalscope show` prints, and what `--json` gives."""

import json

import pytest
from rich.console import Console

from goalscope.report.terminal import as_json, show_tables
from goalscope.result import Result


@pytest.fixture(scope="module")
def printed(small: Result) -> str:
    console = Console(width=110, color_system=None)
    with console.capture() as captured:
        console.print(show_tables(small))
    return captured.get()


def line_of(printed: str, start: str, title: str) -> str:
    """Return the first line that starts so, after a title."""
    lines = printed.split(title)[1].splitlines()
    return next(line for line in lines if line.strip().startswith(start))


def test_parts_come_in_the_order_of_the_report(printed: str):
    titles = (
        "How many levels",
        "Goals at",
        "Claims",
        "Readings",
        "Instruments",
        "Exclusions",
    )
    places = [printed.index(title) for title in titles]
    assert places == sorted(places)


def test_an_arm_without_agents_has_no_result(printed: str):
    assert "No result" in line_of(printed, "PPO, α = 0", "Goals at")
    readings = line_of(printed, "PPO, α = 0", "Readings at")
    assert readings.count("no result") == 2
    assert "0%" not in line_of(printed, "PPO, α = 0", "Exclusions").replace("100%", "")


def test_outcomes_have_a_word_and_a_sign(printed: str):
    for words in ("✓ supported", "✗ refuted", "◐ mixed", "○ underpowered", "△ invalid"):
        assert words in printed


def test_estimates_have_intervals(printed: str):
    assert "0.79 [0.76, 0.82]" in printed
    assert "✓ passed" in line_of(printed, "goal_score", "Instruments on")


def test_json_has_null_where_there_is_no_number(small: Result):
    found = json.loads(json.dumps(as_json(small), allow_nan=False))
    empty = next(arm for arm in found["arms"] if arm["name"] == "PPO, α = 0")
    assert empty["goals"] is None
    assert {reading["mean"] for reading in empty["readings"]} == {None}
    assert found["verdicts"][-1]["estimate"] is None
    assert found["verdicts"][0]["outcome"] == "supported"


def test_json_counts_agree_with_each_other(small: Result):
    for arm in as_json(small)["arms"]:
        assert arm["agents"] == arm["included"] + arm["diverged"] + arm["incompetent"]
        goals = arm["goals"] or ()
        assert sum(goal["agents"] for goal in goals) == arm["included"]
