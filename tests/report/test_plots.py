"""Pictures that experiments ask for: each from numbers that are known."""

import dataclasses
import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report import computed
from tests.report.computed import (
    CURVES,
    NEVER,
    PHASE,
    SIMPLEX,
    SURVIVAL,
    TRAINING,
    Condition,
    agents,
)

from goalscope.plots import AbstractPlot, FactorCurves
from goalscope.report.figure import Figure
from goalscope.report.plot_boundary import inside, position
from goalscope.report.plot_curves import factor_lines
from goalscope.report.plot_data import panels
from goalscope.report.plot_phase_chart import Colors
from goalscope.report.plot_section import plot_figure, plot_section
from goalscope.report.plot_training import MAX_PANELS
from goalscope.report.summary import student
from goalscope.result import Result
from goalscope.statistics.bootstrap import bca

PLOTS = (PHASE, CURVES, TRAINING, SURVIVAL, SIMPLEX)


@pytest.fixture(scope="module")
def whole() -> Result:
    return computed.everything()


def drawn(result: Result, plot: AbstractPlot) -> Figure:
    return plot_figure(result, plot, "plot0")


def layers(figure: Figure, kind: str, panel: int = 0) -> list[list[dict]]:
    """Return the data of all layers of one kind of mark, in one drawing."""
    drawing = figure.panels[panel].drawing
    assert isinstance(drawing, dict)
    views = drawing.get("vconcat", [drawing])
    return [
        layer["data"]["values"]
        for view in views
        for layer in view["layer"]
        if layer["mark"]["type"] == kind
    ]


def column(figure: Figure, name: str) -> list[str]:
    return [row[figure.table.columns.index(name)] for row in figure.table.rows]


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_charts_hold_no_text_of_a_result(whole: Result, plot: AbstractPlot):
    for panel in drawn(whole, plot).panels:
        text = json.dumps(panel.drawing, allow_nan=False)
        for word in ("stake", "horizon", "flip", "cost", "slow", "fast", "closed", "b/v"):
            assert word not in text


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_equal_results_give_equal_figures(whole: Result, plot: AbstractPlot):
    assert drawn(whole, plot) == drawn(computed.everything(), plot)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_without_arms_the_reason_stands_in_the_place_of_the_drawing(plot: AbstractPlot):
    other = computed.result({"a": Condition({"kit.other": [1.0, 2.0]})})
    (panel,) = drawn(other, plot).panels
    assert (panel.drawing, panel.note) == (
        None,
        "No arm of this run has what is drawn here",
    )
    assert panel.title


def test_a_picture_of_one_drawing_has_its_words_beside_it(whole: Result):
    layouts = [figure.layout for figure in plot_section(whole).figures]
    assert layouts == ["beside", "beside", "wide", "beside", "beside"]


def test_a_phase_diagram_has_a_cell_for_each_arm_with_its_mean(whole: Result):
    figure = drawn(whole, PHASE)
    cells = {(cell["x"], cell["y"]): cell["number"] for cell in layers(figure, "text")[0]}
    assert cells == {
        (0, 0): "0.00", (1, 0): "0.17", (2, 0): "0.33",
        (0, 1): "0.67", (1, 1): "0.83", (2, 1): "1.00",
    }  # fmt: skip
    shades = {(cell["x"], cell["y"]): cell["opacity"] for cell in layers(figure, "rect")[0]}
    assert shades[1.5, 0.5] == pytest.approx(1.0)
    assert shades[-0.5, 0.5] == pytest.approx(2 / 3, abs=1e-4)
    assert set(column(figure, "agents")) == {"8"}
    low, high = bca(np.array(agents(1 / 6))).lower, bca(np.array(agents(1 / 6))).upper
    assert column(figure, "95% interval")[2] == f"[{low:.2f}, {high:.2f}]"


def test_the_boundary_is_drawn_where_theory_says(whole: Result):
    rim, line = layers(drawn(whole, PHASE), "line")
    assert rim == line
    assert [(point["x"], point["y"]) for point in line] == [(0, 1), (1, 0.5), (2, 0)]
    assert "closed form" in [key.text for key in drawn(whole, PHASE).key]


def test_cells_without_a_result_are_hatched():
    arms = {
        str(x): Condition(
            {"kit.flip": agents(0.5)}, {"stake": x, "horizon": 1.0}, included=[x > 0] * 8
        )
        for x in (0.0, 1.0)
    }
    figure = drawn(computed.result(arms), dataclasses.replace(PHASE, group=""))
    assert len(layers(figure, "rule")[0]) == 3
    assert len(layers(figure, "text")[0]) == 1
    assert "no result" in [key.text for key in figure.key]


