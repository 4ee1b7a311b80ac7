import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.claims.findings import Finding, beside, inside, nothing, smallest
from goalscope.statistics.bootstrap import bootstrap
from goalscope.statistics.distribution import Bootstrap

SHIFTS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=4)
EDGES = st.lists(st.floats(-0.6, 0.9), min_size=2, max_size=2, unique=True).map(sorted)


def agents(mean: float, seed: int) -> Bootstrap:
    values = np.random.default_rng(seed).normal(mean, 0.3, size=12)
    return bootstrap(values, num_resamples=999, seed=seed)


def margins(shifts: list[float], confidence: float = 0.95) -> Finding:
    conditions = [(str(i), agents(shift, i), 0.1) for i, shift in enumerate(shifts)]
    return smallest("score", conditions, confidence)


@given(SHIFTS)
def test_smallest_is_decided_exactly_where_its_p_value_is_small(shifts: list[float]):
    found = margins(shifts)
    assert (found.p_value < 0.05) == (found.supports or found.refutes)
    assert not (found.supports and found.refutes)


@given(EDGES)
def test_inside_is_decided_exactly_where_its_p_value_is_small(edges: list[float]):
    found = inside("dose", agents(0.1, 0), (edges[0], edges[1]), 0.95)
    assert (found.p_value < 0.05) == (found.supports or found.refutes)


@given(st.floats(-0.5, 0.5))
def test_smallest_of_one_is_an_ordinary_claim(shift: float):
    one, bar = agents(shift, 0), 0.1
    plain = beside("mean", "score", one, bar, above=True, confidence=0.95)
    found = margins([shift])
    assert found.p_value == plain.p_value
    assert found.interval.lower == plain.interval.lower - bar
    assert found.interval.upper == pytest.approx(plain.interval.upper - bar)
    assert (found.supports, found.refutes) == (plain.supports, plain.refutes)


@given(SHIFTS)
def test_smallest_takes_the_lowest_bounds_and_corrects_the_upper(shifts: list[float]):
    found = margins(shifts)
    each = [agents(shift, i) for i, shift in enumerate(shifts)]
    strict = 1 - 0.05 / len(each)
    assert found.interval.lower == min(b.interval().lower for b in each) - 0.1
    assert found.interval.upper == min(b.interval(strict).upper for b in each) - 0.1


@given(SHIFTS)
def test_p_value_of_the_smallest_is_corrected_against_the_claim_only(shifts: list[float]):
    each = [agents(shift, i) for i, shift in enumerate(shifts)]
    for_it = max(found.p_greater(0.1) for found in each)
    against_it = len(each) * min(found.p_less(0.1) for found in each)
    assert margins(shifts).p_value == min(1.0, 2 * for_it, 2 * against_it)


def test_smallest_covers_the_smallest_margin_where_all_are_equal():
    """The hardest case for the upper bound: uncorrected, one in seven would fail."""
    rng = np.random.default_rng(0)
    covered = []
    for i in range(150):
        found = [bootstrap(x, num_resamples=299, seed=i) for x in rng.normal(size=(6, 10))]
        interval = smallest("score", [("x", b, 0.0) for b in found], 0.95).interval
        covered.append(interval.lower <= 0 <= interval.upper)
    assert np.mean(covered) > 0.93


@pytest.mark.parametrize(
    ("between", "supports", "refutes"),
    [
        ((-1.0, 1.0), True, False),
        ((0.0, 1.0), False, False),
        ((-1.0, 0.1), False, False),
        ((0.7, 1.0), False, True),
        ((-1.0, -0.5), False, True),
    ],
)
def test_inside_lies_within_beside_or_across(between, supports: bool, refutes: bool):
    found = inside("dose", agents(0.1, 0), between, 0.95)
    assert (found.supports, found.refutes) == (supports, refutes)


@pytest.mark.parametrize(
    ("resamples", "width"),
    [
        ([0.1, 0.1, 0.1], 0.0),
        ([np.inf, np.inf, np.inf], 0.0),
        ([0.01, 0.1, 1.0], 2.0),
        ([0.0, 0.0, 1.0], math.inf),
        ([0.1, 0.1, np.inf], math.inf),
    ],
)
def test_widths_of_doses_are_decades(resamples: list[float], width: float):
    found = Bootstrap(resamples[1], 8, np.repeat(np.array(resamples), 40))
    assert inside("dose", found, (0.01, 0.1), 0.95).width == pytest.approx(width)


def test_nothing_is_neither_for_nor_against():
    found = nothing("mean")
    assert (found.n, found.supports, found.refutes) == (0, False, False)
    assert math.isnan(found.interval.estimate)
