"""The report of an experiment whose arms are computed: nothing of a training is missed."""

import dataclasses
import json
import re

import pytest
from rich.console import Console
from tests.report import computed, synthetic
from tests.report.computed import Condition, agents
from tests.report.html_reading import Element, read
from tests.report.test_hostile import TAGS, renamed

from goalscope.report import doses
from goalscope.report.cleaning import clean
from goalscope.report.limitations import limitations
from goalscope.report.page import render_report
from goalscope.report.summary import is_computed, is_finished
from goalscope.report.terminal import as_json, show_tables
from goalscope.result import Outcome, Result

SECTIONS = [
    "verdicts", "plots", "design", "training", "checks", "doses", "exclusions",
    "reproduction",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> Result:
    return computed.everything()


@pytest.fixture(scope="module")
def page(whole: Result) -> Element:
    return read(render_report(whole))


def printed(result: Result) -> str:
    console = Console(width=110, color_system=None)
    with console.capture() as captured:
        console.print(show_tables(result))
    return captured.get()


def test_only_sections_that_have_something_to_say_are_there(page: Element):
    assert [section.attributes["id"] for section in page.all("section")] == SECTIONS


def test_equal_results_give_equal_bytes(whole: Result):
    assert render_report(whole) == render_report(computed.everything())


def test_nothing_is_empty_and_nothing_waits_for_a_judge(page: Element, whole: Result):
    for tag in ("h1", "h2", "h3", "h4", "figcaption", "summary", "th"):
        assert all(element.text or element.tag == "th" for element in page.all(tag))
    for words in (
        "Not judged",
        "Goal of each arm",
        "planted",
        "Nothing to draw",
        "portrait",
    ):
        assert words not in page.text
        assert words not in printed(whole)


def test_every_picture_has_its_drawing_words_and_data(page: Element):
    drawings = [e for e in page.named("plots").walk() if e.attributes.get("role") == "img"]
    assert len(drawings) == 6
    assert all(drawing.all("svg") for drawing in drawings)
    assert all(len(e.attributes["aria-label"]) > 10 for e in drawings)
    for figure in page.all("figure"):
        assert len(figure.all("tbody")[0].all("tr")) > 0


def test_identifiers_are_unique(page: Element):
    names = [e.attributes["id"] for e in page.walk() if "id" in e.attributes]
    assert len(names) == len(set(names))


def test_claims_say_where_they_come_from_and_rules_are_lists(page: Element, whole: Result):
    verdict = page.named("verdicts").all("li")[0]
    assert verdict.all("p")[0].text == "It does. Samin (2025), S2"
    parts = [p.text for p in verdict.all("p") if p.attributes.get("class") == "part"]
    assert [part[:3] for part in parts] == ["(1)", "(2)", "(a)"]
    assert "1 claim: 1 supported." in page.named("verdicts").text
    assert "It does. (Samin (2025), S2)" in printed(whole)
    assert as_json(whole)["verdicts"][0]["source"] == "000 S2"


def test_agents_outside_the_gate_are_counted(page: Element, whole: Result):
    exclusions = page.named("exclusions")
    assert "competence gate" in exclusions.text
    assert [th.text for th in exclusions.all("th")][:4] == [
        "arm", "agents", "not competent", "included",
    ]  # fmt: skip
    (row,) = (row for row in exclusions.all("tr") if row.text.startswith("fast"))
    assert row.text.startswith("fast 8 1 7 88%")
    assert "fast" in printed(whole).split("Exclusions")[1]


def test_where_all_agents_count_a_sentence_says_so():
    result = computed.result({"a": Condition({"kit.flip": agents(0.5)})})
    sentence = "Nobody is excluded: all 8 agents of 1 arm count."
    assert sentence in read(render_report(result)).text
    assert sentence in printed(result)


def test_an_agent_that_never_did_it_lacks_no_reading(whole: Result):
    rows = {arm["name"]: arm for arm in as_json(whole)["arms"]}
    assert rows["slow"]["unread"] == 0
    when = next(r for r in rows["slow"]["readings"] if r["reading"] == "when")
    assert (when["n"], when["infinite"]) == (6, 2)
    assert "∞ for 2" in printed(whole)


def test_checks_are_shares_of_the_included_agents(page: Element, whole: Result):
    checks = page.named("checks")
    assert "6 of 16 checks of an arm are failed by some included agents." in checks.text
    (row,) = (row for row in checks.all("tr") if row.text.startswith("fast"))
    assert row.text == "fast 100% (7 of 7) 100% (7 of 7)"
    (row,) = (row for row in checks.all("tr") if row.text.startswith("stake 1, horizon 4"))
    assert row.text == "stake 1, horizon 4 75% (6 of 8) 100% (8 of 8)"
    assert "75% (6 of 8)" in printed(whole).split("Checks (share")[1]
    found = as_json(whole)["arms"][0]["checks"][0]
    assert found == {"instrument": "kit", "check": "unsaturated", "passed": 6, "of": 8}


def test_limitations_name_failing_checks_and_not_planted_agents(whole: Result):
    found = " ".join(limitations(whole))
    assert "More than 5% of the agents fail the check 'unsaturated': stake 0" in found
    assert "planted" not in found
    assert "not finished" not in found
    bare = computed.result({"a": Condition({"kit.flip": agents(0.5)})})
    assert limitations(bare) == (
        "The readings have no checks of their own, as against saturation.",
    )


def test_a_run_that_is_not_finished_has_a_report(whole: Result):
    unfinished = dataclasses.replace(whole, verdicts=(), plots=())
    page = read(render_report(unfinished))
    assert "The claims are judged when all cells are there." in page.named("verdicts").text
    assert "The run is not finished: verdicts are missing." in page.text
    assert "plots" not in [section.attributes["id"] for section in page.all("section")]


def test_what_was_trained_is_told_from_what_was_computed(small: Result, whole: Result):
    assert is_computed(whole)
    assert not is_computed(small)
    assert is_finished(whole)
    assert not is_finished(dataclasses.replace(whole, verdicts=(), plots=()))


def test_pictures_of_trained_agents_keep_the_colours_of_goals(small: Result):
    plot = dataclasses.replace(
        computed.TRAINING,
        group="",
        on=("goal_score.cheese", "first_choice.cheese"),
        mark="",
    )
    found = read(render_report(dataclasses.replace(small, plots=(plot,))))
    sections = [section.attributes["id"] for section in found.all("section")]
    assert sections[:4] == ["verdicts", "plots", "world", "training"]
    colors = {path.attributes["stroke"] for path in found.named("plots").all("path")
              if "stroke" in path.attributes}  # fmt: skip
    assert "var(--goal-0)" in colors
    assert "var(--goal-1)" not in colors


def test_readings_over_doses_are_drawn_where_no_picture_is():
    arms = {
        f"x = {x}": Condition({on: agents(0.1 * x)}, dose=float(x), group=group)
        for group, on in (("g", "kit.flip"), ("h", "kit.cost"))
        for x in ((1, 2) if group == "g" else (3, 4))
    }
    page = read(render_report(computed.result(arms)))
    titles = [title.text for title in page.named("doses").all("h3")]
    assert titles == ["kit: flip", "kit: cost"]


def test_of_very_many_agents_a_table_holds_quartiles(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doses, "MANY_VALUES", 15)
    values = [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    arms = {name: Condition({"kit.flip": values}) for name in "ab"}
    page = read(render_report(computed.result(arms)))
    assert "least, quartiles, most" in page.named("doses").text
    assert page.named("doses").all("tr")[1].text.endswith("0 0 0.25 1.00 1.00")


@pytest.fixture(scope="module")
def hostile(whole: Result) -> Result:
    words = [
        "kit", "flip", "cost", "when", "stake", "horizon", "grid", "line", "slow", "fast",
        "unsaturated", "loss", "000 S2", "closed form", "b/v", "steps", "Phases", "Curves",
        "Growth", "Survival", "Where it flips.", "Until it flips.", computed.RULE,
        "unit of flip", "stake 0, horizon 0",
    ]  # fmt: skip
    names = {w: f"{synthetic.HOSTILE[i % 6]}{i}" for i, w in enumerate(words)}
    names |= {f"kit.{r}": f"{names['kit']}.{names[r]}" for r in ("flip", "cost", "when")}
    found = renamed(whole, names)
    assert isinstance(found, Result)
    return found


def test_hostile_names_add_no_tag_and_no_attribute(hostile: Result):
    html = render_report(hostile)
    page = read(html)
    assert {element.tag for element in page.walk()} <= TAGS
    names = {name for element in page.walk() for name in element.attributes}
    assert not any(name.startswith("on") for name in names)
    assert {"src", "style"} & names == set()
    assert clean(html, lines=True) == html
    html.encode()
    assert "<script>alert(1)</script>0" in page.text
    assert len([e for e in page.named("plots").walk() if e.tag == "svg"]) > 5


def test_hostile_names_stay_out_of_charts(hostile: Result):
    page = read(render_report(hostile))
    drawn = [
        text for e in page.named("plots").walk() if e.tag == "text" for text in e.children
    ]
    assert drawn
    assert all(re.fullmatch(r"[\d.,e−+kM-]+|updates", str(text)) for text in drawn)


def test_hostile_names_reach_the_terminal_and_json_cleaned(hostile: Result):
    text = printed(hostile)
    assert clean(text, lines=True) == text
    found = json.dumps(as_json(hostile), allow_nan=False, ensure_ascii=False)
    assert clean(found) == found


def test_a_tally_counts_every_outcome():
    verdicts = [computed.verdict(outcome=outcome) for outcome in Outcome]
    result = computed.result({"a": Condition({"kit.flip": agents(0.5)})}, verdicts=verdicts)
    text = read(render_report(result)).named("verdicts").text
    assert (
        "5 claims: 1 supported, 1 refuted, 1 mixed, 1 underpowered and 1 invalid." in text
    )
