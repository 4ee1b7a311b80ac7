"""Which agents are drawn."""

import dataclasses
import math

import numpy as np
import pytest
from tests.report import synthetic

from goalscope.report.levels import level_drawing
from goalscope.report.portraits import MAX_DRAWINGS, atypicality, chosen, portrait_section
from goalscope.result import Result


def test_distance_is_the_root_of_the_mean_squared_score(small: Result):
    arm = small.arms["α = 0.1"]
    found = atypicality(small, arm)
    for row in range(len(arm.agents)):
        scores = []
        for (name, _, _), evidence in small.evidence.items():
            if name == arm.name and arm.included[row]:
                column = evidence.values[arm.included, -1]
                column = column[np.isfinite(column)]
                score = (evidence.values[row, -1] - column.mean()) / column.std()
                scores += [score**2] * math.isfinite(score)
        expected = math.sqrt(sum(scores) / len(scores)) if scores else math.inf
        assert found[row] == pytest.approx(expected)


def test_excluded_agents_are_never_drawn(small: Result):
    arm = small.arms["α = 0.1"]
    typical, atypical = chosen(atypicality(small, arm))
    assert arm.included[[*typical, atypical]].all()
    names = [figure.title for figure in portrait_section(small).figures]
    assert "PPO, α = 0" not in names


@pytest.mark.parametrize(
    ("distance", "typical", "atypical"),
    [
        ([np.inf, np.inf], [], None),
        ([1.0], [0], None),
        ([2.0, np.inf, 1.0], [2, 0], None),
        ([2.0, 3.0, 1.0, 0.5], [3, 2, 0], 1),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [0, 1, 2], 4),
    ],
)
def test_three_typical_and_one_atypical_are_chosen(
    distance: list[float], typical: list[int], atypical: int | None
):
    found = chosen(np.array(distance))
    assert (found[0].tolist(), found[1]) == (typical, atypical)


def test_many_arms_are_drawn_on_fewer_levels():
    arms = tuple((f"a{i}", None, "") for i in range(16))
    many = synthetic.result(arms, num_agents=4, num_checkpoints=1)
    panels = [panel for figure in portrait_section(many).figures for panel in figure.panels]
    assert len(panels) == 16 * 4 <= MAX_DRAWINGS


def test_levels_that_cannot_be_drawn_cost_their_drawings(small: Result):
    torn = dataclasses.replace(small.pictures[0], text="###\n#\n###")
    result = dataclasses.replace(small, pictures=(torn, small.pictures[1]))
    panels = [
        panel for figure in portrait_section(result).figures for panel in figure.panels
    ]
    drawn = [panel.drawing is not None for panel in panels]
    assert drawn == [False, True] * (len(panels) // 2)


def test_no_arrow_lies_on_a_wall(small: Result):
    picture = small.pictures[0]
    everywhere = dataclasses.replace(picture, cells=synthetic.cells())
    policy = small.arms["α = 0"].portraits[0, 0]
    drawn = level_drawing(picture, policy=policy)
    assert drawn is not None
    assert level_drawing(everywhere, policy=policy) == drawn


def test_equal_agents_are_equally_typical(small: Result):
    arm = small.arms["α = 0"]
    evidence = {
        name: dataclasses.replace(found, values=np.full_like(found.values, 0.5))
        for name, found in small.evidence.items()
    }
    equal = dataclasses.replace(small, evidence=evidence)
    assert atypicality(equal, arm).tolist() == [0.0] * len(arm.agents)
