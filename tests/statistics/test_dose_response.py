import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from goalscope.statistics.distribution import Bootstrap
from goalscope.statistics.dose_response import (
    bootstrap_crossing,
    check_doses,
    crossing,
    isotonic,
)

MEANS = st.lists(st.floats(0, 1), min_size=2, max_size=7)
DOSES = np.array([0.0, 0.01, 0.03, 0.1, 0.3, 1.0])
TRUE = np.array([0.01, 0.12, 0.35, 0.71, 0.91, 0.98])


def slow_crossing(doses: np.ndarray, means: np.ndarray, level: float) -> float:
    curve = isotonic_regression(means).x
    if curve[0] > level:
        return -np.inf
    if curve[0] == level:
        return float(doses[0])
    for i in range(1, len(doses)):
        if curve[i] >= level:
            axis = doses if doses[i - 1] == 0 else np.log(np.maximum(doses, 1e-300))
            share = (level - curve[i - 1]) / (curve[i] - curve[i - 1])
            found = axis[i - 1] + share * (axis[i] - axis[i - 1])
            return float(found if doses[i - 1] == 0 else np.exp(found))
    return np.inf


def agents(n: int, correlation: float, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    own, common = rng.normal(size=(n, len(DOSES))), rng.normal(size=(n, 1))
    noise = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return list((TRUE + 0.15 * noise).T)


@given(MEANS)
def test_isotonic_agrees_with_scipy(means: list[float]):
    expected = isotonic_regression(np.array(means)).x
    np.testing.assert_allclose(isotonic(np.array(means)), expected, atol=1e-12)


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5))
@example([[0.0, 2.3e-309, 0.0, 0.0]])
def test_isotonic_and_crossing_treat_each_curve_alone(rows: list[list[float]]):
    batch, doses = np.array(rows), DOSES[:4]
    np.testing.assert_array_equal(isotonic(batch), np.stack([isotonic(r) for r in batch]))
    alone = np.stack([crossing(doses, row, 0.5) for row in batch])
    np.testing.assert_allclose(crossing(doses, batch, 0.5), alone, rtol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.sampled_from([0.2, 0.5, 0.9]))
def test_crossing_agrees_with_a_slow_search(means: list[float], level: float):
    found = float(crossing(DOSES, np.array(means), level))
    curve = isotonic(np.array(means))
    if np.abs(curve - level).min() > 1e-9:  # ties differ by rounding
        assert found == pytest.approx(
            slow_crossing(DOSES, np.array(means), level), rel=1e-6
        )


@pytest.mark.parametrize(
    ("means", "level", "expected"),
    [
        ([0.0, 0.5, 1.0], 0.25, 0.005),  # half of the way from 0 to 0.01
        ([0.0, 0.0, 1.0], 0.5, 0.1),  # half of the decades from 0.01 to 1
        ([0.0, 0.5, 1.0], 0.5, 0.01),
        ([0.5, 0.5, 1.0], 0.5, 0.0),
        ([0.6, 0.7, 1.0], 0.5, -np.inf),
        ([0.0, 0.2, 0.4], 0.5, np.inf),
        ([0.9, 0.9, 0.0], 0.5, -np.inf),  # a falling curve is flat once made to rise
    ],
)
def test_crossing_of_a_curve_drawn_by_hand(means, level: float, expected: float):
    found = crossing(np.array([0.0, 0.01, 1.0]), np.array(means), level)
    assert float(found) == pytest.approx(expected)


@given(MEANS, st.floats(0.01, 0.5))
def test_a_higher_curve_crosses_no_later(means: list[float], more: float):
    doses = np.geomspace(0.01, 1.0, len(means))
    later = float(crossing(doses, np.array(means), 0.5))
    assert float(crossing(doses, np.array(means) + more, 0.5)) <= later * (1 + 1e-9)


@pytest.mark.parametrize("doses", [[0.1], [0.2, 0.1], [0.1, 0.1], [-1.0, 0.5]])
def test_doses_that_make_no_curve_are_refused(doses: list[float]):
    with pytest.raises(ValueError, match="own dose"):
        check_doses(np.array(doses))


def coverage(*, shared: bool, correlation: float) -> float:
    truth = float(crossing(DOSES, TRUE, 0.5))
    intervals = [
        bootstrap_crossing(
            DOSES, agents(12, correlation, i), 0.5, shared=shared, num_resamples=299, seed=i
        ).interval()
        for i in range(250)
    ]
    return float(np.mean([i.lower <= truth <= i.upper for i in intervals]))


def test_crossing_intervals_cover_at_the_stated_rate():
    assert abs(coverage(shared=False, correlation=0.0) - 0.95) < 0.04


def test_agents_shared_between_arms_must_be_resampled_together():
    together = coverage(shared=True, correlation=0.8)
    assert abs(together - 0.95) < 0.04
    assert coverage(shared=False, correlation=0.8) < together - 0.03


@pytest.mark.parametrize("shared", [True, False])
def test_missing_agents_are_left_out_of_their_arm(shared: bool):
    columns = agents(10, 0.0, seed=0)
    columns[2][:4] = np.nan
    found = bootstrap_crossing(DOSES, columns, 0.5, shared=shared)
    means = np.array([np.nanmean(column) for column in columns])
    assert found.n == 6
    assert found.estimate == pytest.approx(float(crossing(DOSES, means, 0.5)))
    interval = found.interval()
    assert interval.lower < found.estimate < interval.upper


def test_draws_without_an_agent_in_some_arm_are_dropped():
    few = np.array([0.0, 0.1, 0.05, *(np.nan,) * 4])
    columns = [few, np.array([0.9, 1.0, 0.8, 0.9, 0.9, 0.8, 1.0])]
    found = bootstrap_crossing(np.array([0.1, 1.0]), columns, 0.5, shared=True)
    assert 0 < found.resamples.size < 10_000
    assert np.isfinite(found.resamples).all()


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_agents_for_a_curve_give_no_bounds(n: int):
    found = bootstrap_crossing(DOSES, [np.full(n, mean) for mean in TRUE], 0.5, shared=True)
    assert (found.n, found.resamples.size) == (n, 0)
    assert np.isnan(found.estimate) == (n == 0)
    assert np.isnan([found.interval().lower, found.p_value(0.1)]).all()


def test_a_curve_that_never_crosses_is_certain_of_it():
    columns = [np.array([0.0, 0.1, 0.2, 0.1])] * 6
    found = bootstrap_crossing(DOSES, columns, 0.5, shared=False)
    interval = found.interval()
    assert (interval.estimate, interval.lower, interval.upper) == (np.inf,) * 3
    assert found.p_value(0.1) == 1 / 10_000


def test_intervals_and_p_values_take_infinite_resamples():
    resamples = np.array([-np.inf, -np.inf, 0.2, 0.4, 0.6, np.inf, np.inf, np.inf])
    found = Bootstrap(0.5, 8, resamples)
    interval = found.interval(0.5)
    assert interval.lower <= 0.2
    assert interval.upper == np.inf
    assert found.p_greater(0.1) == pytest.approx(1.5 / 7)
    assert found.p_less(0.5) == pytest.approx(1 - 3.5 / 7)
    assert found.p_less(0.9) == pytest.approx(1 - 4.5 / 7)
    assert (found.interval(0.9999).lower, found.interval(0.9999).upper) == (-np.inf, np.inf)
