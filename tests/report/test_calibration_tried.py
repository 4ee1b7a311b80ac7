"""What else was tried of an instrument, in the report: invariances and attacks."""

import dataclasses
import json

import pytest
from tests.report import calibrated
from tests.report.html_reading import read
from tests.report.test_calibration_page import COMMAND, Cards, printed, table_of

from goalscope.report.calibration_page import render_calibration
from goalscope.report.calibration_terminal import as_json
from goalscope.scoring.attacks import AttackRow
from goalscope.scoring.invariances import Invariance
from goalscope.statistics.intervals import Interval


@pytest.fixture(scope="module")
def cards() -> Cards:
    return calibrated.cards(40, 12, only=2)


def tried(cards: Cards) -> Cards:
    """Return the cards with invariances and an attack on the first."""
    rows = tuple(
        Invariance(what, "planted", 16, exact, "bits", change, change, 1e-3, change <= 1e-3)
        for what, exact, change in (
            ("states are renumbered", True, 2e-6),
            ("goals are in other units", True, 0.3),
            ("layers are rescaled", False, 0.0),
        )
    )
    point = Interval(0.9, 0.8, 1.0)
    attacks = tuple(
        AttackRow(
            "steps by chance", "share of steps", strength, "score", 0.5, 16, point,
            Interval(mean, mean - 0.1, mean + 0.1), 16, Interval(flips, 0.0, 1.0),
            Interval(loss, loss - 0.01, loss + 0.01), Interval(loss / 2, 0.0, 1.0),
        )
        for strength, mean, flips, loss in ((0.1, 0.8, 0.0, 0.04), (0.5, 0.3, 0.9, 0.3))
    )  # fmt: skip
    first = dataclasses.replace(cards[0], invariances=rows, attacks=attacks)
    return (first, *cards[1:])


def test_invariances_and_attacks_have_sections_of_their_own(cards: Cards):
    page = read(render_calibration(tried(cards), COMMAND))
    titles = [section.all("h2")[0].text for section in page.all("section")]
    assert titles[:5] == ["Release", "Pattern", "Cross-talk", "Invariances", "Adversaries"]
    shown = table_of(page.named("invariances"))
    assert [(row[0], row[2]) for row in shown] == [
        ("states are renumbered", "2e-06 ✓"),
        ("goals are in other units", "0.3 ✗"),
        ("layers are rescaled", "~ 0 ✓"),
    ]
    assert "2 of 3 invariances are held" in page.named("invariances").text
    row = table_of(page.named("attacks"))[0]
    assert row[4] == "0.80 [0.70, 0.90]"
    assert row[6:] == ["4%", "2%", "0 of 16", "30% (0.50)"]
    assert len(table_of(page.named("attacks"), 1)) == 2


def test_the_terminal_says_what_else_was_tried(cards: Cards):
    text = printed(tried(cards), 160)
    assert "Invariances: 2 of 3 held." in text
    assert "Agents against instruments" in text
    assert "Invariances" not in printed(cards)
    assert json.loads(json.dumps(as_json(tried(cards)), allow_nan=False))


def test_how_many_judged_agents_fail_a_check_is_said(cards: Cards):
    page = read(render_calibration(cards, COMMAND))
    found = cards[0]
    judged = found.positives + found.negatives
    failing = f"{round(found.failing.estimate * judged)} of {judged} in {found.world}"
    assert failing in page.named("instrument1").text
    assert 0 < found.failing.estimate < 1
