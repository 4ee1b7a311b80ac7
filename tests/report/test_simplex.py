"""Ways through a triangle: places from barycentric laws, drawings from known shares."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report import computed
from tests.report.computed import SIMPLEX, Condition

from goalscope.plots import Simplex, read_plot, write_plot
from goalscope.report.palette import NUM_GOALS
from goalscope.report.plot_simplex import CORNERS, HIGH, place, simplex_figure

SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda s: sum(s) > 1e-3)


@given(SHARES)
def test_a_share_is_how_far_its_corner_is_from_the_opposite_side(shares):
    """Viviani: distances from the sides sum to the height, and are the shares of it."""
    point, total = place(np.array(shares)), sum(shares)
    for corner, share in enumerate(shares):
        one, other = np.delete(CORNERS, corner, axis=0)
        along = (other - one) / np.linalg.norm(other - one)
        away = point - one
        distance = abs(along[0] * away[1] - along[1] * away[0])
        assert distance == pytest.approx(HIGH * share / total, abs=1e-9)


@given(SHARES, st.floats(0.01, 100))
def test_only_proportions_matter(shares, factor):
    scaled = place(factor * np.array(shares))
    np.testing.assert_allclose(scaled, place(np.array(shares)), atol=1e-9)


def lines(figure, panel: int = 0) -> list[list[tuple[float, float, float]]]:
    """Return the rows of all lines, thin and thick in turn."""
    return [
        [(row["agent"], row["x"], row["y"]) for row in layer["data"]["values"]]
        for layer in figure.panels[panel].drawing["layer"]
        if layer["mark"]["type"] == "line"
    ]


def test_means_and_included_agents_are_drawn_from_corner_to_corner():
    figure = simplex_figure(computed.everything(), SIMPLEX, "plot0")
    (panel,) = figure.panels
    thin, mean, _, other = lines(figure)
    top, right, middle = (0.5, HIGH), (1.0, 0.0), (0.75, HIGH / 2)
    assert {agent for agent, *_ in thin} == set(range(7))
    np.testing.assert_allclose(np.array(mean)[[0, -1], 1:], [top, right], atol=1e-4)
    np.testing.assert_allclose(np.array(other)[-1, 1:], middle, atol=1e-4)
    np.testing.assert_allclose(np.array(mean)[1, 1:], (0.25, HIGH / 2), atol=1e-4)
    assert [key.text for key in figure.key] == ["way left", "way right"]
    assert "A a, B b and C c" in figure.caption
    assert "way left: a 0, b 0, c 1.00" in panel.alt
    assert figure.table.rows[0][:3] == ("way left", "10", "1.00 [1.00, 1.00]")
    assert len(figure.table.rows) == 6


def test_many_arms_have_a_triangle_each():
    readings = {on: [0.2, 0.3] for on in SIMPLEX.on}
    arms = {str(n): Condition(readings) for n in range(NUM_GOALS + 1)}
    figure = simplex_figure(
        computed.result(arms), dataclasses.replace(SIMPLEX, group=""), "plot0"
    )
    assert [panel.title for panel in figure.panels] == list(arms)
    assert figure.key == ()


def test_an_arm_without_agents_is_not_drawn():
    readings = {on: [0.2, 0.3] for on in SIMPLEX.on}
    arms = {"none": Condition(readings, included=[False] * 2), "some": Condition(readings)}
    figure = simplex_figure(
        computed.result(arms), dataclasses.replace(SIMPLEX, group=""), "plot0"
    )
    assert [key.text for key in figure.key] == ["some"]


def test_a_triangle_has_three_corners_and_is_stored():
    assert read_plot(write_plot(SIMPLEX)) == SIMPLEX
    with pytest.raises(ValueError, match="shows three readings; got 2"):
        Simplex(title="", caption="", on=("a.a", "a.b"))
