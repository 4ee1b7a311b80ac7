"""Agents that the competence gate kept out: how far they were is drawn and told."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tests.report import synthetic
from tests.report.html_reading import read

from goalscope.report.along_training import training_section
from goalscope.report.figure import Panel, Section
from goalscope.report.page import render_report
from goalscope.result import Result, Setup

ON = "first_choice.cheese"


@pytest.fixture(scope="module")
def gated() -> Result:
    """All of arm b failed the gate, and one of arm a; another of a diverged."""
    found = synthetic.result((("a", 0.0, ""), ("b", 1.0, "")), num_checkpoints=4, fates={})
    competent = {"a": np.arange(16) != 2, "b": np.zeros(16, bool)}
    diverged = {"a": np.where(np.arange(16) == 3, 7, -1), "b": np.full(16, -1)}
    arms = {
        name: dataclasses.replace(
            arm, competent=competent[name], diverged_at=diverged[name]
        )
        for name, arm in found.arms.items()
    }
    evidence = {
        key: dataclasses.replace(one, included=arms[key[0]].included)
        if key[0] in arms
        else one
        for key, one in found.evidence.items()
    }
    setup = Setup(competence={"on": ON, "threshold": 0.75})
    return dataclasses.replace(found, arms=arms, evidence=evidence, setup=setup)


@pytest.fixture(scope="module")
def section(gated: Result) -> Section:
    return training_section(gated)


def views(panel: Panel) -> list[dict[str, Any]]:
    assert isinstance(panel.drawing, Mapping)
    return panel.drawing["vconcat"]


def drawn(panel: Panel) -> dict[str, list[list[float]]]:
    """Return axis title -> what each dotted curve of the lane goes through."""
    lanes = {}
    for view in views(panel):
        dotted = [
            [row["estimate"] for row in layer["data"]["values"]]
            for layer in view["layer"]
            if layer["mark"].get("strokeDash") == [1, 3]
        ]
        axes = [layer["encoding"].get("y", {}).get("axis", {}) for layer in view["layer"]]
        lanes[next(axis["title"] for axis in axes if axis.get("title"))] = dotted
    return lanes


def test_the_curves_of_agents_that_the_gate_kept_out_are_drawn(section, gated: Result):
    first, second = (drawn(panel) for panel in section.figures[0].panels)
    reading = gated.evidence["a", "first_choice", "cheese"].values
    metric = gated.arms["b"].curves["mean_return"]
    assert first["gate"][0] == pytest.approx(reading[2].tolist(), rel=1e-4)
    assert second["return"][0] == pytest.approx(metric.mean(axis=0).tolist(), rel=1e-4)
    assert first["score"] == []
    assert list(second) == ["gate", "return"]


def test_the_gate_is_a_line_at_its_threshold(section: Section):
    lane = views(section.figures[0].panels[1])[0]
    levels = [layer for layer in lane["layer"] if layer["mark"]["type"] == "rule"]
    assert [layer["data"]["values"] for layer in levels] == [[{"estimate": 0.75}]]
    assert f"{ON} ends at 0.75 (line) or more" in section.figures[0].caption


def test_excluded_agents_are_marked_and_their_arm_has_no_result(section: Section):
    first, second = section.figures[0].panels
    assert first.title == "a (n = 14, 1 not competent)"
    assert second.below == "No result: all agents excluded"
    assert "not competent: excluded, mean" in [key.text for key in section.figures[0].key]
    assert "gate: first_choice.cheese of the excluded" in section.figures[0].table.columns


def test_exclusions_say_how_far_they_were(gated: Result):
    first, second = read(render_report(gated)).named("exclusions").all("li")
    alone, *_ = gated.evidence["a", "first_choice", "cheese"].values[2:, -1]
    last = gated.evidence["b", "first_choice", "cheese"].values[:, -1]
    said = f"{ON} of those not competent is"
    assert first.text == f"a: {said} {alone:.3g}; the gate is at 0.75."
    assert f"b: {said} {last.min():.3g} to {last.max():.3g};" in second.text
