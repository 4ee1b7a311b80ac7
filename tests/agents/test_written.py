"""Written weights must act as a planner does; the planner is the second implementation."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.planner import Planner
from goalscope.agents.value_iteration import Iteration
from goalscope.agents.written import WrittenNetwork
from goalscope.goals import Goal, reach
from goalscope.instruments.levels import draw_levels
from goalscope.testing import check_agent
from goalscope.worlds.corner import Corner
from goalscope.worlds.dish import Dish
from goalscope.worlds.keys import Keys
from goalscope.worlds.objects import Objects

CORNER = Corner(shifted_share=1.0, corner_size=2, size=5, horizon=64)
DISH = Dish(shifted_share=1.0, dish_planes=2, size=5, horizon=64)
OBJECTS = Objects(names=("bell", "lamp"), size=5, horizon=64)
BETA = 512.0
CASES = [(CORNER, name) for name in CORNER.feature_names]
CASES += [(DISH, name) for name in DISH.feature_names]
CASES += [(OBJECTS, "lamp")]


@eqx.filter_jit
def policies(agents, tables):
    return [jax.vmap(solve.policy_of, (None, 0))(agent, tables) for agent in agents]


@eqx.filter_jit
def sheet(world):
    tables = draw_levels(jax.random.key(1), world, num_levels=24).tables
    return tables


def gap(policy):
    """Return by what factor the best action is likelier than the next."""
    ordered = np.sort(np.log(np.maximum(policy, 1e-30)), axis=-1)
    return ordered[..., -1] - ordered[..., -2]


@pytest.mark.parametrize(("world", "feature"), CASES)
def test_greedy_actions_are_the_planners_wherever_one_is_best(world, feature, rng):
    tables = sheet(world)
    goal = Goal(reach(world, feature).weights, True, "any")  # one program for all goals
    planner = Planner(world, goal, BETA, 0.9, depth=20)
    written = WrittenNetwork.init(rng, world, feature=feature, inverse_temperature=BETA)
    told = GoalConditioned.init(rng, world, feature=feature, inverse_temperature=BETA)
    theirs, ours, also = map(np.asarray, policies([planner, written, told], tables))
    # A soft planner splits hard ties by the number of ways: 1.1 nats, not 4.
    decided = (gap(theirs) > 4) & ~np.asarray(tables.terminal)
    assert decided.mean() > 0.1
    for found in (ours, also):
        agree = found.argmax(-1) == theirs.argmax(-1)
        assert agree[decided].all()
    np.testing.assert_allclose(ours, also, atol=1e-3)


def test_agents_told_a_goal_act_like_one_built_for_it(rng):
    tables = sheet(CORNER)
    agent = GoalConditioned.init(rng, CORNER, feature="cheese", copied="corner")
    for name in ("corner", "far_corner"):
        built = WrittenNetwork.init(rng, CORNER, feature=name)
        told, wanted = policies([agent.told(reach(CORNER, name)), built], tables)
        np.testing.assert_allclose(told, wanted, atol=1e-4)


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_the_copy_is_written_and_changes_nothing(rng, scale):
    tables = sheet(CORNER)
    agent = GoalConditioned.init(
        rng, CORNER, feature="cheese", copied="corner", copy_scale=scale
    )
    other = agent.told(reach(CORNER, "far_corner"), "copy")
    one, same = policies([agent, other], tables)
    np.testing.assert_array_equal(one, same)
    view, tokens = tables.view[0], tables.tokens[0, 0]
    seen, changed = (
        each.forward(view, tokens, (), {})[1]["goal"] for each in (agent, other)
    )
    np.testing.assert_array_equal(seen[:8], changed[:8])
    assert not np.allclose(seen[8:], changed[8:])
    np.testing.assert_allclose(jnp.linalg.norm(seen[8:]), scale, rtol=1e-5)


def test_written_networks_keep_the_contract_of_agents(rng):
    key = jax.random.key(0)
    check_agent(WrittenNetwork.init(rng, DISH, feature="dish"), DISH, key=key)
    check_agent(GoalConditioned.init(rng, DISH, feature="dish"), DISH, key=key)


def test_what_cannot_be_written_is_refused(rng):
    with pytest.raises(TypeError, match="no weights can be written for Keys"):
        WrittenNetwork.init(rng, Keys(size=4), feature="chest")
    with pytest.raises(ValueError, match="no feature 'gold'; it has cheese"):
        WrittenNetwork.init(rng, CORNER, feature="gold")
    with pytest.raises(ValueError, match="no slot 'wish'; this agent has goal"):
        GoalConditioned.init(rng, CORNER, feature="cheese").told(
            reach(CORNER, "corner"), "wish"
        )
    with pytest.raises(ValueError, match="num_sweeps is 0"):
        Iteration(0.9, 1.0, 0)
