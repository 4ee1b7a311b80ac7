"""What `goalscope show` prints, and what `--json` gives."""

import json
import math
from dataclasses import replace

import numpy as np
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


def test_every_reading_of_every_agent_is_in_the_json(small: Result):
    """With NaN as null and infinite as text; what a page shows of it is recomputed."""
    key = ("α = 0.1", "first_choice", "cheese")
    values = small.evidence[key].values.copy()
    values[0, 0], values[1, 0] = np.inf, -np.inf
    evidence = {**small.evidence, key: replace(small.evidence[key], values=values)}
    told = json.loads(json.dumps(as_json(replace(small, evidence=evidence))))
    rows = {(e["arm"], e["instrument"], e["reading"]): e for e in told["evidence"]}
    assert set(rows) == set(small.evidence)
    for name, row in rows.items():
        found = evidence[name]
        assert row["unit"] == found.unit
        assert row["planted"] == (name[0] not in small.arms)
        assert row["check_names"] == list(found.check_names)
        for field in ("values", "lower", "upper", "control", "ceiling"):
            numbers = [[math.nan if v is None else float(v) for v in r] for r in row[field]]
            assert np.array_equal(numbers, getattr(found, field), equal_nan=True)
        for field in ("checks", "count", "included"):
            assert row[field] == getattr(found, field).tolist()
    spoiled = rows[key]
    assert spoiled["values"][0][0] == "inf"
    assert spoiled["values"][5][-1] is None
    assert spoiled["agents"] == small.arms[key[0]].agents.tolist()
    assert spoiled["updates"] == small.arms[key[0]].updates.tolist()
    assert spoiled["included"][3] is False
