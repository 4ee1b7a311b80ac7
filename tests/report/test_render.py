"""Charts in a child process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from goalscope.report import render
from goalscope.report.render import inline, render_charts

LINE = {
    "data": {"values": [{"x": 0, "y": 1}, {"x": 1, "y": 3}]},
    "mark": {"type": "line", "clip": True},
    "encoding": {"x": {"field": "x"}, "y": {"field": "y", "type": "quantitative"}},
}
# A stand-in for the renderer, that dies of some charts.
STAND_IN = """
import json, os, sys
for chart in json.load(sys.stdin):
    if chart["name"] == "crash": os.abort()
    sys.stdout.write(json.dumps("<svg><text>" + chart["name"] + "</text></svg>") + "\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN)
    monkeypatch.setattr(render, "PROGRAM", program)


def drawn(names: str) -> str:
    """Return which of the charts were drawn, one letter each, a dot where one was not."""
    words = {"x": "crash"}
    found = render_charts([{"name": words.get(name, name)} for name in names])
    return "".join("." if svg is None else svg.split("text>")[1][0] for svg in found)


def test_charts_become_drawings_in_order():
    svgs = render_charts([LINE, {**LINE, "mark": "bar"}])
    assert [svg.startswith("<svg ") for svg in svgs if svg is not None] == [True, True]
    assert svgs[0] != svgs[1]


def test_a_chart_that_is_none_costs_itself():
    first, broken, last = render_charts([LINE, {"mark": {"type": "nonsense"}}, LINE])
    assert broken is None
    assert first is not None
    assert last is not None


def test_control_characters_are_taken_out_before_drawing():
    titled = {**LINE, "title": "a\x01b\x1bc\ufffed"}
    (svg,) = render_charts([titled])
    assert svg is not None
    assert "abcd" in svg


def test_charts_cannot_load_anything(tmp_path: Path):
    secret = tmp_path / "data.csv"
    secret.write_text("x,y\n0,1\n")
    for address in (secret.as_uri(), "data:text/csv,x,y%0A0,1"):
        (svg,) = render_charts([{**LINE, "data": {"url": address}}])
        assert svg is None or "M0," not in svg


@pytest.mark.usefixtures("stand_in")
def test_a_crash_costs_one_drawing():
    assert drawn("abxc") == "ab.c"
    assert drawn("xxa") == "..a"
    assert drawn("ax") == "a."


@pytest.mark.usefixtures("stand_in")
def test_after_many_crashes_the_rest_is_left_undrawn():
    assert (
        drawn("a" + render.MAX_CRASHES * "x" + "b") == "a" + render.MAX_CRASHES * "." + "."
    )


def test_a_chart_that_takes_for_ever_costs_itself(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def run(command: list[str], *, input: bytes, **options: Any) -> Any:
        charts = json.loads(input)
        asked.append(len(charts))
        answers = b"".join(
            json.dumps(f"<svg>{c['n']}</svg>").encode() + b"\n" for c in charts
        )
        if len(charts) > 2:
            raise subprocess.TimeoutExpired(
                command, 1, output=answers.split(b"\n")[0] + b"\n"
            )
        return subprocess.CompletedProcess(command, 0, answers, b"")

    monkeypatch.setattr(subprocess, "run", run)
    found = render_charts([{"n": 0}, {"n": 1}, {"n": 2}])
    assert found == ["<svg>0</svg>", None, "<svg>2</svg>"]
    assert asked == [3, 1]


def test_without_the_renderer_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert render_charts([LINE, LINE]) == [None, None]


def test_identifiers_of_several_drawings_do_not_meet():
    svg = '<svg><g clip-path="url(#clip1)"/><defs><clipPath id="clip1"/></defs></svg>'
    first, second = inline(svg, 0), inline(svg, 1)
    assert 'id="chart0-0"' in first
    assert "url(#chart0-0)" in first
    assert "chart0-0" not in second


def test_only_geometry_is_rounded():
    svg = '<svg><path d="M0.123456,1.5" fill="x"/><text x="0.98765">0.0001</text></svg>'
    assert inline(svg, 0) == (
        '<svg><path d="M0.12,1.5" fill="x"/><text x="0.99">0.0001</text></svg>'
    )
