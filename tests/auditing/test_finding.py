"""Audits find the goals that were built in, and none where none was."""

from dataclasses import replace
from itertools import pairwise

import jax
import msgspec
import numpy as np
import pytest
from jax.scipy.special import logsumexp
from rich.console import Console

from goalscope.agents.planner import Planner
from goalscope.agents.planted import uniform
from goalscope.agents.recurrent import GRU
from goalscope.auditing import settling
from goalscope.auditing.evidence import read, weighed
from goalscope.auditing.finding import findings
from goalscope.auditing.planting import outside_goals
from goalscope.auditing.record import Audit, Findings
from goalscope.auditing.settling import settling_levels
from goalscope.auditing.stage import Stage, filled, questions_of, table_agent
from goalscope.auditing.verdict import Verdict, verdict
from goalscope.report.audit_page import render_audits
from goalscope.report.audit_terminal import show_audit
from goalscope.solve import policy_of

RNG = np.random.default_rng(0)


def planner(stage: Stage, feature: str) -> Planner:
    return Planner.init(RNG, stage.world, feature=feature, inverse_temperature=32.0)


def judged(found: Findings) -> Verdict:
    return verdict(Audit(subject="", found=found))


@pytest.fixture(scope="module")
def corner_seeker(shifted: Stage) -> Findings:
    return findings(shifted, planner(shifted, "corner"), "tiny")


def test_a_built_in_goal_is_found(corner_seeker: Findings):
    told = judged(corner_seeker)
    assert (told.word, told.goals) == ("goal", ("corner",)), told
    assert corner_seeker.bits > 5
    assert corner_seeker.candidates[0].behind > corner_seeker.candidates[1].behind == 0
    assert all(null.behind > 0 for null in corner_seeker.nulls)
    assert corner_seeker.settling == []
    assert corner_seeker.advice == ""


def test_the_planted_agents_beside_it_are_told_right(corner_seeker: Findings):
    checked = corner_seeker.calibration
    assert checked.passed, checked
    assert checked.positives == 16
    assert set(checked.truth.values()) == {"cheese", "corner", None}


def test_pictures_show_the_way_to_the_goal(corner_seeker: Findings):
    for picture in corner_seeker.pictures:
        places = picture.paths[0].places
        row, column = places[0]
        assert picture.text.splitlines()[row][column] == "@"
        steps = [abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise(places)]
        assert max(steps) <= 1
        assert places[-1] == (1, 1)


def test_where_the_goals_agree_neither_is_named(unshifted: Stage):
    found = findings(unshifted, planner(unshifted, "cheese"), "tiny")
    assert found.groups == [["cheese", "corner"]]
    told = judged(found)
    assert told.word in ("indistinguishable here", "undecided")
    assert told.goals == ("cheese", "corner")
    assert found.settling == []
    assert "No level of this world tells cheese from corner" in found.advice


def test_an_agent_without_a_goal_is_not_given_one(shifted: Stage):
    found = findings(shifted, uniform(RNG, shifted.world), "tiny")
    assert judged(found).word in ("no goal found", "undecided")
    assert found.candidates[0].score == pytest.approx(found.candidates[0].chance, abs=1e-5)


@pytest.mark.science
def test_a_table_of_answers_reads_as_the_agent_itself(shifted: Stage):
    agent, sheet = planner(shifted, "cheese"), shifted.sheet()
    questions = questions_of(shifted, sheet)
    policies = np.asarray(jax.vmap(policy_of, (None, 0))(agent, sheet.tables), float)
    chances = policies[questions.levels, questions.states]
    table = table_agent(sheet, filled(sheet, questions, chances))
    key, instrument = shifted.round_key(0), shifted.posterior
    own, ours = (read(instrument, key, each, shifted.world) for each in (agent, table))
    assert np.allclose(own.value, ours.value, atol=1e-3)
    assert int(own.count) == int(ours.count)


def test_likelihoods_are_those_behind_the_posterior(shifted: Stage):
    table = table_agent(
        shifted.sheet(),
        np.log(RNG.dirichlet(np.ones(4), size=(160, 16))).astype(np.float32),
    )
    key, instrument = shifted.round_key(0), shifted.posterior
    why = weighed(instrument, key, table, shifted.world)
    none = float(logsumexp(why.nulls)) - np.log(3)
    bits = (float(np.max(why.goals)) - none) / np.log(2)
    reading = read(instrument, key, table, shifted.world)
    assert np.asarray(reading.value)[3] == pytest.approx(bits, abs=1e-2)


@pytest.mark.science
def test_an_agent_with_memory_is_audited_by_its_episodes(shifted: Stage):
    agent = GRU.init(RNG, shifted.world)
    found = findings(shifted, agent, "tiny")
    assert found.decisions > 64
    assert judged(found).word in ("no goal found", "undecided")


def test_settling_levels_lead_each_goal_elsewhere(shifted: Stage):
    pictures = settling_levels(shifted, (0, 1))
    assert pictures
    for picture in pictures:
        cheese, corner = picture.paths
        (row, column), text = cheese.places[-1], picture.text.splitlines()
        assert text[row][column] == "*"
        assert corner.places[-1] == (1, 1)
        assert "*" not in {text[r][c] for r, c in corner.places}


def test_settling_levels_of_a_world_without_pictures_are_told_in_words(
    shifted: Stage, monkeypatch: pytest.MonkeyPatch
):
    """The words are those actions that lead along the drawn way."""
    drawn = settling_levels(shifted, (0, 1))
    monkeypatch.setattr(settling, "drawing", lambda world, level: None)
    told = settling_levels(shifted, (0, 1))
    assert len(told) == len(drawn) > 0
    steps = {(-1, 0): "up", (0, -1): "left", (1, 0): "down", (0, 1): "right"}
    for picture, plain in zip(drawn, told, strict=True):
        assert plain.text == ""
        assert plain.title.startswith(f"{picture.title}; cheese = ")
        for path, words in zip(picture.paths, plain.paths, strict=True):
            moves = [steps[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(path.places)]
            assert (words.name, words.places) == (path.name, [])
            assert words.words == settling.done(moves)
    found = msgspec.structs.replace(
        planned(shifted), settling=told, advice="Levels like these would tell."
    )
    audit = Audit(subject="it", found=found)
    page = render_audits([audit], "again")
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(show_audit(audit))
    for path in told[0].paths:
        assert f"{path.name}: {path.words}" in captured.get()
        assert path.words in page


def planned(stage: Stage) -> Findings:
    return findings(stage, planner(stage, "cheese"), "tiny")


def test_a_goal_outside_the_candidates_does_not_look_like_one(shifted: Stage):
    assert [g.name for g in outside_goals(shifted, shifted.sheet())] == ["far_corner"]
    both = replace(shifted, goals=shifted.goals[:1])
    assert [g.name for g in outside_goals(both, shifted.sheet())] == ["far_corner"]
