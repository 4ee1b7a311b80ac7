"""The report as a whole: what it holds, in which order, and that it asks for nothing."""

import base64
import dataclasses
import hashlib
import re

import pytest
from tests.report import synthetic
from tests.report.html_reading import Element, read

from goalscope.report import render
from goalscope.report.page import SKIPPED, render_report
from goalscope.result import Result

SECTIONS = [
    "verdicts", "world", "training", "seeds", "doses", "portraits", "calibration",
    "exclusions", "reproduction",
]  # fmt: skip
FETCHES = {"href", "src", "srcset", "data", "action", "poster", "xlink:href", "background"}


def test_equal_results_give_equal_bytes(html: str, small: Result):
    assert render_report(small) == html


def test_sections_answer_in_the_order_in_which_a_sceptic_asks(page: Element):
    assert [section.attributes["id"] for section in page.all("section")] == SECTIONS
    links = [link.attributes["href"] for link in page.all("nav")[0].all("a")]
    assert links == ["#" + name for name in SECTIONS]


def test_the_page_asks_for_nothing(page: Element):
    asked = {
        value
        for element in page.walk()
        for name, value in element.attributes.items()
        if name in FETCHES and not value.startswith("#")
    }
    assert asked == set()
    style = page.all("style")[0].text
    assert "url(" not in style
    assert "@import" not in style


def test_no_address_stands_in_the_page(html: str):
    assert re.findall(r"(?i)\b(?:https?:|ftp:|javascript:|data:|//\w)", html) == []


def test_the_policy_allows_the_style_and_nothing_else(html: str, page: Element):
    policy = next(
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def test_nothing_is_styled_or_scripted_in_place(page: Element):
    names = {name for element in page.walk() for name in element.attributes}
    assert {name for name in names if name == "style" or name.startswith("on")} == set()


def test_every_drawing_has_words_and_every_figure_its_data(page: Element):
    drawings = [e for e in page.walk() if e.attributes.get("role") == "img"]
    assert len(drawings) > 20
    assert all(len(e.attributes.get("aria-label", "")) > 10 for e in drawings)
    for figure in page.all("figure"):
        assert len(figure.all("tbody")[0].all("tr")) > 0
        assert figure.all("figcaption")[0].text


def test_drawings_that_are_not_described_are_hidden_from_readers(page: Element):
    described = {
        id(svg)
        for element in page.walk()
        if element.attributes.get("role") == "img"
        for svg in element.all("svg")
    }
    others = [svg for svg in page.all("svg") if id(svg) not in described]
    assert all(svg.attributes.get("aria-hidden") == "true" for svg in others)


def test_identifiers_are_unique_and_references_lead_somewhere(html: str, page: Element):
    names = [e.attributes["id"] for e in page.walk() if "id" in e.attributes]
    assert len(names) == len(set(names))
    body = html.split("</style>")[1]
    assert set(re.findall(r"url\(#([^)]*)\)", body)) <= set(names)


def test_an_arm_without_agents_has_no_result_and_no_zero(page: Element):
    answers = page.named("verdicts").all("ul")[1].all("li")
    answer = next(li for li in answers if li.text.startswith("PPO, α = 0"))
    assert "No result all 9 agents excluded: 6 not competent and 3 diverged" in answer.text
    rows = [
        row
        for table in page.all("table")
        for row in table.all("tr")
        if "PPO, α = 0" in [cell.text for cell in row.all("td")]
    ]
    assert len(rows) > 5
    assert not any(cell.text == "0%" for row in rows for cell in row.all("td"))
    assert "No result: all agents excluded" in page.named("training").text


def test_verdicts_say_outcome_estimate_interval_and_reason(page: Element):
    verdict = page.named("verdicts").all("ol")[0].all("li")[0]
    for part in ("supported", "0.79 [0.76, 0.82]", "n 14", "< 0.001", "lies where"):
        assert part in verdict.text


def test_without_the_renderer_the_data_stay(
    monkeypatch: pytest.MonkeyPatch, small: Result, page: Element
):
    monkeypatch.setattr(render, "_renderer_is_there", lambda: False)
    bare = read(render_report(small))
    skipped = [p for p in bare.all("p") if p.text == SKIPPED]
    assert len(skipped) == len(small.arms) + 5
    tables = [len(figure.all("tr")) for figure in page.all("figure")]
    assert [len(figure.all("tr")) for figure in bare.all("figure")] == tables


def test_a_result_with_hardly_anything_in_it_has_a_report():
    full = synthetic.result((("only", None, ""),), num_agents=1, num_checkpoints=1)
    thin = dataclasses.replace(
        full, verdicts=(), calibration={}, pictures=(), settings={}, fingerprint={}
    )
    page = read(render_report(thin))
    assert "This experiment makes no claim." in page.text
    assert "No instrument was calibrated in this run." in page.text
    assert "Readings at the end of training" in page.text


def test_a_run_that_is_not_finished_has_a_report(small: Result):
    unfinished = dataclasses.replace(
        small, labels={}, label_names=(), verdicts=(), calibration={}, pictures=()
    )
    page = read(render_report(unfinished))
    assert "Not judged yet 9 agents trained" in page.named("verdicts").text
    assert "The run is not finished" in page.named("reproduction").text


def test_a_large_result_stays_below_two_megabytes():
    arms = tuple(
        (f"α = {dose:g}", dose, "exact") for dose in (0.0, *(2.0**i for i in range(9)))
    )
    large = synthetic.result(arms, num_agents=64, num_checkpoints=50)
    assert len(render_report(large).encode()) <= 2e6
