"""Counts and intervals behind every page, against loops over agents."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from goalscope.report.summary import (
    averages,
    band,
    exclusions,
    goal_shares,
    instruments,
    student,
)
from goalscope.result import Result
from goalscope.statistics.intervals import wilson


@pytest.fixture(scope="module")
def spoiled(small: Result) -> str:
    return next(name for name, arm in small.arms.items() if (arm.diverged_at >= 0).any())


def test_shares_count_included_agents_by_last_label(small: Result, spoiled: str):
    arm = small.arms[spoiled]
    counted = dict.fromkeys(small.label_names, 0)
    for row in range(len(arm.agents)):
        if arm.competent[row] and arm.diverged_at[row] < 0:
            counted[small.label_names[small.labels[spoiled][row, -1]]] += 1
    shares = goal_shares(small, arm)
    assert [share.count for share in shares] == list(counted.values())
    assert sum(share.count for share in shares) == shares[0].of == 7
    assert shares[1].interval == wilson(counted["corner"], 7)


def test_nobody_included_is_no_share_of_zero(small: Result):
    for share in goal_shares(small, small.arms["PPO, α = 0"]):
        assert math.isnan(share.interval.estimate)


def test_an_arm_that_was_not_judged_has_no_shares(small: Result):
    bare = dataclasses.replace(small, labels={})
    assert goal_shares(bare, small.arms["α = 0"]) == ()


def test_every_agent_is_counted_once(small: Result):
    for arm in small.arms.values():
        lost = exclusions(small, arm)
        assert lost.diverged + lost.incompetent + lost.included == lost.agents
        assert lost.excluded == lost.agents - lost.included


def test_exclusions_say_why(small: Result, spoiled: str):
    lost = exclusions(small, small.arms[spoiled])
    assert (lost.diverged, lost.incompetent, lost.included, lost.unread) == (1, 1, 7, 1)


def test_averages_leave_out_the_excluded_and_the_unread(small: Result, spoiled: str):
    found = {(a.instrument, a.reading): a for a in averages(small, small.arms[spoiled])}
    evidence = small.evidence[spoiled, "first_choice", "cheese"]
    kept = [
        float(value)
        for value, included in zip(evidence.values[:, -1], evidence.included, strict=True)
        if included and math.isfinite(value)
    ]
    average = found["first_choice", "cheese"]
    assert len(kept) == 6
    assert average.interval.estimate == pytest.approx(np.mean(kept))
    assert average.interval.lower < np.mean(kept) < average.interval.upper


def test_bands_are_those_of_scipy_and_survive_missing_values():
    values = np.random.default_rng(0).normal(size=(6, 3))
    values[0, 1] = np.nan
    values[1:, 2] = np.nan
    included = np.array([True] * 5 + [False])
    first, second, third = band(values, included)
    known = values[:5, 0]
    expected = stats.t.interval(0.95, 4, known.mean(), stats.sem(known))
    assert (first.lower, first.upper) == pytest.approx(expected)
    assert second.estimate == pytest.approx(values[1:5, 1].mean())
    assert third.estimate == values[0, 2]
    assert math.isnan(third.lower)
    assert math.isnan(student(np.zeros(0)).estimate)


def test_instruments_are_those_of_arms_in_order(small: Result):
    assert instruments(small) == {
        "goal_score": ("cheese", "corner"),
        "first_choice": ("cheese",),
        "goal_posterior": ("cheese", "corner"),
    }
