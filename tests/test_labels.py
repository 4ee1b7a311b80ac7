import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from goalscope.evidence import Evidence
from goalscope.labels import clears, label

VALUES = arrays.arrays(
    np.float64, (3, 4, 2), elements=st.floats(0, 1, width=16) | st.just(np.nan)
)


def reading(values: np.ndarray) -> Evidence:
    return Evidence(
        arm="alpha=0",
        instrument="goal_posterior",
        reading="cheese",
        unit="probability",
        values=values,
        lower=values,
        upper=values,
        control=values,
        ceiling=values,
        checks=np.zeros((*values.shape, 0), bool),
        check_names=(),
        count=np.ones(values.shape, int),
        included=np.ones(len(values), bool),
    )


def slow_label(values: list[float], threshold: float) -> int:
    best = -1
    for i, value in enumerate(values):
        if value >= threshold and (best < 0 or value > values[best]):
            best = i
    return best


@given(VALUES, st.sampled_from([0.0, 0.5, 0.95]))
def test_label_is_the_largest_reading_that_convicts(values: np.ndarray, threshold: float):
    found = label([reading(v) for v in values], threshold)
    for n, c in np.ndindex(4, 2):
        assert found[n, c] == slow_label(values[:, n, c].tolist(), threshold)


def test_label_of_agents_drawn_by_hand():
    cheese = reading(np.array([[0.1, 0.96], [0.5, 0.97], [np.nan, np.nan]]))
    corner = reading(np.array([[0.9, 0.01], [0.5, 0.99], [0.2, 1.0]]))
    assert label([cheese, corner]).tolist() == [[-1, 0], [-1, 1], [-1, 1]]


def test_labels_need_readings_of_one_shape():
    one = reading(np.zeros((3, 2)))
    other = dataclasses.replace(reading(np.zeros((3, 1))), reading="corner")
    for readings in ([], [one, other]):
        with pytest.raises(ValueError, match="all of one shape"):
            label(readings)


def test_an_interval_that_crosses_the_bar_names_nobody():
    sure = reading(np.array([[0.97], [0.97], [0.96]]))
    crossing = dataclasses.replace(sure, lower=np.array([[0.95], [0.4], [np.nan]]))
    assert label([crossing]).tolist() == [[0], [-1], [-1]]
    assert label([sure]).tolist() == [[0], [0], [0]]


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.5, 0.75, 0.95]))
def test_whoever_is_convicted_reads_the_bar_or_more_throughout(
    value: float, lower: float, bar: float
):
    assert bool(clears(value, lower, bar)) == (min(value, lower) >= bar - 1e-6)