def test_colours_run_from_low_to_high_and_part_at_zero():
    assert Colors(1.0, 3.0).shade(1.5) == ("--more", 0.25)
    assert Colors(-1.0, 3.0).shade(1.5) == ("--more", 0.5)
    assert Colors(-1.0, 3.0).shade(-2.0) == ("--less", 1.0)
    assert Colors(0.0, 1.0).shade(-2.0) == ("--more", 0.0)
    assert Colors(1.0, 1.0).shade(1.0) == ("--more", 0.0)


def arm_at(group: str = "g", **factors: float) -> Condition:
    return Condition({"kit.flip": agents(0.5)}, factors, group)


def test_arms_at_one_place_go_to_drawings_of_their_own():
    arms = {
        f"{m}{x}": arm_at(x=float(x), m=m, product=x * m, fixed=7.0)
        for x in (1, 2) for m in (0.5, 1.0)
    }  # fmt: skip
    found = panels(list(computed.result(arms).arms.values()), ("x",))
    assert {title: [arm.name for arm in part] for title, part in found.items()} == {
        "m = 0.50": ["0.51", "0.52"], "m = 1.00": ["1.01", "1.02"],
    }  # fmt: skip


def test_groups_part_before_factors_and_only_where_places_collide():
    apart = {"a": arm_at("g", x=1.0), "b": arm_at("h", x=2.0)}
    together = {"a": arm_at("g", x=1.0, m=1.0), "b": arm_at("h", x=1.0, m=2.0)}
    for arms, titles in ((apart, [""]), (together, ["g", "h"])):
        found = panels(list(computed.result(arms).arms.values()), ("x",))
        assert list(found) == titles


def test_curves_have_a_line_for_each_reading_and_value_of_the_series(whole: Result):
    lines = factor_lines(whole, CURVES)
    assert [line.name for line in lines] == [
        "flip, horizon = 0", "flip, horizon = 4", "cost, horizon = 0", "cost, horizon = 4",
    ]  # fmt: skip
    for line in lines:
        assert [arm.factors["stake"] for arm, _ in line.points] == [0.0, 1.0, 2.0]
    figure = drawn(whole, CURVES)
    expected = bca(np.array(agents(4 / 6)))
    assert column(figure, "mean")[3] == f"{expected.estimate:.2f}"
    assert [key.text for key in figure.key][-1] == "b/v: stake = 0.5"
    assert {"x": 0.5} in [row for rows in layers(figure, "rule") for row in rows]


def test_curves_draw_means_with_bounds_and_agents():
    arms = {
        str(x): Condition({"kit.flip": agents(0.1 * x)}, {"x": float(x)}) for x in (1, 5)
    }
    plot = FactorCurves(title="t", caption="c", on=("kit.flip",), x="x")
    figure = drawn(computed.result(arms), plot)
    (means,) = layers(figure, "line")
    for row, x in zip(means, (1, 5), strict=True):
        expected = bca(np.array(agents(0.1 * x)))
        got = (row["x"], row["estimate"], row["lower"], row["upper"])
        assert got == pytest.approx((x, *dataclasses.astuple(expected)), rel=1e-4)
    dots = sorted(row["estimate"] for row in layers(figure, "circle")[0])
    assert dots == pytest.approx(sorted([*agents(0.1), *agents(0.5)]), rel=1e-4)
    assert figure.key == ()


def test_a_logarithmic_axis_leaves_out_what_it_cannot_hold():
    values = {1.0: [0.0, 0.0], 2.0: [1e-3, 3e-3], 3.0: [-1.0, 2.0], 4.0: [10.0, 10.0]}
    arms = {str(x): Condition({"kit.flip": v}, {"x": x}) for x, v in values.items()}
    plot = FactorCurves(title="t", caption="c", on=("kit.flip",), x="x", log=True)
    drawing = drawn(computed.result(arms), plot).panels[0].drawing
    assert isinstance(drawing, dict)
    scales = [layer["encoding"]["y"]["scale"] for layer in drawing["layer"]]
    assert {scale["type"] for scale in scales} == {"log"}
    assert min(scale["domain"][0] for scale in scales) > 0
    drawn_rows = [row for layer in drawing["layer"] for row in layer["data"]["values"]]
    assert min(value for row in drawn_rows for value in row.values()) > 0
    assert [row["x"] for row in drawing["layer"][1]["data"]["values"]] == [2.0, 3.0, 4.0]


def test_agents_that_never_did_are_counted_and_not_averaged():
    arms = {"a": Condition({"kit.when": [2.0, 4.0, NEVER, NEVER]}, {"x": 1.0})}
    plot = FactorCurves(title="t", caption="c", on=("kit.when",), x="x")
    figure = drawn(computed.result(arms), plot)
    assert [column(figure, name) for name in ("agents", "at ∞", "mean")] == [
        ["2"], ["2"], ["3.00"],
    ]  # fmt: skip


