"""The product-limit estimate against examples worked by hand, and its laws."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.report.plot_kaplan_meier import kaplan_meier, watched_until
from goalscope.statistics.intervals import wilson

# Remission of leukaemia in weeks under 6-mercaptopurine, a plus where it lasted on:
# Freireich et al. (1963), worked through in every textbook of survival analysis.
WEEKS = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
TIMES = np.array([float(week.rstrip("+")) for week in WEEKS.split(" ")])
HAPPENED = np.array([not week.endswith("+") for week in WEEKS.split(" ")])
REMISSION = {  # week: at risk, share, Greenwood's standard error
    6: (21, 0.857, 0.0764), 7: (17, 0.807, 0.0869), 10: (15, 0.753, 0.0963),
    13: (12, 0.690, 0.1068), 16: (11, 0.627, 0.1141), 22: (7, 0.538, 0.1282),
    23: (6, 0.448, 0.1346),
}  # fmt: skip

waits = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=20)


def steps(pairs: list[tuple[int, bool]]):
    return kaplan_meier(
        np.array([float(time) for time, _ in pairs]), np.array([hit for _, hit in pairs])
    )


def test_remission_times_give_the_published_table():
    first, *found = kaplan_meier(TIMES, HAPPENED)
    assert (first.time, first.share.estimate) == (0.0, 1.0)
    assert [step.time for step in found] == list(REMISSION)
    for step in found:
        at_risk, share, error = REMISSION[int(step.time)]
        assert step.at_risk == at_risk
        assert step.share.estimate == pytest.approx(share, abs=6e-4)
        assert step.error == pytest.approx(error, abs=6e-5)


def test_an_example_of_four_by_hand():
    # 4 at risk at 1: 3/4; one lost at 2; 2 at risk at 3: 3/4 * 1/2.
    found = steps([(1, True), (2, False), (3, True), (4, False)])
    assert [step.share.estimate for step in found] == [1.0, 0.75, 0.375]
    assert found[1].error == pytest.approx(0.75 * np.sqrt(1 / (4 * 3)))
    assert found[2].error == pytest.approx(0.375 * np.sqrt(1 / 12 + 1 / 2))


@given(waits)
def test_the_share_falls_and_its_interval_holds_it(pairs):
    found = steps(pairs)
    shares = [step.share for step in found]
    assert shares[0].estimate == 1.0
    assert all(a.estimate > b.estimate for a, b in pairwise(shares))
    for share in shares:
        assert 0 <= share.lower <= share.estimate <= share.upper <= 1
    assert sum(step.happened for step in found) == sum(hit for _, hit in pairs)


@given(waits, st.randoms(use_true_random=False))
def test_the_order_of_agents_does_not_matter(pairs, generator):
    mixed = list(pairs)
    generator.shuffle(mixed)
    assert steps(mixed) == steps(pairs)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(1, 9))
def test_watched_alike_it_is_the_share_that_is_left(times, until):
    values = np.array([float(time) if time < 8 else np.inf for time in times])
    found = kaplan_meier(*watched_until(values, float(until)))
    for step in found:
        left = int((values > step.time).sum())
        assert step.share.estimate == pytest.approx(left / len(values))
        expected = wilson(left, len(values))
        assert step.share.lower == pytest.approx(expected.lower, abs=1e-9)
        assert step.share.upper == pytest.approx(expected.upper, abs=1e-9)


def test_never_is_not_yet_and_nan_is_nobody():
    times, happened = watched_until(np.array([3.0, np.inf, np.nan, 12.0, 10.0]), 10.0)
    assert times.tolist() == [3.0, 10.0, 10.0, 10.0]
    assert happened.tolist() == [True, False, False, True]


def test_nobody_has_no_curve():
    assert kaplan_meier(np.zeros(0), np.zeros(0, bool)) == ()
