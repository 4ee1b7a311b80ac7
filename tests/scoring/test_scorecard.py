"""Scorecards of instruments that are perfect, useless or wrong in one known way."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.scoring.made import GOALS, Kind, card, control, perfect, trial

from goalscope.scoring.metrics import auc
from goalscope.scoring.records import KindRow, Scorecard
from goalscope.scoring.trial_readings import array_name

Kinds = dict[str, Kind]


def missed(found: Scorecard) -> set[str]:
    return {gate.name for gate in found.misses}


def row(found: Scorecard, kind: str) -> KindRow:
    return next(row for row in found.kinds if row.kind == kind)


def test_a_perfect_instrument_is_released():
    kinds, required = perfect()
    found = card(kinds, **required)
    assert found.released, found.misses
    assert (found.auc.estimate, found.hit_rate.estimate) == (1, 1)
    assert (found.false_rate.estimate, found.positives, found.negatives) == (0, 200, 200)
    families = {gate.family for gate in found.gates}
    assert len(families) == 7
    assert "coverage of score" in {gate.name for gate in found.gates}


def convict_everybody(kinds: Kinds, words: dict[str, Any]) -> None:
    words["threshold"] = 0.01


def convict_nobody_in_twelve(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["random walker"].values = np.where(np.arange(200) % 12 == 0, 0.6, 0.1)


def plant_too_few(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["random walker"].values = kinds["random walker"].table[:199]


def read_too_much(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["planner"].values = kinds["planner"].table + 0.2


def doubt_too_little(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["planner"].true_readings = {
        "score": (kinds["planner"].table[:, 0] + np.arange(200) % 2).tolist()
    }


def doubt_too_much(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["planner"].half_width = 2.0


def fall_where_it_should_rise(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["planner"].trend = {"score": -1}


def mix_up_one_dose(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["planner"].values = np.where(
        kinds["planner"].doses == 2.0, 0.6, kinds["planner"].table[:, 0]
    )


def read_mixtures_as_goals(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["mixture"].values = kinds["mixture"].table + 0.3


def measure_no_mixture(kinds: Kinds, words: dict[str, Any]) -> None:
    kinds["mixture"].values = np.full(200, np.nan)


def require_a_dose_that_nobody_has(kinds: Kinds, words: dict[str, Any]) -> None:
    words["controls"] = [control("mixture", -np.inf, np.inf, dose=16.0)]


def leave_a_required_kind_out(kinds: Kinds, words: dict[str, Any]) -> None:
    words["controls"] = [control("planer", -np.inf, np.inf)]


TREND = "score rising with the dose of planner, Kendall's τ"
FALLING = "score falling with the dose of planner, Kendall's τ"
RATE, LIMIT = "false convictions", "upper 95 % limit of false convictions"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (convict_everybody, {RATE, LIMIT}),
        (convict_nobody_in_twelve, {RATE, LIMIT}),
        (plant_too_few, {"agents"}),
        (read_too_much, {"coverage of score"}),
        (doubt_too_little, {"coverage of score"}),
        (doubt_too_much, {"coverage of score"}),
        (fall_where_it_should_rise, {FALLING}),
        (mix_up_one_dose, {"coverage of score", TREND}),
        (read_mixtures_as_goals, {"score of mixture"}),
        (measure_no_mixture, {"score of mixture"}),
        (require_a_dose_that_nobody_has, {"score of mixture, dose ≥ 16"}),
        (leave_a_required_kind_out, {"score of planer"}),
    ],
)
def test_every_gate_can_fail_alone(
    spoil: Callable[[Kinds, dict[str, Any]], None], expected: set[str]
):
    kinds, words = perfect()
    spoil(kinds, words)
    assert missed(card(kinds, **words)) == expected


def test_a_few_false_convictions_pass_the_rate_and_not_its_limit():
    kinds, words = perfect()
    kinds["random walker"].values = np.where(np.arange(200) < 10, 0.6, 0.1)
    found = card(kinds, **words)
    assert found.false_rate.estimate == 0.05
    assert missed(found) == {LIMIT}


def test_a_useless_instrument_is_not_released():
    rng = np.random.default_rng(0)
    kinds = {
        "planner": Kind("positive", rng.uniform(size=200)),
        "random walker": Kind("negative", rng.uniform(size=200)),
    }
    found = card(kinds)
    assert found.auc.lower < 0.5 < found.auc.upper
    assert missed(found) == {"AUC", RATE, LIMIT}


def test_an_instrument_that_is_always_the_same_is_not_released():
    kinds, words = perfect()
    for kind in kinds.values():
        kind.values = np.full(200, 0.5)
    found = card(kinds, **words)
    assert found.auc.estimate == 0.5
    assert {"AUC", TREND} <= missed(found)


def test_an_instrument_that_measures_nobody_is_not_released():
    kinds, words = perfect()
    for kind in kinds.values():
        kind.values = np.full(200, np.nan)
        kind.retest = None
    found = card(kinds, **words)
    assert (found.auc.estimate, found.hit_rate.estimate) == (0.5, 0)
    assert math.isnan(row(found, "planner").score)
    assert math.isnan(row(found, "planner").spread[0])
    assert {"AUC", TREND, "coverage of score", "score of mixture"} <= missed(found)


@pytest.mark.parametrize("role", ["positive", "negative"])
def test_a_world_without_one_of_the_roles_releases_nothing(role: str):
    kinds, _ = perfect()
    left = {name: kind for name, kind in kinds.items() if kind.role != role}
    found = card(left)
    assert math.isnan(found.auc.estimate)
    assert {"agents", "AUC"} <= missed(found)


def test_what_cannot_live_in_a_world_is_not_required_there():
    kinds, words = perfect()
    words["controls"] += [control("thinker", 5.0, 6.0)]
    assert not card(kinds, **words).released
    assert card(kinds, elsewhere=["thinker"], **words).released


GOAL_KINDS = {
    "planner": Kind(
        "positive",
        [[0.95, 0.02], [0.96, 0.92], [0.1, 0.5], [0.3, 0.97]],
        truth="one goal",
        goals=["cheese", "corner", "corner", "cheese"],
    ),
    "random walker": Kind("negative", [[0.1, 0.2], [0.95, 0.0], [np.nan, 0.3]]),
}
GOAL_WORDS: dict[str, Any] = {
    "readings": GOALS,
    "candidates": GOALS,
    "score": "own goal",
}


def test_own_goals_are_those_that_were_given():
    found = trial(GOAL_KINDS, **GOAL_WORDS)
    assert found.score("planner") == pytest.approx([0.95, 0.92, 0.5, 0.3])
    assert found.right("planner").tolist() == [True, True, False, False]
    assert found.convicted("planner").tolist() == [True, True, False, True]


def test_agents_without_a_goal_are_judged_by_the_largest_reading():
    found = trial(GOAL_KINDS, **GOAL_WORDS)
    assert found.score("random walker") == pytest.approx([0.2, 0.95, 0.3])
    assert found.convicted("random walker").tolist() == [False, True, False]


def test_convicted_of_another_goal_is_no_hit():
    found = card(GOAL_KINDS, **GOAL_WORDS)
    assert (found.hit_rate.estimate, row(found, "planner").convicted) == (0.5, 0.75)
    assert found.false_rate.estimate == pytest.approx(1 / 3)
    assert found.threshold == 0.9


def test_a_threshold_is_of_the_score_or_there_is_none():
    kinds, words = perfect(8)
    assert card(kinds, **words).threshold == 0.5
    words = dict(GOAL_WORDS, score="cheese")
    assert math.isnan(card(GOAL_KINDS, **words).threshold)


def test_agents_below_the_dose_of_their_role_are_not_judged():
    kinds, words = perfect()
    kinds["planner"].values = np.where(kinds["planner"].doses < 2, 0.0, 1.0)
    kinds["planner"].from_dose = 2.0
    power = {array_name(k, "4"): kinds[k].table for k in ("planner", "random walker")}
    found = card(kinds, power=power, **words)
    assert (found.positives, found.hit_rate.estimate, found.auc.estimate) == (150, 1, 1)
    assert found.power[4] == found.auc
    assert row(found, "planner").n == 200
    assert row(found, "planner").convicted == 0.75
    assert "agents" in missed(found)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.9, 0.95])
def test_whoever_reaches_the_threshold_is_convicted_whatever_the_rounding(
    threshold: float,
):
    at, below = np.float32(threshold), np.float32(threshold - 1e-4)
    kinds = {
        "planner": Kind("positive", [[at, 0]], truth="one goal", goals=["cheese"]),
        "random walker": Kind("negative", [[below, 0]]),
    }
    words = dict(GOAL_WORDS, convicts=threshold)
    words["controls"] = [control("planner", threshold, threshold, reading="cheese")]
    found = trial(kinds, **words)
    assert found.right("planner").tolist() == found.convicted("planner").tolist() == [True]
    assert found.convicted("random walker").tolist() == [False]
    assert card(kinds, **words).pattern[0].passed
    single = {"planner": Kind("positive", [at]), "random walker": Kind("negative", [below])}
    plain = card(single, threshold=threshold)
    assert (plain.hit_rate.estimate, plain.false_rate.estimate) == (1, 0)


def test_retests_are_compared_agent_by_agent():
    kinds, words = perfect()
    again = kinds["planner"].retest.copy()
    again[:3] = np.nan
    kinds["planner"].retest = again
    found = card(kinds, **words)
    assert row(found, "planner").retest == pytest.approx(0.02, abs=1e-6)
    assert math.isnan(row(found, "mixture").retest)


def test_power_is_the_auc_of_the_first_agents_at_each_number_of_levels():
    kinds, words = perfect()
    rng = np.random.default_rng(4)
    power = {
        array_name(kind, str(levels)): rng.normal(shift, 1, (32, 1))
        for kind, shift in (("planner", 1.0), ("random walker", 0.0))
        for levels in (16, 4)
    }
    found = card(kinds, power=power, **words)
    assert list(found.power) == [4, 16]
    for levels, interval in found.power.items():
        names = [array_name(k, str(levels)) for k in ("planner", "random walker")]
        ours, theirs = (power[name][:, 0] for name in names)
        assert interval == auc(ours, theirs)


def test_differences_that_do_not_matter_follow_no_dose():
    kinds, words = perfect()
    doses = kinds["mixture"].doses
    kinds["mixture"].values = 0.5 + 1e-5 * doses
    assert row(card(kinds, **words), "mixture").follows == 0
    kinds["mixture"].values = 0.5 + 0.1 * doses
    assert row(card(kinds, **words), "mixture").follows == pytest.approx(1)


def test_kinds_say_their_role_checks_and_required_trend():
    kinds, words = perfect()
    kinds["mixture"].checks = 0.25
    found = card(kinds, **words)
    assert [(r.kind, r.role, r.trend) for r in found.kinds] == [
        ("mixture", "neither", 0),
        ("planner", "positive", 1),
        ("random walker", "negative", 0),
    ]
    assert row(found, "mixture").checks == {"enough decisions": 0.25}
    low, high = row(found, "mixture").spread
    values = np.sort(kinds["mixture"].table[:, 0])
    assert values[9] <= low <= values[10]
    assert values[-11] <= high <= values[-10]


def test_records_are_plain():
    kinds, words = perfect(8)
    found = dataclasses.asdict(card(kinds, **words))
    assert {type(gate["value"]) for gate in found["gates"]} <= {float, int}
    assert {type(gate["passed"]) for gate in found["gates"]} == {bool}
    assert {type(kind["score"]) for kind in found["kinds"]} == {float}
