"""How far a run is."""

import pytest

from goalscope.cli.tally import Tally
from goalscope.storage.study import CellPlan


def plan(arm: str, first: int) -> CellPlan:
    agents = (first, first + 1)
    description = {"arm": arm, "agents": list(agents)}
    return CellPlan(
        description=description, kind="arm", arm=arm, agents=agents, block_width=2
    )


PLANS = (plan("a", 0), plan("a", 2), plan("b", 0))


def value(updates: int, mean: float | None, steps: int = 0) -> dict[str, object]:
    return {"updates": updates, "of": 10, "agents": 2, "steps": steps, "return": mean}


def test_the_first_training_return_of_an_arm_is_told_once():
    tally = Tally(PLANS, [])
    assert not tally.note(PLANS[0].key, value(0, None))
    assert tally.note(PLANS[0].key, value(5, 0.1))
    assert not tally.note(PLANS[1].key, value(0, None))
    assert not tally.note(PLANS[1].key, value(5, 0.2))
    assert tally.arms["a"].mean_return == 0.2


def test_time_left_follows_from_the_work_that_was_done_in_this_run():
    tally = Tally(PLANS, [PLANS[0].key])
    assert tally.arms["a"].done == 1
    assert tally.seconds_left(10.0) is None
    tally.finish(PLANS[1].key)
    assert tally.seconds_left(10.0) == pytest.approx(10.0)
    tally.note(PLANS[2].key, value(5, 0.1))
    assert tally.seconds_left(12.0) == pytest.approx(12.0 / 1.5 * 0.5)


def test_pace_counts_agent_updates_and_steps():
    tally = Tally(PLANS, [])
    tally.note(PLANS[0].key, value(5, 0.1, steps=4000))
    assert tally.pace(2.0) == "5 agent-updates/s, 2,000 steps/s"
    assert Tally(PLANS, []).pace(2.0) == "0 agent-updates/s"


def test_a_task_that_is_no_cell_has_no_arm():
    assert Tally(PLANS, []).arm_of("judge") is None
