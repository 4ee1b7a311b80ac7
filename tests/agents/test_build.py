import json

import jax
import numpy as np
import pytest

from goalscope.agents import planted
from goalscope.agents.base import AbstractAgent, Build
from goalscope.agents.mlp import MLP
from goalscope.agents.planner import Planner


def test_a_build_makes_what_its_kind_makes(world):
    built = Build(MLP, {"widths": (8,)})(np.random.default_rng(1), world)
    direct = MLP.init(np.random.default_rng(1), world, widths=(8,))
    assert isinstance(built, AbstractAgent)
    assert jax.tree.all(jax.tree.map(np.array_equal, built, direct))


def test_a_description_survives_json_and_says_everything():
    build = Build(MLP, {"widths": (8, 4), "activation": "relu"})
    description = build.describe()
    assert json.loads(json.dumps(description)) == description
    assert description["options"] == {"widths": [8, 4], "activation": "relu"}
    assert Build(MLP, {"widths": (8, 5)}).describe() != description


def test_a_function_can_be_built_too(world, rng):
    build = Build(planted.action_biased, {"concentration": 2.0})
    agent = build(rng, world)
    assert isinstance(agent, planted.ActionBiased)
    assert agent.logits.shape == (4,)
    assert build.describe()["kind"] == "goalscope.agents.planted:action_biased"


def test_a_planner_is_built_for_a_feature(world, rng):
    options = {"feature": "far_corner", "inverse_temperature": 20.0}
    agent = Build(Planner, options)(rng, world)
    assert isinstance(agent, Planner)
    assert agent.goal.name == "far_corner"
    assert agent.depth == world.horizon
    assert Build(Planner, options).describe()["options"] == options


def test_an_unknown_option_is_refused_with_those_that_exist():
    with pytest.raises(
        ValueError, match=r"MLP has no option width; it has widths, activation"
    ):
        Build(MLP, {"width": 3})


def test_an_option_that_is_no_json_is_refused():
    with pytest.raises(TypeError, match="'widths' is a ndarray"):
        Build(MLP, {"widths": np.ones(2)})


def test_a_class_without_init_is_refused():
    with pytest.raises(TypeError, match="Greedy has no `init"):
        Build(planted.Greedy)
