"""What is tried besides trials: which cells there are, and what they hold."""

import numpy as np
import pytest
from tests.calibrating.test_trials import trial

from goalscope.calibrating import invariances as tried
from goalscope.calibrating.cells import plan_cells
from goalscope.calibrating.further import current_digest, plan_further
from goalscope.scoring.invariances import invariances

NAMES = ("goal_posterior", "linear_goal")


def test_a_smoke_calibration_tries_nothing_besides():
    assert plan_further(NAMES, "smoke", "test", 0) == ()


def test_each_instrument_has_cells_in_its_first_world_only():
    plans = plan_further(NAMES, "full", "test", 0)
    found = [(plan.description["trial"], plan.kind) for plan in plans]
    assert found == [
        ("goal_posterior", "invariances"),
        ("goal_posterior", "adversaries"),
        ("linear_goal", "invariances"),
    ]
    assert {plan.description["world"] for plan in plans} == {"objects"}
    assert len({plan.key for plan in plans}) == 3


def test_a_cell_knows_the_code_that_it_depends_on():
    further = plan_further(NAMES[:1], "standard", "test", 0)
    trials = plan_cells(NAMES[:1], "standard", "test", 0)
    for plan in (*further, *trials):
        assert current_digest(plan.description) == plan.description["code"]
    assert len({plan.description["code"] for plan in (*further, *trials)}) == 3


@pytest.fixture(scope="module")
def found():
    description = {"world": "corner", "half": "test", "seed": 0}
    return tried.compute(trial(), description, lambda value: None)


def test_a_score_sees_no_other_names(found):
    rows = invariances(found.metadata, found.tensors["readings"])
    assert {row.transformation for row in rows} == {
        "levels are turned or reflected",
        "states are renumbered",
        "goals are in other units",
        "the reward is shaped and scaled",
        "hidden units are permuted",
        "layers are rescaled",
    }
    assert all(row.held and row.n == 16 for row in rows), rows


def test_agents_that_are_tried_do_not_all_read_the_same(found):
    spread = [np.ptp(found.tensors["readings"][f"before/{i}"]) for i in range(6)]
    assert min(spread) > 0.1
