"""What a study was set to stands in its report: values over arms, with what they mean."""

import dataclasses
from typing import Any

import pytest
from tests.report import synthetic
from tests.report.html_reading import read

from goalscope.report.page import render_report
from goalscope.result import Result, Setup


def condition(share: float, steps: int = 0) -> dict[str, Any]:
    def world(shifted: float) -> dict[str, Any]:
        return {"class": "w:Maze", "shifted": shifted, "sides": {"values": [2, 3]}}

    rate = 0.004999999888241291
    return {
        "class": "e:Arm",
        "train_world": world(share),
        "test_world": world(1.0),
        "agent": {"kind": "a:MLP", "options": {"widths": [64, 64]}},
        "trainer": {"class": f"t:Rule{steps}", "learning_rate": rate, "discount": 0.99},
        "updates": 400,
    }


@pytest.fixture(scope="module")
def described() -> Result:
    found = synthetic.result(
        (("α = 0", 0.0, "exact"), ("α = 1", 1.0, "exact"), ("PPO", 1.0, "ppo")),
        num_checkpoints=3,
    )
    instrument = {"class": "i:Score", "goals": [{"class": "g", "name": "cheese"}]}
    seeker = {"kind": "a:Planner.init", "options": {"feature": "cheese", "beta": 8.0}}
    setup = Setup(
        arms={"α = 0": condition(0.0), "α = 1": condition(0.5), "PPO": condition(0.5, 9)},
        planted={"seeker": {"agent": seeker}, "table": {"agent": {"kind": "a:Table"}}},
        instruments={
            "goal_score": {"instrument": {**instrument, "num_levels": 64}},
            "other": {"instrument": instrument},
        },
        competence={"on": "training_score.cheese", "threshold": 0.9},
        meanings={
            "w:Maze": {"": "A mouse *and* cheese.", "shifted": "share of levels (α)."},
            "a:Planner": {"beta": "β, per unit."},
        },
    )
    arms = {
        name: dataclasses.replace(
            arm, environment_steps=arm.updates * (9.0 * (name == "PPO"))
        )
        for name, arm in found.arms.items()
    }
    return dataclasses.replace(found, setup=setup, arms=arms)


def rows(result: Result, table: int) -> list[list[str]]:
    section = read(render_report(result)).named("world")
    body = section.all("table")[table].all("tr")[1:]
    return [[cell.text for cell in row.all("td")] for row in body]


def test_settings_of_all_arms_stand_with_their_meaning(described: Result):
    found = {
        (of, name): (value, meaning) for of, name, value, meaning in rows(described, -1)
    }
    assert found["Maze", "shifted"] == ("training: 0, 0.5; test: 1", "share of levels (α).")
    assert found["Maze", "sides"] == ("2, 3", "")
    assert found["MLP", "widths"][0] == "64, 64"
    assert found["Rule0", "learning_rate"][0] == "0.005"
    assert found["Rule9", "discount"][0] == "0.99"
    assert found["goal_score (Score)", "num_levels"][0] == "64"
    assert found["goal_score (Score)", "goals"][0] == "cheese"
    assert found["competence gate", "training_score.cheese"][0] == "at least 0.9"
    assert "hit rate at least 0.9" in found["goal_score", "gate"][0]
    assert found["other", "gate"][0] == "none in this run"
    assert found["planted Planner", "beta"] == ("8", "β, per unit.")


def test_the_world_tells_its_story(described: Result):
    text = read(render_report(described)).named("world").text
    assert "A mouse and cheese." in text


def test_exact_training_samples_no_steps_and_says_so(described: Result):
    steps = {row[0]: row[5] for row in rows(described, -2)}
    assert steps["α = 0; α = 1"] == "none sampled: exact expected gradients"
    assert steps["PPO"] == "18,000"
