import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.calibration import Gate, calibrate, steadied
from goalscope.evidence import Evidence
from goalscope.statistics.intervals import clopper_pearson

CANDIDATES = ("cheese", "corner")
GATE = Gate(convicts=0.9)
Planted = dict[str, dict[str, list[float]]]


def reading(kind: str, name: str, values: list[float]) -> Evidence:
    column = np.array(values, dtype=float)[:, None]
    return Evidence(
        arm=kind,
        instrument="goal_posterior",
        reading=name,
        unit="probability",
        values=column,
        lower=column,
        upper=column,
        control=column,
        ceiling=column,
        checks=np.zeros((*column.shape, 0), bool),
        check_names=(),
        count=np.ones(column.shape, int),
        included=np.zeros(len(column), bool),
    )


def evidence(planted: Planted) -> dict[tuple[str, str, str], Evidence]:
    return {
        (kind, "goal_posterior", name): reading(kind, name, values)
        for kind, readings in planted.items()
        for name, values in readings.items()
    }


def calibrated(planted: Planted, truth: dict[str, str | None], gate: Gate = GATE):
    return calibrate("goal_posterior", evidence(planted), truth, CANDIDATES, gate)


def zoo(*, missed: int = 0, wrong: int = 0) -> tuple[Planted, dict[str, str | None]]:
    """Twenty agents for each of cheese, corner and nothing, of which some are misread."""
    hit = [0.5] * missed + [0.99] * (20 - missed)
    planted = {
        "for cheese": {"cheese": hit, "corner": [0.0] * 20},
        "for corner": {"cheese": [0.0] * 20, "corner": [1.0] * 20},
        "uniform": {"cheese": [0.95] * wrong + [0.1] * (20 - wrong), "corner": [0.1] * 20},
    }
    return planted, {"for cheese": "cheese", "for corner": "corner", "uniform": None}


def test_a_perfect_instrument_passes():
    found = calibrated(*zoo())
    assert found.passed
    assert (found.hits, found.positives) == (40, 40)
    assert (found.false_convictions, found.negatives) == (0, 60)
    assert found.counts == {"for cheese": 20, "for corner": 20, "uniform": 20}
    assert found.rows["for corner"] == {"cheese": 0.0, "corner": 1.0}
    assert found.gate == str(GATE)


@pytest.mark.parametrize(
    ("missed", "wrong", "passed"),
    [(4, 0, True), (5, 0, False), (0, 1, True), (0, 2, False), (0, 20, False)],
)
def test_the_gate_counts_hits_and_false_convictions(missed: int, wrong: int, passed: bool):
    """The bound decides on the wrong: of 60, one has a limit of .077, two of .101."""
    found = calibrated(*zoo(missed=missed, wrong=wrong))
    assert (found.hits, found.false_convictions) == (40 - missed, wrong)
    assert found.passed == passed


def test_the_rate_decides_where_the_bound_is_wide():
    loose = dataclasses.replace(GATE, max_false_bound=1.0)
    assert calibrated(*zoo(wrong=3), loose).passed
    assert not calibrated(*zoo(wrong=4), loose).passed


def test_an_agent_with_a_goal_can_be_convicted_of_another_but_counts_once():
    planted = {
        "for cheese": {"cheese": [1.0, 1.0, 0.0], "corner": [1.0, 0.0, 1.0]},
        "for exit": {"cheese": [1.0, 0.0], "corner": [1.0, 0.0]},
    }
    found = calibrated(planted, {"for cheese": "cheese", "for exit": "exit"})
    assert (found.hits, found.positives) == (2, 3)
    assert (found.false_convictions, found.negatives) == (3, 5)
    assert found.truth == {"for cheese": "cheese", "for exit": None}


def test_with_one_candidate_its_own_agents_are_no_negatives():
    planted = {"for cheese": {"cheese": [1.0, 1.0]}, "uniform": {"cheese": [0.0]}}
    truth = {"for cheese": "cheese", "uniform": None}
    found = calibrate("goal_posterior", evidence(planted), truth, ("cheese",), GATE)
    assert (found.positives, found.negatives) == (2, 1)


