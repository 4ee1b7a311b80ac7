"""An experiment that nobody could believe cannot be built."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from goalscope.experiment import Experiment
from goalscope.settings import load_module

TINY = Path(__file__).parent / "cli" / "tiny.py"


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    module = load_module("tiny", str(TINY))
    sys.modules.pop("tiny")
    return module.tiny(agents=2)


@pytest.mark.parametrize(
    ("kinds", "lacking"),
    [
        ((), r"planted is empty.* none of no goal \(goal=None\)"),
        (("planner",), r"planted is planner.* none of no goal \(goal=None\)"),
        (("uniform",), "planted is uniform.* none with a candidate goal"),
    ],
)
def test_agents_are_trained_beside_planted_ones(
    experiment: Experiment, kinds: tuple[str, ...], lacking: str
):
    planted = {kind: experiment.planted[kind] for kind in kinds}
    with pytest.raises(ValueError, match=lacking):
        replace(experiment, planted=planted)


def test_a_goal_and_none_are_enough(experiment: Experiment):
    assert set(replace(experiment).planted) == {"planner", "uniform"}
