"""Invariances: what counts as broken, and what chance may do."""

from pathlib import Path

import numpy as np
import pytest
from tests.scoring.made import arrays, perfect, words
from tests.scoring.test_assembling import plan, study

from goalscope.scoring.assembling import scorecards
from goalscope.scoring.gates import invariance_gates
from goalscope.scoring.invariances import ROUNDING, Invariance, invariances
from goalscope.storage.store import create_or_open
from goalscope.storage.study import CellPlan


def judged(before: object, after: object, *, exact: bool = True) -> Invariance:
    about = {"name": "x", "agents": "planted", "exact": exact, "readings": ["a", "b"]}
    tables = [np.array(table, float) for table in (before, after)]
    found = {"before/0": tables[0], "after/0": tables[1]}
    return invariances({"transformations": [about]}, found)[0]


def test_nothing_changed_is_held():
    row = judged([[1.0, np.nan], [2.0, np.inf]], [[1.0, np.nan], [2.0, np.inf]])
    assert (row.held, row.change, row.n) == (True, 0.0, 2)


def test_large_readings_change_relative_to_their_size():
    row = judged([[0.5, 1000.0]] * 2, [[0.5, 1000.5]] * 2)
    assert row.held
    assert row.change == pytest.approx(0.0005)
    assert not judged([[0.5, 1.0]] * 2, [[0.5, 1.01]] * 2).held


@pytest.mark.parametrize("exact", [True, False])
def test_a_reading_that_gets_lost_breaks_it(exact: bool):
    row = judged([[1.0, 2.0]] * 16, [[1.0, 2.0]] * 15 + [[1.0, np.nan]], exact=exact)
    assert not row.held
    assert row.reading == "b"
    assert row.change == np.inf


def test_noise_is_held_and_a_shift_is_not():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(16, 2))
    noise = rng.normal(0, 0.1, size=(16, 2))
    assert judged(before, before + noise, exact=False).held
    shifted = judged(before, before + noise + [0.0, 0.3], exact=False)
    assert (shifted.held, shifted.reading) == (False, "b")
    assert not judged(before, before + noise).held


def test_chance_seldom_breaks_an_invariance():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(400, 16, 2))
    rows = [judged(np.zeros((16, 2)), each, exact=False) for each in noise]
    assert sum(not row.held for row in rows) <= 12


def test_broken_invariances_are_missed_gates():
    good, bad = judged([[1.0, 2.0]] * 2, [[1.0, 2.0]] * 2), judged([[1.0, 2]], [[1.0, 3]])
    gates = list(invariance_gates((good, bad)))
    assert [gate.passed for gate in gates] == [True, False]
    assert {gate.family for gate in gates} == {"invariance"}
    assert gates[1].value == pytest.approx(0.5)
    assert gates[1].bound == f"at most {ROUNDING:g}"


def test_what_else_was_tried_comes_with_the_trial_it_is_about(tmp_path: Path):
    trial = plan("meter", "corner")
    cells = [trial]
    for kind in ("invariances", "adversaries"):
        description = {**trial.description, "kind": kind}
        cells.append(
            CellPlan(
                description=description, kind=kind, arm=kind, agents=(0, 1), block_width=2
            )
        )
    folder = create_or_open(tmp_path / "found", study(tuple(cells)))
    kinds, required = perfect(8)
    about = {"name": "x", "agents": "planted", "exact": True, "readings": ["score"]}
    attack = {
        "name": "y", "strength": "z", "readings": ["score"], "threshold": 0.5,
        "strengths": [1.0], "features": ["a", "b"],
    }  # fmt: skip
    stored = (
        (arrays(kinds), words(kinds, **required)),
        ({"before/0": np.zeros((2, 1)), "after/0": np.ones((2, 1))},
         {"transformations": [about]}),
        ({"values/0": np.array([[[1.0], [0.8]], [[0.2], [0.6]]]),
          "returns/0": np.array([[[1.0, 1.0]] * 2, [[0.96, 0.9]] * 2])},
         {"attacks": [attack], "readings": ["score"]}),
    )  # fmt: skip
    for cell, (readings, metadata) in zip(cells, stored, strict=True):
        folder.commit(
            cell, {"readings": readings}, seconds=1.0, fingerprint={}, metadata=metadata
        )
    (card,) = scorecards(folder)
    assert [gate.name for gate in card.misses if gate.family == "invariance"] == [
        "largest change of score when x"
    ]
    (row,) = card.attacks
    assert (row.convicted, row.flips.estimate, row.affordable) == (2, 0.5, True)
    assert row.loss.estimate == pytest.approx(0.04)
    assert row.plain_loss.estimate == pytest.approx(0.1)