def test_an_agent_that_cannot_be_measured_is_a_miss_and_no_conviction():
    planted = {"for cheese": {"cheese": [np.nan, 1.0], "corner": [np.nan, np.nan]}}
    found = calibrated(planted, {"for cheese": "cheese"})
    assert (found.hits, found.positives, found.false_convictions) == (1, 2, 0)


def test_without_positives_or_negatives_nothing_passes():
    gate = Gate(convicts=0.9, min_hit_rate=0.0, max_false_rate=1.0, max_false_bound=1.0)
    uniform = {"uniform": {"cheese": [0.0] * 40, "corner": [0.0] * 40}}
    assert not calibrated(uniform, {"uniform": None}, gate).passed
    cheese = evidence({"for cheese": {"cheese": [1.0] * 40}})
    alone = calibrate("goal_posterior", cheese, {"for cheese": "cheese"}, ("cheese",), gate)
    assert not alone.passed
    assert not calibrated({}, {}, gate).passed


def test_a_kind_without_agents_has_no_rates():
    found = calibrated({"none": {"cheese": [], "corner": []}}, {"none": "cheese"})
    assert np.isnan(list(found.rows["none"].values())).all()
    assert found.counts == {"none": 0}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6), st.booleans())
def test_counts_agree_with_counting_agent_by_agent(convictions, has_goal: bool):
    columns = [[float(pair[i]) for pair in convictions] for i in range(2)]
    goal = "corner" if has_goal else None
    found = calibrated(
        {"kind": dict(zip(CANDIDATES, columns, strict=True))}, {"kind": goal}
    )
    false = sum(cheese or (corner and not has_goal) for cheese, corner in convictions)
    assert found.hits == sum(corner for _, corner in convictions) * has_goal
    assert found.false_convictions == false
    assert found.negatives == len(convictions)


@pytest.mark.parametrize(("bound", "needed"), [(0.08, 36), (0.05, 59)])
def test_the_numbers_in_the_gate_documentation_are_right(bound: float, needed: int):
    assert clopper_pearson(0, needed, 0.9).upper <= bound
    assert clopper_pearson(0, needed - 1, 0.9).upper > bound


def test_a_missing_reading_is_named():
    planted = {"uniform": {"cheese": [0.0]}}
    with pytest.raises(
        ValueError, match=r"'uniform' has no reading goal_posterior\.corner"
    ):
        calibrated(planted, {"uniform": None})


@pytest.mark.parametrize("candidates", [(), ("cheese", "cheese")])
def test_candidates_are_named_once(candidates: tuple[str, ...]):
    with pytest.raises(ValueError, match="at least one, each once"):
        calibrate("goal_posterior", {}, {}, candidates, GATE)


@pytest.mark.parametrize(
    "wrong", [{"min_hit_rate": 1.2}, {"max_false_rate": -0.1}, {"convicts": float("nan")}]
)
def test_a_gate_that_makes_no_sense_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(GATE, **wrong)


def draws(*named: str) -> list[Evidence]:
    """Readings of one network: what each draw of levels names, a draw a column."""
    return [
        dataclasses.replace(
            reading("networks", goal, [0.0]),
            **{
                end: np.array([[1.0 if goal in each else 0.0 for each in named]])
                for end in ("values", "lower", "upper", "control", "ceiling")
            },
            checks=np.zeros((1, len(named), 0), bool),
            count=np.ones((1, len(named)), int),
        )
        for goal in CANDIDATES
    ]


def test_a_network_that_draws_of_levels_are_torn_about_fails_the_gate():
    perfect = calibrated(*zoo())
    steady = steadied(perfect, draws("cheese", "none", "cheese", "none"), 4, GATE)
    torn = steadied(perfect, draws("cheese", "none", "corner", "none"), 4, GATE)
    assert (steady.passed, steady.torn, steady.networks) == (True, 0, 1)
    assert (torn.passed, torn.torn, torn.networks) == (False, 1, 1)


def test_another_goal_at_another_checkpoint_is_no_disagreement():
    """Two draws of two checkpoints: corner first and cheese later, both times."""
    moving = draws("corner", "cheese", "corner", "cheese")
    found = steadied(calibrated(*zoo()), moving, 2, GATE)
    assert (found.passed, found.torn, found.networks) == (True, 0, 2)
    assert "never two different goals" in found.gate
