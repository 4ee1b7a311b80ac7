import dataclasses

import numpy as np
import pytest
from jaxtyping import config

from goalscope.evidence import Evidence
from goalscope.statistics.bootstrap import bca


def evidence(values: np.ndarray, included: np.ndarray | None = None) -> Evidence:
    return Evidence(
        arm="alpha=0",
        instrument="goal_score",
        reading="cheese",
        unit="share of the optimum",
        values=values,
        lower=values - 0.1,
        upper=values + 0.1,
        control=np.zeros(values.shape),
        ceiling=np.ones(values.shape),
        checks=np.ones((*values.shape, 2), bool),
        check_names=("competent", "finite"),
        count=np.full(values.shape, 64),
        included=np.ones(len(values), bool) if included is None else included,
    )


def test_final_is_the_last_checkpoint_of_included_finite_agents():
    values = np.array([[0.1, 0.5], [0.2, np.nan], [0.3, 0.7], [0.4, 0.8]])
    found = evidence(values, included=np.array([True, True, False, True]))
    assert found.final.tolist() == [0.5, 0.8]
    assert found.at(0).tolist() == [0.1, 0.2, 0.4]


def test_mean_is_over_agents_at_one_checkpoint():
    values = np.random.default_rng(0).uniform(size=(12, 3))
    found = evidence(values)
    assert found.mean() == bca(values[:, 2])
    assert found.mean(1, confidence=0.8, seed=4) == bca(
        values[:, 1], confidence=0.8, seed=4
    )


def test_the_mean_of_shares_ends_with_the_shares():
    """Students interval of 0, 1 and 1 is 0.67 ± 1.43."""
    found = evidence(np.array([[0.0], [1.0], [1.0]]))
    assert (found.mean().lower, found.mean().upper) == (0.0, 1.0)
    in_nats = dataclasses.replace(found, unit="nats").mean()
    assert in_nats.lower < -0.5


def test_the_mean_of_two_agents_has_no_bounds():
    found = evidence(np.array([[0.0], [1.0]])).mean()
    assert found.estimate == 0.5
    assert np.isnan([found.lower, found.upper]).all()


@pytest.mark.parametrize("values", [np.zeros((0, 2)), np.full((5, 2), np.nan)])
def test_mean_of_no_agent_is_unknown_and_not_zero(values: np.ndarray):
    found = evidence(values).mean()
    assert np.isnan([found.estimate, found.lower, found.upper]).all()


def test_mean_of_one_agent_has_no_bounds():
    found = evidence(np.array([[0.25]])).mean()
    assert found.estimate == 0.25
    assert np.isnan([found.lower, found.upper]).all()


@pytest.mark.parametrize("shape", [(4, 0)])
def test_evidence_has_at_least_one_checkpoint(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="at least one checkpoint"):
        evidence(np.zeros(shape))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("lower", np.zeros((4, 2))),
        ("upper", np.zeros((3, 3))),
        ("control", np.zeros((3, 1))),
        ("ceiling", np.zeros((3, 1))),
        ("count", np.zeros((2, 2), int)),
        ("checks", np.zeros((3, 2, 1), bool)),
        ("included", np.zeros(4, bool)),
    ],
)
def test_evidence_of_uneven_shapes_is_refused_without_type_checks(
    field: str, wrong: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(config, "jaxtyping_disable", True)
    with pytest.raises(
        ValueError, match=rf"goal_score\.cheese of arm 'alpha=0' has {field}"
    ):
        dataclasses.replace(evidence(np.zeros((3, 2))), **{field: wrong})
