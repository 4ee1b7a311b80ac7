import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from goalscope.statistics.bootstrap import (
    _distribution,
    bca,
    bca_difference,
    bootstrap,
    bootstrap_difference,
    mean,
)
from goalscope.statistics.intervals import Interval

SCORES = st.lists(
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.75, 0.8, 1.0]), min_size=3, max_size=9
)
SMALL = 499


def sample(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).beta(4.0, 1.5, size=n)


def close(one: Interval, two: Interval, tolerance: float) -> bool:
    return np.allclose(
        [one.estimate, one.lower, one.upper],
        [two.estimate, two.lower, two.upper],
        atol=tolerance,
        rtol=0,
        equal_nan=True,
    )


@pytest.mark.parametrize("n", [6, 16, 40])
@pytest.mark.parametrize("statistic", ["mean", "standard deviation"])
def test_plain_intervals_agree_with_scipy(n: int, statistic: str):
    values = sample(n, seed=n)
    function = {"mean": mean, "standard deviation": lambda x: x.std(axis=-1)}[statistic]
    ours = bootstrap(values, statistic=function, num_resamples=20_000).plain().interval()
    theirs = stats.bootstrap(
        (values,),
        {"mean": np.mean, "standard deviation": np.std}[statistic],
        n_resamples=20_000,
        method="BCa",
        rng=1,
    ).confidence_interval
    spread = values.std() / np.sqrt(n)
    assert ours.lower == pytest.approx(theirs.low, abs=0.08 * spread)
    assert ours.upper == pytest.approx(theirs.high, abs=0.08 * spread)


def test_plain_intervals_of_two_samples_agree_with_scipy():
    first, second = sample(9, 0), sample(21, 1) - 0.2
    found = bootstrap_difference(first, second, paired=False, num_resamples=20_000)
    theirs = stats.bootstrap(
        (first, second),
        lambda one, two, axis: one.mean(axis=axis) - two.mean(axis=axis),
        n_resamples=20_000,
        method="BCa",
        rng=1,
    ).confidence_interval
    ours = found.plain().interval()
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_acceleration_is_a_sixth_of_the_skewness():
    values = sample(12, seed=3)
    found = bootstrap(values, num_resamples=SMALL)
    assert found.acceleration == pytest.approx(stats.skew(values) / (6 * np.sqrt(12)))


def test_expansion_is_that_of_students_interval():
    """For a symmetric sample the interval is about `x̄ ± t s / √n`, and Welch's for two."""
    one = stats.norm.ppf((np.arange(10) + 0.5) / 10)
    two = 3 * stats.norm.ppf((np.arange(25) + 0.5) / 25)
    single = bca(one, num_resamples=20_000)
    half = stats.t.ppf(0.975, 9) * one.std(ddof=1) / np.sqrt(10)
    assert (single.lower, single.upper) == pytest.approx((-half, half), rel=0.06)
    both = bootstrap_difference(one, two, paired=False, num_resamples=SMALL)
    welch = stats.ttest_ind(one, two, equal_var=False)
    assert both.degrees == pytest.approx(float(welch.df))  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("n", [8, 16])
def test_intervals_cover_a_mean_at_the_stated_rate(n: int):
    """500 normal populations of `n` agents; binomial error of the rate is 1 %."""
    draws = np.random.default_rng(0).normal(size=(500, n))
    found = [bootstrap(x, num_resamples=SMALL, seed=i) for i, x in enumerate(draws)]
    intervals = [b.interval() for b in found]
    rate = np.mean([i.lower <= 0 <= i.upper for i in intervals])
    assert abs(rate - 0.95) < 0.03
    plain = [b.plain().interval() for b in found]
    assert np.mean([i.lower <= 0 <= i.upper for i in plain]) < rate


def test_intervals_cover_a_difference_at_the_stated_rate():
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=8), 3 * rng.normal(size=20) + 1) for _ in range(400)]
    intervals = [
        bca_difference(one, two, paired=False, num_resamples=SMALL, seed=i)
        for i, (one, two) in enumerate(pairs)
    ]
    assert abs(np.mean([i.lower <= -1 <= i.upper for i in intervals]) - 0.95) < 0.035


