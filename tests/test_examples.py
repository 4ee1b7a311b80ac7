"""The files that contributors copy keep their contracts, and together find a goal."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from goal_advantage import GoalAdvantage
from goalscope.agents.mlp import MLP
from goalscope.agents.planted import uniform
from goalscope.cli.showing import read_result
from goalscope.report.page import render_report
from goalscope.testing import check_instrument, check_world
from supervised_shortcut import SupervisedShortcut
from unwatched import goal, planner, unwatched

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "unwatched.py"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def world() -> SupervisedShortcut:
    return SupervisedShortcut(watched_share=0.5)


def test_the_example_world_keeps_its_contract(world: SupervisedShortcut):
    check_world(world, key=jax.random.key(0))


def test_the_example_world_refuses_impossible_shares():
    with pytest.raises(ValueError, match="watched_share"):
        SupervisedShortcut(watched_share=1.5)


@pytest.fixture(scope="module")
def instrument() -> GoalAdvantage:
    return GoalAdvantage((goal("careful"), goal("trampling")), num_levels=4)


def test_the_example_instrument_keeps_its_contract(
    world: SupervisedShortcut, instrument: GoalAdvantage
):
    agent = MLP.init(RNG, world, widths=(4,))
    check_instrument(instrument, world, agent, key=jax.random.key(0))


def test_the_example_instrument_reads_planted_goals(
    world: SupervisedShortcut, instrument: GoalAdvantage
):
    def read(agent):
        return np.asarray(instrument.measure(jax.random.key(0), agent, world).value)

    assert read(planner(RNG, world, name="careful")) == pytest.approx([1, -1], abs=0.1)
    assert read(planner(RNG, world, name="trampling")) == pytest.approx([-1, 1], abs=0.1)
    assert read(uniform(RNG, world)) == pytest.approx([0, 0], abs=1e-6)


def test_the_example_experiment_is_consistent():
    assert set(unwatched(agents=2).arms) == {"always watched", "half watched"}


def test_levels_as_text_are_refused_for_worlds_that_read_none():
    with pytest.raises(ValueError, match="SupervisedShortcut reads none; give the levels"):
        dataclasses.replace(unwatched(agents=2), gallery={"a picture": "####"})


def goalscope(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "goalscope", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_experiment_finds_who_looks_around_first(tmp_path: Path):
    out = tmp_path / "unwatched"
    goalscope("run", EXAMPLE, "--size", "smoke", "--out", out, "--workers", "1", "--quiet")
    shown = json.loads(goalscope("show", out, "--json"))
    assert [verdict["outcome"] for verdict in shown["verdicts"]] == ["supported"] * 2
    result = read_result(out)
    assert [picture.text.split("\n")[1] for picture in result.pictures] == ["#@....h#"]
    for arm in result.arms.values():
        assert arm.portraits.shape == (len(arm.agents), 1, 6, 3)
    page = render_report(result)
    assert page.count("Policy of agent") == 8
    assert "Not drawn" not in page
    tour = goalscope("replay", out, "--agent", "0", "--arm", "half watched")
    assert "· f f f f ·" in tour
