"""Sentences that appear when, and only when, the data give reason to."""

import dataclasses

import pytest
from tests.report import synthetic

from goalscope.report.limitations import MIXED, limitations
from goalscope.result import Result


@pytest.fixture(scope="module")
def sound() -> Result:
    plain = synthetic.result(
        (("a", 0.0, ""), ("b", 1.0, "")), num_agents=12, num_checkpoints=3, fates={}
    )
    passed = {
        name: dataclasses.replace(found, passed=True)
        for name, found in plain.calibration.items()
    }
    decided = {name: labels * 0 for name, labels in plain.labels.items()}
    return dataclasses.replace(plain, calibration=passed, labels=decided)


def test_a_sound_result_has_none(sound: Result):
    assert limitations(sound) == ()


def changed(result: Result, change: str) -> Result:
    first = result.arms["a"]
    arms = {
        "few": {"competent": first.agents < 5},
        "excluded": {"competent": first.agents < 9},
        "diverged": {"diverged_at": (first.agents == 0) * 8 - 1},
        "empty": {"competent": first.agents < 0},
    }
    whole = {
        "smoke": {"size": "smoke"},
        "mixed": {"fingerprint": {MIXED: "jax"}},
        "dirty": {"fingerprint": {"uncommitted": "yes"}},
        "unchecked": {"calibration": {}},
        "failed": {"calibration": synthetic.calibrations()},
        "undecided": {"labels": {name: x * 0 - 1 for name, x in result.labels.items()}},
        "unfinished": {"labels": {}, "label_names": (), "verdicts": (), "calibration": {}},
    }
    if change in whole:
        return dataclasses.replace(result, **whole[change])
    arm = dataclasses.replace(first, **arms[change])
    return dataclasses.replace(result, arms={**result.arms, "a": arm})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("smoke", "smoke run"),
        ("mixed", "different conditions (jax)"),
        ("dirty", "uncommitted changes"),
        ("unchecked", "No instrument was checked on planted agents"),
        ("failed", "goal_posterior did not pass the gate"),
        ("undecided", "Most agents are undecided: a and b."),
        ("unfinished", "not finished"),
        ("few", "Fewer than 8 agents are included, so intervals are wide: a."),
        ("excluded", "More than 20% of the agents are excluded"),
        ("diverged", "More than 5% of the agents diverged: a."),
        ("empty", "No agent is included, so there is no result: a."),
    ],
)
def test_each_reason_has_its_sentence(sound: Result, change: str, sentence: str):
    assert sum(sentence in found for found in limitations(changed(sound, change))) == 1