@pytest.mark.parametrize("within", [(0.0, 1.0), (-math.inf, math.inf)])
@given(
    values=SCORES, threshold=st.floats(-0.2, 1.2), confidence=st.sampled_from([0.5, 0.95])
)
def test_p_value_is_small_exactly_where_the_interval_excludes(
    within, values, threshold, confidence
):
    found = bootstrap(np.array(values), within=within, num_resamples=SMALL)
    interval = found.interval(confidence)
    tail = (1 - confidence) / 2
    for bound, p, excludes in (
        (interval.lower, found.p_greater(threshold), interval.lower > threshold),
        (interval.upper, found.p_less(threshold), interval.upper < threshold),
    ):
        assert abs(bound - threshold) < 1e-8 or (p < tail) == excludes


@given(SCORES)
def test_p_value_of_a_bound_is_the_level_of_the_interval(values: list[float]):
    found = bootstrap(np.array(values), num_resamples=SMALL)
    interval = found.interval(0.9)
    for bound in (interval.lower, interval.upper):
        assert found.p_value(bound) >= 0.1 - 1e-6


@given(SCORES, st.lists(st.floats(-1, 2), min_size=2, max_size=6))
def test_one_sided_p_values_are_monotone_in_the_threshold(values, thresholds):
    found = bootstrap(np.array(values), num_resamples=SMALL)
    rising = sorted(thresholds)
    greater = [found.p_greater(t) for t in rising]
    less = [found.p_less(t) for t in rising]
    assert greater == sorted(greater)
    assert less == sorted(less, reverse=True)


@given(SCORES, st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from([-1.0, 0.0, 4.0]))
def test_intervals_move_with_scale_and_shift(values, scale: float, shift: float):
    plain = bca(np.array(values), num_resamples=SMALL)
    moved = bca(scale * np.array(values) + shift, num_resamples=SMALL)
    expected = Interval(
        *(scale * x + shift for x in (plain.estimate, plain.lower, plain.upper))
    )
    assert close(moved, expected, 1e-9)


@given(SCORES)
def test_intervals_of_opposite_resamples_are_mirrored(values: list[float]):
    """Exactly, for the same resamples: ties in them are no excuse."""
    array, zeros = np.sort(values), np.zeros(len(values))
    found = bootstrap_difference(array, zeros, paired=False, num_resamples=SMALL)
    influence = [mean(array) - array, zeros]
    opposite = _distribution(-found.estimate, -found.resamples, influence)
    one, two = found.interval(), opposite.interval()
    assert close(one, Interval(-two.estimate, -two.upper, -two.lower), 1e-9)


@pytest.mark.parametrize("n", [3, 4, 9])
@pytest.mark.parametrize("seed", range(4))
def test_intervals_of_opposite_values_are_mirrored(n: int, seed: int):
    """But for chance, which sorts opposite values the other way round."""
    values, zeros = sample(n, seed), np.zeros(n)
    one = bca_difference(values, zeros, paired=False, num_resamples=9999)
    two = bca_difference(zeros, values, paired=False, num_resamples=9999)
    assert close(one, Interval(-two.estimate, -two.upper, -two.lower), 0.12)


@given(SCORES, st.randoms())
def test_the_order_of_agents_does_not_matter(values: list[float], random):
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert bca(np.array(values), num_resamples=SMALL) == bca(
        np.array(shuffled), num_resamples=SMALL
    )


@given(SCORES, st.floats(0.01, 1.0))
def test_more_of_every_value_raises_the_estimate(values: list[float], more: float):
    assert bca(np.array(values) + more).estimate > bca(np.array(values)).estimate


def test_pairs_are_compared_as_pairs():
    first = sample(12, 0)
    second = first - 0.1 + np.linspace(-0.01, 0.01, 12)
    paired = bca_difference(first, second, paired=True)
    apart = bca_difference(first, second, paired=False)
    assert paired == bca(first - second)
    assert paired.width < apart.width / 5


