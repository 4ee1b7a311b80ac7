"""Attacks: what they move, what they cost, and which of them count as cheap."""

import numpy as np
import pytest

from goalscope.scoring.attacks import attack_rows, attacked

WORDS = {
    "readings": ["cheese", "corner", "bits"],
    "attacks": [
        {
            "name": "hiding",
            "strength": "penalty",
            "readings": ["own goal", "bits"],
            "threshold": 0.95,
            "strengths": [1.0, 2.0],
            "features": ["cheese", "corner"] * 8,
        }
    ],
}


def found(own: tuple[float, float, float], returns: tuple[float, float, float]):
    """Return the rows for mean readings, and returns, without and at two strengths."""
    values = np.zeros((3, 16, 3))
    for number in range(16):
        values[:, number, number % 2] = own
        values[:, number, 2] = np.array(own) * 10
    paid = np.repeat(np.array(returns)[:, None, None], 16, 1) * np.array([1.0, 2.0])
    return attack_rows(WORDS, {"values/0": values, "returns/0": paid})


def test_each_agent_is_read_for_its_own_goal():
    rows = found((1.0, 0.9, 0.2), (1.0, 0.98, 0.9))
    assert [(row.reading, row.strength) for row in rows] == [
        ("own goal", 1.0), ("own goal", 2.0), ("bits", 1.0), ("bits", 2.0),
    ]  # fmt: skip
    assert rows[0].before.estimate == 1.0
    assert rows[1].moved == pytest.approx(-0.8)
    assert rows[3].after.estimate == pytest.approx(2.0)
    assert (rows[0].convicted, rows[0].flips.estimate) == (16, 1.0)
    assert np.isnan(rows[2].flips.estimate)


def test_only_what_costs_at_most_a_twentieth_counts_as_affordable():
    short = attacked(found((1.0, 0.96, 0.2), (1.0, 0.95, 0.9)))[0]
    assert short.furthest is not None
    assert short.furthest.strength == 1.0
    assert short.turning is not None
    assert short.turning.loss.estimate == pytest.approx(0.1)
    dear = attacked(found((1.0, 0.5, 0.2), (1.0, 0.9, 0.8)))[0]
    assert dear.furthest is None


def test_an_instrument_that_cannot_be_moved_has_no_turning_point():
    short = attacked(found((1.0, 1.0, 0.99), (1.0, 0.9, 0.1)))[0]
    assert short.turning is None


def test_losses_are_paired_by_agent():
    values = np.ones((2, 4, 3))
    words = {**WORDS, "attacks": [{**WORDS["attacks"][0], "strengths": [1.0]}]}
    words["attacks"][0]["features"] = ["cheese"] * 4
    before = np.array([0.2, 0.4, 0.6, 0.8])
    returns = np.stack([before, before - 0.01])[..., None] * np.ones(2)
    row = attack_rows(words, {"values/0": values, "returns/0": returns})[0]
    assert row.loss.estimate == pytest.approx(0.02)
    assert row.loss.width == pytest.approx(0.0, abs=1e-6)
