"""Charts as data: what is drawn where."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.report.chart_parts import domain, log_like, rows
from goalscope.report.dose_chart import Curve, Shape, dose_chart
from goalscope.report.training_chart import Lane, Line, training_chart
from goalscope.statistics.intervals import UNKNOWN, Interval

DOSES = [0.0, 0.01, 0.1, 1.0]


def curve(shape: Shape = "circle", n: int = 5) -> Curve:
    values = [[0.1 * dose + 0.01 * agent for agent in range(n)] for dose in DOSES]
    intervals = [Interval(0.2, 0.1, 0.3) for _ in DOSES]
    return Curve("red", shape, DOSES, intervals, values)


def data(layer: dict) -> list[dict[str, float]]:
    return layer["data"]["values"]


def warped(x: float, constant: float) -> float:
    return math.copysign(math.log1p(abs(x) / constant), x)


def test_every_agent_is_a_dot_at_its_reading():
    agents = data(dose_chart([curve()], "α")["layer"][0])
    drawn = sorted(dot["estimate"] for dot in agents)
    assert drawn == pytest.approx(sorted(v for values in curve().values for v in values))


def test_marks_stay_near_their_dose_and_apart_from_each_other():
    chart = dose_chart([curve(), curve("triangle")], "α")
    span = warped(1.0, 0.01)
    left, right = ([mark["x"] for mark in data(chart["layer"][i])] for i in (1, 5))
    for dose, one, two in zip(DOSES, left, right, strict=True):
        at = warped(dose, 0.01)
        assert (
            at - 0.05 * span < warped(one, 0.01) < at < warped(two, 0.01) < at + 0.05 * span
        )


def test_missing_means_leave_gaps_and_missing_bounds_leave_points():
    found = rows(
        [0.0, 1.0, 2.0],
        [UNKNOWN, Interval(0.5, math.nan, math.nan), Interval(1.0, 0.0, math.inf)],
    )
    assert [sorted(row) for row in found] == [["estimate", "x"], ["estimate", "lower", "x"]]


def test_charts_are_json_without_text_of_a_result():
    lanes = [
        Lane("share", 90, [Line("red", [0.0, 1.0], [UNKNOWN, Interval(1.0, 0.0, 2.0)])])
    ]
    for chart in (training_chart(lanes), dose_chart([curve()], "α")):
        json.dumps(chart, allow_nan=False)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8))
def test_ticks_lie_on_the_axis(values: list[float]):
    scale, ticks = log_like(values)
    assert ticks == sorted(ticks)
    assert ticks[-1] <= max(values) or scale["type"] == "linear"
    assert scale["type"] == "linear" or scale["constant"] > 0


def test_wide_ranges_are_log_like_and_narrow_ones_linear():
    assert log_like([0.0, 0.01, 1.0]) == (
        {"type": "symlog", "constant": 0.01, "nice": False}, [0.0, 0.01, 0.1, 1.0]
    )  # fmt: skip
    assert log_like([1.0, 3.0, 13.0])[0]["type"] == "linear"


@pytest.mark.parametrize(
    ("doses", "kind"),
    [
        ([0.0, 0.1, 1.0], "symlog"),
        ([1.0, 2.0, 4.0, 8.0, 16.0], "symlog"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 7.0], "linear"),
        ([float(dose) for dose in range(1, 21)], "linear"),
        ([0.0, 0.25, 0.5, 1.0], "linear"),
        ([-1.0, 0.1, 10.0], "linear"),
        ([0.0, 0.003, 1.0], "symlog"),
    ],
)
def test_doses_that_span_decades_are_on_a_log_axis(doses: list[float], kind: str):
    intervals = [Interval(0.2, 0.1, 0.3) for _ in doses]
    chart = dose_chart([Curve("red", "circle", doses, intervals, [[0.2]] * len(doses))])
    assert chart["layer"][1]["encoding"]["x"]["scale"]["type"] == kind


def test_an_axis_holds_its_values():
    assert domain([0.2, math.nan], unit=True) == (0.0, 1.0)
    assert domain([-1.0, 3.0], unit=True) == (-1.0, 3.0)
    assert domain([], unit=False) == (0.0, 1.0)
    low, high = domain([2.0, 2.0], unit=False)
    assert low < 2 < high


def test_lanes_share_one_labelled_axis():
    line = Line("red", np.geomspace(1, 1000, 4).tolist(), [Interval(0.5, 0.4, 0.6)] * 4)
    chart = training_chart([Lane("a", 50, [line]), Lane("b", 50, [line])])
    axes = [view["layer"][0]["encoding"]["x"]["axis"] for view in chart["vconcat"]]
    assert [axis["title"] for axis in axes] == [None, "updates"]