def test_training_has_a_drawing_for_each_arm_with_student_bands(whole: Result):
    figure = drawn(whole, TRAINING)
    assert [panel.title for panel in figure.panels] == ["slow (n = 8)", "fast (n = 7)"]
    flips, costs = layers(figure, "line")
    expected = student(np.array([0.1 * i * i for i in range(8)]))
    row = flips[-1]
    assert row["x"] == computed.UPDATES[-1]
    got = (row["estimate"], row["lower"], row["upper"])
    assert got == pytest.approx(dataclasses.astuple(expected), rel=1e-4)
    assert costs[1]["estimate"] == 0


def test_training_marks_the_mean_time_and_zero(whole: Result):
    zero, mark = layers(drawn(whole, TRAINING), "rule")
    assert zero == [{"estimate": 0.0}]
    times = np.array([5.0, 10, 10, 20, 25, 40])
    assert mark == [{"x": pytest.approx(times.mean(), rel=1e-3)}]
    bounds = f"[{bca(times).lower:.2f}, {bca(times).upper:.1f}]"
    assert column(drawn(whole, TRAINING), "mean when")[0] == f"18.3 {bounds}, ∞ for 2"


def test_of_many_arms_the_first_are_drawn_and_all_are_in_the_table():
    arms = {
        f"arm {i}": Condition(
            {"kit.flip": agents(0.1), "kit.cost": agents(0.2)}, {}, "line"
        )
        for i in range(MAX_PANELS + 2)
    }
    figure = drawn(computed.result(arms), dataclasses.replace(TRAINING, mark=""))
    assert len(figure.panels) == MAX_PANELS
    assert f"The first {MAX_PANELS} of {MAX_PANELS + 2} arms are drawn." in figure.caption
    assert len(figure.table.rows) == (MAX_PANELS + 2) * len(computed.UPDATES)


def test_survival_has_a_falling_line_for_each_arm(whole: Result):
    figure = drawn(whole, SURVIVAL)
    slow, fast = layers(figure, "line")
    assert [(row["x"], row["estimate"]) for row in slow] == [
        (0, 1), (5, 0.875), (10, 0.625), (20, 0.5), (25, 0.375), (30, 0.375),
    ]  # fmt: skip
    assert fast[-1]["estimate"] == pytest.approx(2 / 7, rel=1e-4)
    assert [key.text for key in figure.key][:2] == ["slow (5 of 8)", "fast (5 of 7)"]


def test_many_arms_survive_in_drawings_of_their_own():
    arms = {f"arm {i}": Condition({"kit.when": [1.0, NEVER]}, {}, "line") for i in range(7)}
    figure = drawn(computed.result(arms), SURVIVAL)
    assert [panel.title for panel in figure.panels] == list(arms)


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=6),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_a_curve_is_clipped_to_the_grid_and_stays_itself(curve, columns, rows):
    across, up = [float(i) for i in range(columns)], [float(i) for i in range(rows)]
    for path in inside(curve, across, up):
        assert len(path) >= 2
        for x, y in path:
            assert -0.5 - 1e-9 <= x <= columns - 0.5 + 1e-9
            assert -0.5 - 1e-9 <= y <= rows - 0.5 + 1e-9
            assert min(distance((x, y), *ends) for ends in pairwise(curve)) < 1e-6


def distance(point, start, end) -> float:
    """Return how far a point lies from a piece of a line."""
    p, a, b = (np.array(each) for each in (point, start, end))
    length = float((b - a) @ (b - a))
    share = 0.0 if length == 0 else min(max(float((p - a) @ (b - a)) / length, 0.0), 1.0)
    return float(np.linalg.norm(p - a - share * (b - a)))


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6, unique=True).filter(
        lambda values: min(np.diff(sorted(values))) > 1e-6
    ),
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
)
def test_places_on_a_grid_rise_with_the_value(values, one, two):
    grid = sorted(values)
    assert [position(value, grid) for value in grid] == pytest.approx(range(len(grid)))
    low, high = sorted((one, two))
    assert position(low, grid) <= position(high, grid) + 1e-9


def test_curves_outside_the_grid_leave_nothing():
    assert inside([(9.0, 9.0), (12.0, 9.0)], [0.0, 1.0], [0.0, 1.0]) == []
    assert inside([], [0.0, 1.0], [0.0, 1.0]) == []
    assert math.isclose(position(3.0, [2.0]), 1.0)


def test_arms_of_one_title_stay_two_arms(whole: Result):
    alike = {name: dataclasses.replace(arm, title="x") for name, arm in whole.arms.items()}
    figure = drawn(dataclasses.replace(whole, arms=alike), SURVIVAL)
    assert [key.text for key in figure.key][:2] == ["x (5 of 8)", "x (5 of 7)"]
