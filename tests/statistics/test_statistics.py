import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from goalscope.statistics.intervals import (
    Interval,
    binomial_p_values,
    checked_confidence,
    clopper_pearson,
    holm,
    two_sided,
    wilson,
)

COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P_VALUES = st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=8)


def slow_holm(p_values: list[float]) -> list[float]:
    """Holm's procedure by its words: reject in order, stop at the first that stands."""
    known = [1.0 if np.isnan(p) else p for p in p_values]
    adjusted = []
    for i, p in enumerate(known):
        before = [(q, j) for j, q in enumerate(known) if (q, j) <= (p, i)]
        ranked = sorted(before)
        scaled = [min(1.0, (len(known) - rank) * q) for rank, (q, _) in enumerate(ranked)]
        adjusted.append(float("nan") if np.isnan(p_values[i]) else max(scaled))
    return adjusted


@given(COUNTS)
def test_wilson_agrees_with_scipy(counts: tuple[int, int]):
    successes, n = counts
    if n == 0:
        return
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    interval = wilson(successes, n)
    assert interval.lower == pytest.approx(expected.low, abs=1e-12)
    assert interval.upper == pytest.approx(expected.high, abs=1e-12)


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_clopper_pearson_agrees_with_scipy(counts: tuple[int, int], confidence: float):
    successes, n = counts
    if n == 0:
        return
    expected = stats.binomtest(successes, n).proportion_ci(confidence, method="exact")
    interval = clopper_pearson(successes, n, confidence)
    assert interval.lower == pytest.approx(expected.low, abs=1e-9)
    assert interval.upper == pytest.approx(expected.high, abs=1e-9)


@pytest.mark.parametrize("n", [8, 16, 48])
def test_intervals_of_a_proportion_cover_at_the_stated_rate(n: int):
    """By summing the binomial distribution: Wilson on average, the other always."""
    shares = np.linspace(0.005, 0.995, 199)
    mass = stats.binom.pmf(np.arange(n + 1)[:, None], n, shares)

    def coverage(intervals: list[Interval]) -> np.ndarray:
        lower = np.array([i.lower for i in intervals])[:, None]
        upper = np.array([i.upper for i in intervals])[:, None]
        return (mass * ((lower <= shares) & (shares <= upper))).sum(axis=0)

    assert 0.94 < coverage([wilson(k, n) for k in range(n + 1)]).mean() < 0.97
    assert coverage([clopper_pearson(k, n) for k in range(n + 1)]).min() >= 0.95


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
@given(COUNTS)
def test_intervals_of_a_proportion_rise_with_the_successes(interval, counts):
    successes, n = counts
    if successes == n:
        return
    less, more = interval(successes, n), interval(successes + 1, n)
    assert 0 <= less.lower <= less.estimate <= less.upper <= 1
    assert less.lower <= more.lower
    assert less.upper <= more.upper


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_no_observations_are_not_nought_per_cent(interval):
    nothing = interval(0, 0)
    assert np.isnan([nothing.estimate, nothing.lower, nothing.upper]).all()


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_extreme_counts_reach_the_edges_exactly(interval):
    assert interval(0, 7).lower == 0.0
    assert interval(7, 7).upper == 1.0


@given(COUNTS, st.floats(0.05, 0.95))
def test_binomial_p_values_agree_with_scipy(counts: tuple[int, int], share: float):
    successes, n = counts
    if n == 0:
        return
    greater, less = binomial_p_values(successes, n, share)
    for given_p, side in ((greater, "greater"), (less, "less")):
        expected = stats.binomtest(successes, n, share, alternative=side).pvalue
        assert given_p == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert two_sided(greater, less) == min(1.0, 2 * min(greater, less))


@given(P_VALUES)
def test_holm_agrees_with_the_procedure_in_words(p_values: list[float]):
    found = holm(np.array(p_values, dtype=float))
    np.testing.assert_allclose(found, slow_holm(p_values), rtol=1e-12)


@given(P_VALUES, st.randoms())
def test_holm_does_not_depend_on_the_order_of_claims(p_values: list[float], random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    values = np.array(p_values, dtype=float)
    np.testing.assert_array_equal(holm(values)[order], holm(values[order]))


@given(P_VALUES)
def test_holm_lies_between_the_raw_and_the_bonferroni_p_value(p_values: list[float]):
    values = np.array(p_values, dtype=float)
    found = holm(values)
    known = ~np.isnan(values)
    assert (found[known] >= values[known]).all()
    assert (found[known] <= np.minimum(1.0, len(values) * values[known])).all()


def test_holm_controls_the_family_under_the_null():
    """Of 2,000 families of five true nulls, about 5 % see a false rejection."""
    families = np.random.default_rng(0).uniform(size=(2000, 5))
    errors = np.mean([(holm(family) < 0.05).any() for family in families])
    assert errors < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_width_of_a_point_is_zero_even_at_infinity():
    assert Interval(np.inf, np.inf, np.inf).width == 0.0
    assert Interval(0.5, 0.25, 1.0).width == 0.75


@pytest.mark.parametrize("counts", [(-1, 4), (5, 4)])
def test_impossible_counts_are_refused(counts: tuple[int, int]):
    for function in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="successes"):
            function(*counts)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_outside_nought_to_one_is_refused(confidence: float):
    with pytest.raises(ValueError, match=r"like 0\.95"):
        checked_confidence(confidence)
