"""The report of a calibration: what it holds, and that it asks for nothing."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.report import calibrated
from tests.report.html_reading import Element, read
from tests.report.synthetic import HOSTILE
from tests.report.test_hostile import TAGS, renamed
from tests.report.test_page import FETCHES
from tests.scoring.made import Kind, card, control

from goalscope.report import render
from goalscope.report.calibration_figures import Scale, lane_svg, power_figure
from goalscope.report.calibration_kinds import hundredths, kinds
from goalscope.report.calibration_page import QUESTION, render_calibration
from goalscope.report.calibration_summary import doubts
from goalscope.report.calibration_terminal import as_json, show_cards
from goalscope.report.cleaning import clean
from goalscope.report.page import SKIPPED
from goalscope.scoring.assembling import matrix
from goalscope.scoring.cross_talk import cross_talk
from goalscope.scoring.records import Scorecard

COMMAND = "goalscope calibrate --size full --half test --seed 0"
Cards = tuple[Scorecard, ...]


@pytest.fixture(scope="module")
def cards() -> Cards:
    return calibrated.cards(40, 12)


@pytest.fixture(scope="module")
def html(cards: Cards) -> str:
    return render_calibration(cards, COMMAND)


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return read(html)


def table_of(section: Element, number: int = 0) -> list[list[str]]:
    """Return the cells of a table's body."""
    rows = section.all("table")[number].all("tbody")[0].all("tr")
    return [[c.text for c in row.walk() if c.tag in ("td", "th")] for row in rows]


def printed(cards: Cards, width: int = 110) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(show_cards(cards))
    return captured.get()


def test_equal_scorecards_give_equal_bytes(html: str):
    assert render_calibration(calibrated.cards(40, 12), COMMAND) == html


def test_sections_go_from_the_whole_to_each_instrument(page: Element, cards: Cards):
    names = list(dict.fromkeys(c.instrument for c in cards))
    titles = [section.all("h2")[0].text for section in page.all("section")]
    assert titles == ["Release", "Pattern", "Cross-talk", *names]
    links = [link.attributes["href"] for link in page.all("nav")[0].all("a")]
    assert links == ["#" + s.attributes["id"] for s in page.all("section")]


def test_the_head_says_question_command_half_and_sizes(page: Element, cards: Cards):
    head = page.all("header")[0].text
    agents = sum(row.n for c in cards for row in c.kinds)
    for words in (QUESTION, "test half", "6 instruments", "3 worlds", f"{agents:,}"):
        assert words in head
    assert page.all("pre")[0].text == COMMAND


def test_the_page_asks_for_nothing(html: str, page: Element):
    asked = {
        value
        for element in page.walk()
        for name, value in element.attributes.items()
        if name in FETCHES and not value.startswith("#")
    }
    assert asked == set()
    assert re.findall(r"(?i)\b(?:https?:|ftp:|javascript:|data:|//\w)", html) == []
    names = {name for element in page.walk() for name in element.attributes}
    assert {name for name in names if name == "style" or name.startswith("on")} == set()


def test_drawings_have_words_or_are_hidden(page: Element):
    described = {
        id(svg)
        for element in page.walk()
        if element.attributes.get("role") == "img"
        for svg in element.all("svg")
    }
    others = [svg for svg in page.all("svg") if id(svg) not in described]
    assert len(described) == 3
    assert all(svg.attributes.get("aria-hidden") == "true" for svg in others)


def test_identifiers_are_unique(page: Element):
    names = [e.attributes["id"] for e in page.walk() if "id" in e.attributes]
    assert len(names) == len(set(names))


def test_every_trial_has_a_row_and_every_miss_its_number(page: Element, cards: Cards):
    release = page.named("release")
    summary, misses = table_of(release), table_of(release, 1)
    assert [row[:2] for row in summary] == [[c.instrument, c.world] for c in cards]
    for row, found in zip(summary, cards, strict=True):
        assert row[2] == f"✗ misses {len(found.misses)} of {len(found.gates)}"
        assert row[3].startswith(f"{found.auc.estimate:.3f} [{found.auc.lower:.3f}, ")
        assert row[5].startswith(
            f"{round(found.false_rate.estimate * found.negatives)} of {found.negatives}: "
        )
    every = [(c.instrument, c.world, g.name, g.bound) for c in cards for g in c.misses]
    assert [(r[0], r[1], r[2], r[4]) for r in misses] == every
    assert "agents" in {row[2] for row in misses}
    assert ["thinking_time", "corner", "agents", "40"] in [row[:4] for row in misses]


def test_an_instrument_is_released_where_every_gate_is_met():
    found = calibrated.released()
    page = read(render_calibration(found, COMMAND))
    assert [row[2] for row in table_of(page.named("release"))] == ["✓ released"] * 3
    assert "1 of 1 instrument (goal_posterior)" in page.named("release").text
    assert "What keeps instruments" not in page.named("release").text


