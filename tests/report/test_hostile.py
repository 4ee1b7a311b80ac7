"""Names that try to run, to hide, to reorder or to crash."""

import dataclasses
import json
from collections.abc import Mapping

import pytest
from rich.console import Console
from tests.report import synthetic
from tests.report.html_reading import Element, read

from goalscope.report.cleaning import clean
from goalscope.report.page import render_report
from goalscope.report.terminal import as_json, show_tables
from goalscope.result import Result

NAMES = synthetic.HOSTILE
TAGS = {
    "", "html", "head", "meta", "title", "style", "body", "header", "nav", "main",
    "section", "aside", "h1", "h2", "h3", "h4", "p", "a", "b", "br", "span", "div", "ul",
    "ol", "li",
    "dl", "dt", "dd", "pre", "table", "thead", "tbody", "tr", "th", "td", "details",
    "summary", "figure", "figcaption", "svg", "g", "path", "rect", "line", "circle", "text",
    "defs", "pattern", "polygon", "polyline", "use",
    "ellipse",
}  # fmt: skip


def renamed(value: object, names: Mapping[str, str]) -> object:
    """Return a record with names replaced in every text, key and field."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {renamed(key, names): renamed(item, names) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(renamed(item, names) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        changed = {name: renamed(item, names) for name, item in fields.items()}
        return dataclasses.replace(value, **changed)
    return value


@pytest.fixture(scope="module")
def hostile() -> Result:
    plain = synthetic.result(
        (("a", 0.0, "exact"), ("b", 1.0, "exact"), ("c", 1.0, "ppo")),
        num_agents=5,
        num_checkpoints=3,
        fates={"c": "excluded"},
    )
    words = [
        "a", "exact", "c", "PPO", "b", "cheese", "corner", "none of these", "goal_score",
        "first_choice", "mean_return", "share of the optimum", "corner_mixture", "cpu",
        "cheese seeker", plain.question, plain.command, plain.verdicts[0].claim,
        plain.verdicts[0].reason, plain.verdicts[0].rule, plain.pictures[0].title, "device",
        plain.calibration["goal_score"].gate, "wall_density", "standard",
    ]  # fmt: skip
    names = {word: f"{NAMES[i % len(NAMES)]}{i}" for i, word in enumerate(words)}
    found = renamed(plain, names)
    assert isinstance(found, Result)
    return found


@pytest.fixture(scope="module")
def html(hostile: Result) -> str:
    return render_report(hostile)


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return read(html)


def test_names_add_no_tag(page: Element):
    assert {element.tag for element in page.walk()} <= TAGS


def test_names_add_no_attribute(page: Element):
    names = {name for element in page.walk() for name in element.attributes}
    assert not any(name.startswith("on") for name in names)
    assert {"src", "style"} & names == set()


def test_names_are_shown_as_they_are(page: Element):
    assert "<script>alert(1)</script>0" in page.text
    assert "{{ 7 * 7 }} {% raw %} [link=file:///etc/passwd]" in page.text


def test_the_page_holds_nothing_that_acts_on_the_display(html: str):
    assert clean(html, lines=True) == html
    html.encode()


def test_the_title_stays_one_title(page: Element):
    assert len(page.all("title")) == 1
    assert page.all("title")[0].text.endswith(": goalscope report")


def test_the_terminal_gets_no_command(hostile: Result):
    console = Console(width=120, force_terminal=False, color_system=None, record=True)
    with console.capture() as captured:
        console.print(show_tables(hostile))
    text = captured.get()
    assert clean(text, lines=True) == text
    assert "[link=file:///etc/passwd]" in text.replace("\n", "")


def test_json_holds_what_json_can(hostile: Result):
    text = json.dumps(as_json(hostile), allow_nan=False, ensure_ascii=False)
    assert clean(text) == text
    text.encode()
