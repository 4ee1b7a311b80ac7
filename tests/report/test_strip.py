"""The strip of agents by checkpoints: what is painted is what was labelled."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from goalscope.report.strip import WIDTH, row_height, row_order, strip_svg

COLORS = ("c0", "c1", "c2")
LABELS = arrays.arrays(
    np.int64,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=7),
    elements=st.integers(0, 2),
)
RUN = re.compile(r"M([\d.]+) (\d+)h([\d.]+)v(\d+)h-[\d.]+z")


def painted(svg: str, color: str) -> list[tuple[float, int, float]]:
    """Return left edge, top and width of each run of a colour."""
    path = svg.split(f'fill="{color}" d="')[1].split('"')[0]
    return [(float(x), int(y), float(width)) for x, y, width, _ in RUN.findall(path)]


@given(LABELS)
def test_each_cell_is_painted_once_in_its_colour(labels: np.ndarray):
    rows, columns = labels.shape
    included = np.ones(rows, bool)
    svg = strip_svg(labels, included, np.arange(columns), colors=COLORS, name="h")
    sorted_labels = labels[row_order(labels, included)]
    cell = WIDTH / columns
    for label, color in enumerate(COLORS):
        found = np.zeros(labels.shape, bool)
        for x, y, width in painted(svg, color):
            start, stop = round(x / cell), round((x + width) / cell)
            found[y // row_height(rows), start:stop] = True
        np.testing.assert_array_equal(found, sorted_labels == label)


def test_rows_are_sorted_by_last_goal_and_then_by_how_long_it_is_held():
    labels = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 1], [0, 0, 0]])
    included = np.array([True, True, True, False])
    assert row_order(labels, included).tolist() == [1, 2, 0, 3]


def test_only_excluded_agents_are_hatched():
    labels = np.zeros((4, 3), int)
    updates = np.array([0, 10, 100])
    svg = strip_svg(labels, np.ones(4, bool), updates, colors=COLORS, name="h")
    assert "pattern" not in svg
    included = np.array([True, False, True, False])
    svg = strip_svg(labels, included, updates, colors=COLORS, name="h")
    top, height = 2 * row_height(4), 2 * row_height(4)
    assert f'<rect y="{top}" width="320" height="{height}" fill="url(#h)"/>' in svg


@pytest.mark.parametrize(
    ("columns", "ticks"), [(1, ["7"]), (2, ["0", "7"]), (5, ["0", "2", "7"])]
)
def test_the_axis_names_the_first_a_middle_and_the_last_update(
    columns: int, ticks: list[str]
):
    updates = np.array([0, 1, 2, 3, 7])[-columns:]
    updates[0] = 0 if columns > 1 else 7
    labels = np.zeros((1, columns), int)
    svg = strip_svg(labels, np.ones(1, bool), updates, colors=COLORS, name="h")
    assert re.findall(r">([\d,]+)</text>", svg) == ticks
