"""One table of the claims of all experiments, as page, in the terminal, as JSON."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.report import computed, synthetic
from tests.report.html_reading import Element, read
from tests.report.test_hostile import TAGS

from goalscope.assemble import read_verdict, write_verdict
from goalscope.report.cleaning import clean
from goalscope.report.run_all import (
    Ran,
    RunOfAll,
    all_as_json,
    ran,
    show_all,
    source_order,
)
from goalscope.report.run_all_page import render_all
from goalscope.result import Outcome


@pytest.fixture(scope="module")
def run() -> RunOfAll:
    arms = {"a": computed.Condition({"kit.flip": computed.agents(0.5)})}
    verdicts = (
        computed.verdict("It does.", Outcome.SUPPORTED, "001 K1"),
        computed.verdict("It never does.", Outcome.REFUTED, "000 S2", float("nan")),
    )
    found = ran(computed.result(arms, verdicts=verdicts), "hidden-smoke-seed0.html")
    failed = Ran("broken", "Does it break?", failed="some cells failed")
    return RunOfAll("smoke", 3, "goalscope run all --size smoke", (found, failed), 2)


@pytest.fixture(scope="module")
def page(run: RunOfAll) -> Element:
    return read(render_all(run))


def printed(run: RunOfAll) -> str:
    console = Console(width=140, color_system=None)
    with console.capture() as captured:
        console.print(show_all(run))
    return captured.get()


def test_a_row_has_claim_source_verdict_effect_and_experiment(page: Element):
    rows = [row.text for row in page.named("claims").all("tr")[1:]]
    assert rows == [
        "It never does. Samin (2025), S2 refuted smoke run – – share of actions 8 "
        "hidden_incentives",
        "It does. Kokotajlo and DavidW (2023), K1 supported smoke run 0.75 [0.70, 0.80] "
        "share of actions 8 hidden_incentives",
    ]


def test_every_result_is_linked_and_every_failure_told(page: Element):
    links = {a.attributes["href"] for a in page.named("claims").all("a")}
    assert links == {"./hidden-smoke-seed0.html"}
    experiments = page.named("experiments")
    assert [a.text for a in experiments.all("a")] == ["hidden_incentives"]
    assert "Does it break? Failed: some cells failed" in experiments.text
    assert "Smoke runs show that everything works, not what is true." in page.text


def test_the_terminal_says_the_same(run: RunOfAll):
    text = printed(run)
    lines = text.splitlines()
    for claim, source in (
        ("It never does.", "Samin (2025), S2"),
        ("It does.", "(2023), K1"),
    ):
        row = next(n for n, line in enumerate(lines) if claim in line)
        assert lines[row].rstrip().endswith(source)
        assert "smoke run" in lines[row + 1]
        assert lines[row + 1].split()[-1] == "hidden_incentives"
    assert "2 experiments; 2 claims: 1 supported and 1 refuted." in text
    assert "- broken: some cells failed" in text


def test_json_says_the_same(run: RunOfAll):
    found = json.loads(json.dumps(all_as_json(run, "all.html"), allow_nan=False))
    first, second = found["claims"]
    assert (first["verdict"], first["estimate"]) == ("refuted", None)
    assert (second["lower"], second["upper"]) == pytest.approx((0.70, 0.80))
    assert found["failed"] == {"broken": "some cells failed"}
    assert found["page"] == "all.html"


def test_equal_runs_give_equal_bytes(run: RunOfAll):
    assert render_all(run) == render_all(dataclasses.replace(run))


def test_nothing_but_failures_is_a_page_too():
    run = RunOfAll("standard", 0, "again", (Ran("broken", "Why?", failed="so"),), 1)
    page = read(render_all(run))
    assert "1 experiment; no claims." in page.named("claims").text
    assert page.named("claims").all("table") == []


def test_hostile_names_stay_text():
    for index, name in enumerate(synthetic.HOSTILE):
        verdict = computed.verdict(name, Outcome.MIXED, name)
        each = Ran(name, name, f"{name}.html", 1, 2, 3.0, (verdict,), failed=name)
        html = render_all(RunOfAll(name, index, name, (each,), 1))
        page = read(html)
        assert {element.tag for element in page.walk()} <= TAGS
        assert clean(html, lines=True) == html
        links = [a.attributes["href"] for a in page.all("a")]
        assert all(link.startswith(("./", "#")) for link in links)
        run = RunOfAll(name, index, name, (each,), 1)
        assert clean(printed(run), lines=True) == printed(run)


@given(st.lists(st.tuples(st.sampled_from("SKD"), st.integers(1, 99)), min_size=2))
def test_sources_are_in_the_order_of_their_numbers(claims: list[tuple[str, int]]):
    sources = [f"00{'SKD'.index(letter)} {letter}{n}" for letter, n in claims]
    expected = [f"00{i} {'SKD'[i]}{n}" for i, n in
                sorted(("SKD".index(letter), n) for letter, n in claims)]  # fmt: skip
    assert sorted(sources, key=source_order) == expected


def test_stored_verdicts_without_a_source_still_load():
    stored = write_verdict(computed.verdict())
    assert read_verdict(stored) == computed.verdict()
    del stored["source"]
    assert read_verdict(stored).source == ""
