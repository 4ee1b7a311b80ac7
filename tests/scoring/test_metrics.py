"""Numbers about readings, against loops, closed forms and simulations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from goalscope.scoring.metrics import (
    auc,
    coverage,
    dose_trend,
    false_rate,
    measured_mean,
    rank_correlation,
    rank_interval,
)
from goalscope.statistics.intervals import UNKNOWN

NOTHING = np.zeros(0)
FEW = st.lists(st.integers(-2, 2).map(float) | st.just(math.nan), min_size=1, max_size=7)


def area_by_counting(positives: list[float], negatives: list[float]) -> float:
    """Return the share of pairs that are in order, ties half; NaN is below anything."""
    total = 0.0
    for ours in positives:
        for theirs in negatives:
            first = -math.inf if math.isnan(ours) else ours
            second = -math.inf if math.isnan(theirs) else theirs
            total += 1.0 if first > second else 0.5 if first == second else 0.0
    return total / (len(positives) * len(negatives))


@given(FEW, FEW)
def test_auc_counts_pairs_in_order(positives: list[float], negatives: list[float]):
    found = auc(np.array(positives), np.array(negatives))
    assert found.estimate == pytest.approx(area_by_counting(positives, negatives))
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1


@given(FEW, FEW)
def test_auc_turned_round_is_its_complement(positives: list[float], negatives: list[float]):
    ours, theirs = np.array(positives), np.array(negatives)
    there, back = auc(ours, theirs), auc(theirs, ours)
    assert (1 - back.estimate, 1 - back.upper, 1 - back.lower) == pytest.approx(
        (there.estimate, there.lower, there.upper)
    )


@given(FEW, FEW)
def test_auc_is_of_ranks_only(positives: list[float], negatives: list[float]):
    ours, theirs = np.array(positives), np.array(negatives)
    assert auc(np.exp(ours) - 3, np.exp(theirs) - 3) == auc(ours, theirs)


def test_auc_is_the_statistic_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(1, 1, 40), rng.normal(0, 2, 25)
    statistic = stats.mannwhitneyu(ours, theirs).statistic
    assert auc(ours, theirs).estimate == pytest.approx(statistic / (40 * 25))


def test_bounds_of_auc_lie_where_the_estimate_is_just_compatible():
    """Hanley and McNeil's variance, with both sizes replaced by their mean."""
    rng = np.random.default_rng(1)
    found = auc(rng.normal(1.5, 1, 30), rng.normal(0, 1, 50))
    for true in (found.lower, found.upper):
        both_below, both_above = true / (2 - true), 2 * true**2 / (1 + true)
        variance = true * (1 - true) + 39 * (both_below + both_above - 2 * true**2)
        distance = abs(found.estimate - true) / math.sqrt(variance / (30 * 50))
        assert distance == pytest.approx(1.96, rel=1e-6)


def test_perfect_separation_is_no_certainty():
    lower = [auc(np.ones(n), np.zeros(n)).lower for n in (4, 16, 64, 256)]
    assert lower == sorted(lower)
    assert lower[0] < 0.6
    assert 0.99 < lower[-1] < 1
    assert auc(np.ones(4), np.zeros(4)).upper == 1


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_intervals_of_auc_cover_the_truth(shift: float):
    rng = np.random.default_rng(2)
    true = stats.norm.cdf(shift / math.sqrt(2))
    found = [auc(rng.normal(shift, 1, 32), rng.normal(0, 1, 32)) for _ in range(400)]
    held = np.mean([interval.lower <= true <= interval.upper for interval in found])
    assert 0.92 <= held <= 0.99


def test_without_agents_nothing_is_known():
    assert auc(NOTHING, np.ones(3)) == auc(np.ones(3), NOTHING) == UNKNOWN
    assert coverage(NOTHING, NOTHING, NOTHING) == UNKNOWN
    assert false_rate(np.zeros(0, bool)) == UNKNOWN
    assert math.isnan(measured_mean(NOTHING))


@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=20))
def test_coverage_counts_intervals_that_hold_the_truth(cases: list[tuple[int, ...]]):
    lower, upper, truth = np.array(cases, float).T
    held = sum(low <= true <= high for low, high, true in cases)
    found = coverage(lower, upper, truth)
    exact = stats.binomtest(held, len(cases)).proportion_ci(0.95, method="exact")
    assert found.estimate == held / len(cases)
    assert (found.lower, found.upper) == pytest.approx((exact.low, exact.high))


