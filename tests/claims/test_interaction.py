"""A difference of differences, beside arithmetic by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.claims import Difference, DifferenceOfDifferences
from goalscope.result import Outcome
from goalscope.statistics.bootstrap import bca

ON = "goal_score.cheese"
CLAIM = DifferenceOfDifferences(
    text="It matters more here.", arms=("a", "b"), others=("c", "d"), on=ON, at_least=0.1
)


def around(mean: float, seed: int, sd: float = 0.02, n: int = 16) -> np.ndarray:
    return mean + sd * np.random.default_rng(seed).permutation(np.linspace(-1, 1, n))


def four(*means: float, sd: float = 0.02, n: int = 16) -> dict[str, np.ndarray]:
    return {
        arm: around(m, i, sd, n)
        for i, (arm, m) in enumerate(zip("abcd", means, strict=True))
    }


@pytest.mark.parametrize(
    ("arms", "outcome"),
    [
        (four(0.9, 0.5, 0.6, 0.5), Outcome.SUPPORTED),
        (four(0.9, 0.5, 0.9, 0.5), Outcome.REFUTED),
        (four(0.9, 0.7, 0.6, 0.5), Outcome.MIXED),
        (four(0.9, 0.7, 0.6, 0.5, sd=0.5), Outcome.UNDERPOWERED),
        (four(0.9, 0.5, 0.6, 0.5, n=7), Outcome.UNDERPOWERED),
    ],
)
def test_every_outcome_of_the_claim_is_reached(make_run, arms, outcome: Outcome):
    verdict = make_run(arms).verdict(CLAIM)
    assert verdict.outcome is outcome, verdict.reason


def test_the_interval_is_that_of_the_agents_own_differences(make_run):
    arms = four(0.9, 0.4, 0.6, 0.5)
    verdict = make_run(arms).verdict(CLAIM)
    expected = bca(arms["a"] - arms["b"] - arms["c"] + arms["d"])
    found = (verdict.estimate, verdict.lower, verdict.upper)
    assert found == pytest.approx(
        (expected.estimate, expected.lower, expected.upper), abs=1e-12
    )
    assert verdict.unit == "share of the optimum"


@given(st.lists(st.floats(0, 1), min_size=8, max_size=12))
def test_with_nothing_elsewhere_it_is_a_difference(make_run, values: list[float]):
    first = np.array(values)
    zero = np.zeros_like(first)
    run = make_run({"a": first, "b": first[::-1] / 2, "c": zero, "d": zero})
    plain = Difference(text="It differs.", arm="a", other="b", on=ON, at_least=0.1)
    one, two = run.verdicts(CLAIM, plain)
    assert (one.estimate, one.lower, one.upper) == (two.estimate, two.lower, two.upper)


def test_only_agents_that_count_in_all_four_arms_are_compared(make_run):
    arms = four(0.9, 0.5, 0.6, 0.5)
    arms["a"][0], arms["d"][3] = np.nan, np.nan
    run = make_run(arms, first_agents={"c": 2})
    verdict = run.verdict(CLAIM)
    a, b, c, d = arms["a"][2:], arms["b"][2:], arms["c"][:-2], arms["d"][2:]
    assert verdict.n == 13
    assert verdict.estimate == pytest.approx(np.nanmean(a - b - c + d))


def test_arms_without_a_number_in_common_leave_nothing_to_estimate(make_run):
    verdict = make_run(four(0.9, 0.5, 0.6, 0.5), first_agents={"c": 99}).verdict(CLAIM)
    assert verdict.outcome is Outcome.UNDERPOWERED
    assert verdict.n == 0


def test_the_rule_names_arms_and_threshold_and_refuses_three_arms():
    rule = CLAIM.rule()
    named = ("('a' minus 'b') minus ('c' minus 'd')", "above 0.1", ON)
    assert [each for each in named if each not in rule] == []
    assert CLAIM.arms_needed() == ("a", "b", "c", "d")
    with pytest.raises(ValueError, match="four different arms"):
        dataclasses.replace(CLAIM, others=("a", "c"))