def test_small_trials_and_the_tuning_half_are_called_so(cards: Cards):
    tuning = tuple(dataclasses.replace(c, half="tuning") for c in cards)
    assert len(doubts(cards)) == 1
    assert "Only the test half decides a release" in doubts(tuning)[0]
    assert doubts(calibrated.cards(only=1)) == ()


def test_the_pattern_is_the_matrix_with_its_requirements(page: Element, cards: Cards):
    names = tuple(dict.fromkeys(c.instrument for c in cards))
    rows = tuple(kind for kind, _ in kinds(cards))
    means = matrix(cards, rows, names)
    shown = table_of(page.named("pattern"))
    assert [row[0] for row in shown] == list(rows)
    for place, row in enumerate(shown):
        for column, cell in enumerate(row[2:]):
            assert hundredths(float(means[column, place])) in cell
    cell = dict(zip(names, shown[rows.index("mixture")][2:], strict=True))
    assert cell["thinking_time"].endswith("✗")
    assert cell["goal_posterior"].endswith("✓")
    other = dict(zip(names, shown[rows.index("planner")][2:], strict=True))
    assert other["goal_posterior"].startswith("▲")
    assert other["reward_distance"].startswith("▽")
    required = table_of(page.named("pattern"), 1)
    assert len(required) == sum(len(c.pattern) for c in cards)


def test_a_kind_that_is_no_part_of_a_trial_has_a_dot():
    both = (
        card(
            {"a": Kind("positive", [1.0] * 4), "b": Kind("negative", [0.0] * 4)}, name="x"
        ),
        card(
            {"a": Kind("positive", [1.0] * 4), "c": Kind("negative", [0.0] * 4)}, name="y"
        ),
    )
    page = read(render_calibration(both, COMMAND))
    cells = {row[0]: row[2:] for row in table_of(page.named("pattern"))}
    assert cells["b"] == ["▽ 0.00", "·"]
    assert cells["c"] == ["·", "▽ 0.00"]


def test_cross_talk_is_marked_and_reasons_are_given(page: Element, cards: Cards):
    section = page.named("crosstalk")
    rows = table_of(section, 1)
    signs = {"large": "✗", "open": "?", "listed": "†", "small": "small", "own dose": "own"}
    found = {(p.instrument, p.kind): p for p in cross_talk(cards)}
    assert {"large", "open", "small", "own dose"} <= {p.mark for p in found.values()}
    for row in rows:
        pair = found[row[0], row[1]]
        assert row[6].startswith(signs[pair.mark])
        assert row[3] == hundredths(pair.correlation.estimate, signed=True)
    assert "part of its goal" in section.text


def test_reasons_take_the_mark_away(cards: Cards):
    guilty = next(p for p in cross_talk(cards) if p.mark == "large")
    excused = tuple(dataclasses.replace(c, listed={guilty.kind: "because"}) for c in cards)
    page = read(render_calibration(excused, COMMAND))
    row = next(
        row
        for row in table_of(page.named("crosstalk"), 1)
        if row[:2] == [guilty.instrument, guilty.kind]
    )
    assert row[6] == "† has a reason"
    assert "because" in page.named("crosstalk").text


def test_each_instrument_says_what_it_asks_reads_and_cannot_tell(
    page: Element, cards: Cards
):
    sections = page.all("section")[3:]
    for section in sections:
        own = [c for c in cards if c.instrument == section.all("h2")[0].text]
        for words in (own[0].question, own[0].unit, *own[0].limits, "enough decisions"):
            assert words in section.text
        rows = {row[0]: row for row in table_of(section)}
        assert rows.keys() == {row.kind for c in own for row in c.kinds}
        assert rows["planner"][1] in ("positive", "negative", "neither")
        numbers = table_of(section, 1)
        assert len(numbers) == sum(len(c.kinds) for c in own)
        assert ("How many levels it needs" in section.text) == bool(own[0].power)
        gates = table_of(section, len(section.all("table")) - 1)
        assert len(gates) == sum(len(c.gates) for c in own)


def test_a_role_from_a_dose_on_says_so(cards: Cards):
    first, *others = cards[0].kinds
    later = dataclasses.replace(first, from_dose=4.0)
    changed = dataclasses.replace(cards[0], kinds=(later, *others))
    page = read(render_calibration((changed,), COMMAND))
    rows = {row[0]: row for row in table_of(page.named("instrument1"))}
    assert rows[first.kind][1] == f"{first.role}, dose ≥ 4"


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_on_the_scale(low: float, width: float):
    scale = Scale([low, low + width])
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 7
    assert all(9.9 < scale(tick) < 230.1 for tick in ticks)
    np.testing.assert_allclose(np.diff(ticks, 2), 0, atol=1e-6 * width + 1e-9)