def test_an_interval_that_is_missing_holds_nothing():
    missing = np.full(3, np.nan)
    assert coverage(missing, missing, np.ones(3)).estimate == 0
    assert coverage(np.zeros(3), missing, np.ones(3)).estimate == 0


def test_truths_are_held_in_single_precision():
    truth = np.array([0.9, 1e6 + 0.1, math.inf, 0.9])
    single = truth.astype(np.float32).astype(float)
    assert coverage(single, single, truth).estimate == 1
    assert coverage(single + 1e-3, single + 2e-3, truth).estimate == pytest.approx(0.5)


def trend_by_counting(levels: list[float]) -> float:
    """Return Kendall's τ_b of values against their places, from all pairs."""
    pairs = [(a, b) for i, a in enumerate(levels) for b in levels[i + 1 :]]
    signs = [np.sign(b - a) for a, b in pairs]
    untied = sum(sign != 0 for sign in signs)
    return sum(signs) / math.sqrt(untied * len(pairs)) if untied else math.nan


@given(st.lists(st.integers(0, 4).map(float), min_size=2, max_size=8))
def test_trends_are_those_of_the_means_at_each_dose(means: list[float]):
    doses = np.repeat(np.arange(len(means)) ** 2.0, 2)
    around = np.tile([-0.3, 0.3], len(means))
    found = dose_trend(doses, np.repeat(means, 2) + around)
    assert found == pytest.approx(trend_by_counting(means), nan_ok=True)


def test_a_trend_needs_two_doses_and_a_reading_at_each():
    assert math.isnan(dose_trend(np.ones(4), np.arange(4.0)))
    doses = np.array([1.0, 1.0, 2.0, 3.0])
    assert math.isnan(dose_trend(doses, np.array([0.0, 1.0, np.nan, 2.0])))
    assert dose_trend(doses, np.array([np.nan, 0.0, 1.0, 2.0])) == 1
    assert dose_trend(doses, np.array([0.0, 0.1, -1.0, -2.0])) == -1


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=4, max_size=12))
def test_rank_correlation_is_the_correlation_of_ranks(pairs: list[tuple[int, int]]):
    doses, values = np.array(pairs, float).T
    found = rank_correlation(doses, values)
    if np.ptp(doses) == 0 or np.ptp(values) == 0:
        assert found == 0
    else:
        ranks = stats.rankdata(doses), stats.rankdata(values)
        assert found == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12)


def test_agents_without_a_reading_do_not_correlate():
    doses = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert rank_correlation(doses, np.array([1.0, 2.0, 3.0, 4.0, np.nan])) == 1
    assert math.isnan(rank_correlation(doses, np.array([1.0, 2.0, 3.0, np.nan, np.nan])))


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.8])
def test_intervals_of_rank_correlation_cover_the_truth(strength: float):
    rng = np.random.default_rng(3)
    true = 6 / math.pi * math.asin(strength / 2)
    held = []
    for _ in range(400):
        doses, noise = rng.normal(size=(2, 32))
        values = strength * doses + math.sqrt(1 - strength**2) * noise
        found = rank_interval(rank_correlation(doses, values), 32)
        held.append(found.lower <= true <= found.upper)
    assert 0.92 <= np.mean(held) <= 0.98


def test_intervals_of_rank_correlation_stay_inside_and_need_agents():
    for correlation in (-1.0, 0.0, 1.0):
        found = rank_interval(correlation, 5)
        assert -1 <= found.lower <= found.upper <= 1
    assert rank_interval(0.5, 3) == rank_interval(math.nan, 30) == UNKNOWN


@pytest.mark.parametrize("n", [1, 20, 208])
def test_no_false_conviction_has_the_limit_of_the_textbooks(n: int):
    found = false_rate(np.zeros(n, bool))
    assert (found.estimate, found.lower) == (0, 0)
    assert found.upper == pytest.approx(1 - 0.05 ** (1 / n))
    assert false_rate(np.arange(n) < 1).upper > found.upper


def test_means_are_over_what_was_measured():
    assert measured_mean(np.array([1.0, np.nan, 3.0])) == 2
    assert math.isnan(measured_mean(np.full(2, np.nan)))
