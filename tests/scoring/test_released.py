"""What the calibration that comes with a version covers, and what it does not."""

import json

import pytest

from goalscope.scoring import released
from goalscope.scoring.released import Domain, Release, doubts, released_for


@pytest.fixture
def shipped(monkeypatch):
    rows = (
        Release("GoalPosterior", "Objects", 64, 1.0, 0, 208, 0.014, True, ()),
        Release("GoalPosterior", "Corner", 64, 0.99, 3, 208, 0.03, False, ("AUC is 0.9",)),
    )
    monkeypatch.setattr(released, "releases", lambda: rows)


def test_a_use_that_was_tried_raises_no_doubt(shipped):
    assert doubts(Domain("GoalPosterior", 64, ("Objects",))) == ()
    assert doubts(Domain("GoalPosterior", 128, ("Objects",))) == ()


@pytest.mark.parametrize(
    ("domain", "word"),
    [
        (Domain("GoalPosterior", 64, ("Keys",)), "used here in Keys"),
        (Domain("GoalPosterior", 16, ("Objects",)), "on 16"),
        (Domain("GoalPosterior", 64, ("Corner",)), "not released in Corner: AUC is 0.9"),
        (Domain("Divination", None, ("Objects",)), "without a calibration"),
    ],
)
def test_a_use_that_was_not_covered_says_so(shipped, domain, word):
    (doubt,) = doubts(domain)
    assert word in doubt


def test_releases_are_found_by_class(shipped):
    assert [row.world for row in released_for("GoalPosterior")] == ["Objects", "Corner"]
    assert released_for("GoalScore") == ()


def test_a_scorecard_survives_being_shipped(tmp_path, monkeypatch):
    rows = [
        vars(Release("A", "B", 1, 0.5, 1, 2, 0.9, False, ("x is 1, required 2",)))
        | {"misses": ["x is 1, required 2"]}
    ]
    folder = tmp_path / "scoring"
    folder.mkdir()
    (folder / "released.json").write_text(json.dumps(rows))
    monkeypatch.setattr(released.resources, "files", lambda _: folder)
    released.releases.cache_clear()
    assert released.releases()[0].misses == ("x is 1, required 2",)
    released.releases.cache_clear()
