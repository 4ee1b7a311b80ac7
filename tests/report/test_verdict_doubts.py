"""What a verdict must not be read without stands beside it: in page, terminal and JSON."""

import dataclasses

import pytest
from rich.console import Console
from tests.report import synthetic
from tests.report.html_reading import Element, read

from goalscope.report.page import render_report
from goalscope.report.terminal import as_json, show_tables
from goalscope.report.verdicts import sources
from goalscope.result import Result
from goalscope.scoring import released
from goalscope.scoring.released import Domain, Release

CAVEAT = "A smoke run: it shows that everything works, not what is true."


@pytest.fixture(scope="module")
def smoke() -> Result:
    """A smoke run, whose claims rest on one calibrated instrument and one that is not."""
    found = synthetic.result((("a", 0.0, ""),), num_checkpoints=3, size="smoke")
    resting = [("goal_score",), ("goal_score", "loss"), ("loss",), (), ()]
    origins = ["000 S2", "003 B2", "000 S4", "our protocol", ""]
    verdicts = tuple(
        dataclasses.replace(verdict, instruments=names, source=source)
        for verdict, names, source in zip(found.verdicts, resting, origins, strict=True)
    )
    return dataclasses.replace(found, verdicts=verdicts)


@pytest.fixture(scope="module")
def verdicts(smoke: Result) -> Element:
    return read(render_report(smoke)).named("verdicts")


def printed(result: Result) -> str:
    console = Console(width=140, color_system=None)
    with console.capture() as captured:
        console.print(show_tables(result))
    return captured.get()


def classes(element: Element) -> list[str]:
    return element.attributes.get("class", "").split()


def test_the_caveat_of_a_smoke_run_stands_before_its_verdicts(verdicts, smoke: Result):
    assert verdicts.text.index(CAVEAT) < verdicts.text.index("supported")
    claims = printed(smoke).split("Claims, written before the run")[1]
    assert claims.index(CAVEAT) < claims.index("supported")


def test_badges_of_a_smoke_run_are_not_those_of_another(verdicts, smoke: Result):
    whole = read(render_report(dataclasses.replace(smoke, size="standard")))
    for page, tried in ((verdicts, True), (whole.named("verdicts"), False)):
        badges = [b for b in page.all("ol")[0].all("span") if "badge" in classes(b)]
        assert len(badges) == 5
        assert all(("tried" in classes(b)) == tried for b in badges)
        rows = page.all("ol")[0].all("li")
        assert all(("smoke run" in row.text) == tried for row in rows)
    assert "(✓) supported" in printed(smoke)
    assert "(✓)" not in printed(dataclasses.replace(smoke, size="standard"))


def test_claims_on_readings_without_a_gate_say_so(verdicts: Element, smoke: Result):
    rows = verdicts.all("ol")[0].all("li")
    said = ["uncalibrated reading: loss" in row.text for row in rows]
    assert said == [False, True, True, False, False]
    assert printed(smoke).count("uncalibrated") == 2
    found = [each["uncalibrated"] for each in as_json(smoke)["verdicts"]]
    assert found == [[], ["loss"], ["loss"], [], []]


def test_sources_are_cited_by_author_title_and_year(verdicts: Element, smoke: Result):
    for cited in sources(smoke.verdicts):
        assert cited in verdicts.text
        assert cited.split(":")[0] in printed(smoke)
    assert [cited.split(":")[0] for cited in sources(smoke.verdicts)] == [
        "Barnett (2022)",
        "Samin (2025)",
    ]
    assert "our protocol" in verdicts.text
    assert "likely to be random" in as_json(smoke)["verdicts"][0]["cited"]


def test_one_panel_says_both_how_an_instrument_did_here_and_on_the_zoo(
    smoke: Result, monkeypatch: pytest.MonkeyPatch
):
    numbers = ("Corner", 64, 0.9, 0, 9, 0.1)
    known = (
        Release("GoalScore", *numbers, released=False, misses=("AUC is 0.9",)),
        Release("FirstChoice", *numbers, released=True, misses=()),
    )
    monkeypatch.setattr(released, "releases", lambda: known)
    used = {
        "goal_score": Domain("GoalScore", 64, ("Corner",)),
        "first_choice": Domain("FirstChoice", 64, ("Corner",)),
        "loss": Domain("GoalScore", 64, ("Corner",)),
    }
    both = dataclasses.replace(smoke, domains=used)
    page = read(render_report(both))
    first, second, *_, untried = page.named("verdicts").all("aside")[0].all("li")
    against = "GoalScore is not released in Corner: AUC is 0.9."
    assert "passed in this run goal_score" in first.text
    assert against in first.text
    assert "FirstChoice is released in Corner." in second.text
    assert "Not tried on planted agents in this run: loss." in untried.text
    assert page.named("calibration").text.count(against) == 1
    rows = printed(both).split("Instruments on planted agents")[1]
    assert rows.index("passed") < rows.index("△ GoalScore is not released")