def test_marks_lie_where_the_means_are(cards: Cards):
    found = cards[0]
    scale = Scale([0.0, 1.0])
    row = dataclasses.replace(found.kinds[0], score=0.25, spread=(0.0, 0.5))
    svg = lane_svg([row, None], scale, [0.75, 0.75])
    assert re.findall(r'cx="([\d.]+)"', svg) == [f"{scale(0.25):.1f}"]
    assert f"M{scale(0.0):.1f} 6.5H{scale(0.5):.1f}" in svg
    assert svg.count("stroke-dasharray") == 2
    unread = dataclasses.replace(row, score=math.nan, spread=(math.nan, math.nan))
    assert "circle" not in lane_svg([unread], scale, [math.nan])


def test_power_curves_hold_every_number_of_levels(cards: Cards):
    figure = power_figure(cards[:3], "p")
    assert figure is not None
    assert [row[:2] for row in figure.table.rows] == [
        (c.world, str(n)) for c in cards[:3] for n in (2, 4, 8, 16, 32)
    ]
    assert power_figure([dataclasses.replace(cards[0], power={})], "p") is None


def test_without_the_renderer_the_data_stay(
    monkeypatch: pytest.MonkeyPatch, cards: Cards, page: Element
):
    monkeypatch.setattr(render, "_renderer_is_there", lambda: False)
    bare = read(render_calibration(cards, COMMAND))
    assert len([p for p in bare.all("p") if p.text == SKIPPED]) == 3
    assert [len(t.all("tr")) for t in bare.all("table")] == [
        len(t.all("tr")) for t in page.all("table")
    ]


def unmeasured() -> Scorecard:
    """Return a card on which nothing could be measured."""
    nothing = np.full(3, np.nan)
    found = {"planner": Kind("positive", nothing), "walker": Kind("negative", nothing)}
    return card(found, controls=[control("planner", 0.5, np.inf)])


def test_what_could_not_be_measured_is_a_dash_and_not_a_zero():
    page = read(render_calibration((unmeasured(),), COMMAND))
    assert table_of(page.named("pattern"))[0][2] == "▲ – ✗"
    numbers = table_of(page.named("instrument1"), 1)
    assert {row[4] for row in numbers} == {"–"}
    assert "nan" not in page.text.lower()


def test_a_calibration_without_scorecards_has_a_page():
    page = read(render_calibration((), COMMAND))
    assert "nothing finished" in page.all("header")[0].text
    assert "0 of 0 instruments" in page.text


def test_a_large_calibration_stays_below_two_megabytes(html: str):
    assert len(html.encode()) <= 1e6


@pytest.fixture(scope="module")
def hostile() -> Cards:
    plain = calibrated.cards(8, 8, only=1)
    words = [
        "goal_posterior", "corner", "dish", "planner", "uniform", "one goal", "none",
        "score", "probability", "enough decisions", "satisficer", plain[0].question,
        *plain[0].limits, plain[0].listed["satisficer"], "coverage of score",
    ]  # fmt: skip
    names = {word: f"{HOSTILE[i % len(HOSTILE)]}{i}" for i, word in enumerate(words)}
    found = tuple(renamed(c, names) for c in plain)
    return tuple(c for c in found if isinstance(c, Scorecard))


def test_names_add_no_tag_and_are_shown_as_they_are(hostile: Cards):
    html = render_calibration(hostile, HOSTILE[3])
    page = read(html)
    assert {element.tag for element in page.walk()} <= TAGS | {"i"}
    names = {name for element in page.walk() for name in element.attributes}
    assert not any(name.startswith("on") for name in names)
    assert {"src", "style"} & names == set()
    assert clean(html, lines=True) == html
    assert "<script>alert(1)</script>0" in page.text
    assert len(page.all("title")) == 1


def test_the_terminal_and_json_get_no_command(hostile: Cards):
    text = printed(hostile)
    assert clean(text, lines=True) == text
    found = json.dumps(as_json(hostile), allow_nan=False, ensure_ascii=False)
    assert clean(found) == found


def test_the_terminal_says_what_is_released_and_what_is_missed(cards: Cards):
    text = printed(cards)
    assert "0 of 6 instruments" in text
    missed = cards[0]
    assert f"✗ misses {len(missed.misses)} of {len(missed.gates)}" in text
    assert "at least 200 positives" in text
    assert "✓ released" in printed(calibrated.released())
    assert max(len(line.rstrip()) for line in printed(cards, 80).splitlines()) <= 80


def test_json_holds_everything_with_null_for_what_is_not_known(cards: Cards):
    found = json.loads(json.dumps(as_json((*cards, unmeasured())), allow_nan=False))
    assert len(found["scorecards"]) == len(cards) + 1
    fields = {field.name for field in dataclasses.fields(Scorecard)}
    assert fields | {"released", "misses"} == found["scorecards"][0].keys()
    assert found["scorecards"][0]["kinds"][0]["retest"] == cards[0].kinds[0].retest
    last = found["scorecards"][-1]
    assert [row["score"] for row in last["kinds"]] == [None, None]
    assert last["pattern"][0]["high"] is None
    assert found["pattern"]["thing_meter"]["planner"] is None
    assert {"instrument", "kind", "correlation", "mark"} <= found["cross_talk"][0].keys()
