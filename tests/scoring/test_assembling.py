"""Scorecards from a folder, and the pattern matrix."""

from pathlib import Path

import numpy as np
import pytest
from tests.scoring.made import Kind, arrays, card, perfect, words

from goalscope.scoring.assembling import matrix, scorecards
from goalscope.scoring.trial_readings import array_name
from goalscope.storage.store import create_or_open
from goalscope.storage.study import CellPlan, Study


def plan(name: str, world: str) -> CellPlan:
    return CellPlan(
        description={"trial": name, "world": world, "half": "test"},
        kind="trial",
        arm=f"{name} in {world}",
        agents=tuple(range(24)),
        block_width=8,
    )


def study(plans: tuple[CellPlan, ...]) -> Study:
    return Study(
        experiment="goalscope.calibrating", name="calibration", question="?", size="smoke",
        seed=0, settings={}, command="goalscope calibrate", cells=plans, fingerprint={},
    )  # fmt: skip


def test_cards_are_those_of_finished_cells_in_the_order_of_the_study(tmp_path: Path):
    plans = tuple(plan(name, "corner") for name in ("b_meter", "never_run", "a_meter"))
    folder = create_or_open(tmp_path / "found", study(plans))
    kinds, required = perfect(8)
    power = {
        array_name(kind, "4"): np.ones((4, 1)) for kind in ("planner", "random walker")
    }
    for cell, extra in ((plans[2], {}), (plans[0], {"power": power})):
        folder.commit(
            cell, {"readings": arrays(kinds), **extra}, seconds=1.0, fingerprint={},
            metadata=words(kinds, **required),
        )  # fmt: skip
    found = scorecards(folder)
    assert [c.instrument for c in found] == ["b_meter", "a_meter"]
    assert found[0] == card(kinds, name="b_meter", power=power, **required)
    assert found[1] == card(kinds, name="a_meter", **required)
    assert (found[0].power[4].estimate, found[1].power) == (0.5, {})


def of(positive: float, negative: float, other: float) -> dict[str, Kind]:
    return {
        "planner": Kind("positive", np.full(4, positive)),
        "walker": Kind("negative", np.full(4, negative)),
        "mixture": Kind("neither", np.full(4, other)),
    }


def test_the_matrix_is_on_each_instruments_own_scale():
    cards = (
        card(of(3.0, 1.0, 1.5), name="a", world="corner"),
        card(of(30.0, 10.0, 25.0), name="a", world="dish"),
        card(of(1.0, 0.0, -1.0), name="b"),
    )
    found = matrix(cards, ("walker", "mixture", "planner", "unicorn"), ("a", "b", "c"))
    np.testing.assert_allclose(
        found,
        [[0, 0.5, 1, np.nan], [0, -1, 1, np.nan], [np.nan] * 4],
        atol=1e-6,
    )


@pytest.mark.parametrize("spoilt", ["planner", "walker"])
def test_without_a_scale_the_matrix_is_empty(spoilt: str):
    kinds = of(3.0, 1.0, 1.5)
    kinds[spoilt].values = np.full(4, np.nan)
    cards = (
        card(kinds, name="unread"),
        card(of(1.0, 1.0, 0.0), name="constant"),
        card(of(0.0, 1.0, 0.5), name="upside down"),
    )
    names = tuple(c.instrument for c in cards)
    found = matrix(cards, ("planner", "walker", "mixture"), names)
    assert np.isnan(found).all()


def test_a_kind_whose_role_nobody_else_has_sets_the_end_of_the_scale():
    kinds = of(3.0, 1.0, 1.5)
    kinds["second planner"] = Kind("positive", np.full(4, 5.0))
    found = matrix((card(kinds, name="a"),), ("planner", "second planner"), ("a",))
    np.testing.assert_allclose(found, [[2 / 3, 4 / 3]], atol=1e-6)