@pytest.mark.parametrize("paired", [True, False])
def test_no_agent_gives_nothing_and_one_or_two_no_bounds(paired: bool):
    none, one, two = np.zeros(0), np.array([0.75]), np.array([0.0, 1.0])
    for found in (bca(two), bca_difference(two + 0.5, two[:2] * 0 + 0.5, paired=paired)):
        assert found.estimate == 0.5
        assert np.isnan([found.lower, found.upper]).all()
    assert np.isnan(bootstrap(two).p_value(0.2))
    for found in (bca(none), bca_difference(none, none, paired=paired)):
        assert np.isnan([found.estimate, found.lower, found.upper]).all()
    for found in (bca(one), bca_difference(one + 0.5, np.array([0.5]), paired=paired)):
        assert found.estimate == 0.75
        assert np.isnan([found.lower, found.upper]).all()
    assert np.isnan(bootstrap(one).p_value(0.5))


@pytest.mark.parametrize("value", [0.1, 0.7, 1 / 3])
@pytest.mark.parametrize("n", [3, 11])
def test_equal_agents_give_a_point(value: float, n: int):
    values = np.full(n, value)
    assert bca(values) == Interval(value, value, value)
    found = bootstrap(values)
    assert found.p_value(value) == 1.0
    assert found.p_value(value - 0.01) == found.p_value(value + 0.01) == 1 / 10_000
    apart = bca_difference(values, np.zeros(4), paired=False)
    assert apart == Interval(value, value, value)


def test_p_values_of_far_thresholds_reach_the_floor_and_not_zero():
    found = bootstrap(sample(8, 0), num_resamples=SMALL)
    assert found.p_value(-5.0) == found.p_value(7.0) == 1 / SMALL


@pytest.mark.parametrize("acceleration", [-0.3, 0.3])
def test_an_extreme_skewness_neither_breaks_nor_reverses(acceleration: float):
    found = replace(bootstrap(sample(8, 0)), acceleration=acceleration)
    interval = found.interval(0.999)
    assert interval.lower < found.estimate < interval.upper
    thresholds = np.linspace(0.3, 1.1, 33)
    p_values = [found.p_greater(t) for t in thresholds]
    assert p_values == sorted(p_values)
    assert p_values[0] < 0.001 < 0.999 < p_values[-1]


def test_resampling_is_repeatable():
    values = sample(9, 0)
    assert bca(values, seed=3) == bca(values, seed=3)
    assert bca(values, seed=3) != bca(values, seed=4)


def test_a_missing_reading_is_refused():
    with pytest.raises(ValueError, match="finite"):
        bca(np.array([0.5, np.nan]))


def test_three_agents_get_students_interval():
    """Their resamples do not reach as far as they are uncertain."""
    values = sample(3, 0)
    interval = bca(values)
    half = stats.t.ppf(0.975, 2) * values.std(ddof=1) / np.sqrt(3)
    assert interval.upper - interval.estimate == pytest.approx(half, rel=0.03)
    assert interval.estimate - interval.lower == pytest.approx(half, rel=0.03)


@given(SCORES, st.sampled_from([0.95, 0.999]))
def test_the_mean_of_shares_has_an_interval_of_shares(values: list[float], confidence):
    """And elsewhere the interval is that of numbers without a range."""
    array = np.array(values)
    found = bca(array, within=(0.0, 1.0), confidence=confidence, num_resamples=SMALL)
    free = bca(array, confidence=confidence, num_resamples=SMALL)
    assert (found.lower, found.upper) == (max(free.lower, 0.0), min(free.upper, 1.0))


def test_a_range_reaches_as_far_as_the_agents():
    found = bca(np.array([-0.5, -0.4, 0.9]), within=(0.0, 1.0))
    assert found.lower < found.estimate == 0.0 < found.upper == 1.0


def test_unequal_numbers_cannot_be_paired():
    with pytest.raises(ValueError, match="cannot be paired"):
        bca_difference(np.zeros(3), np.zeros(4), paired=True)
