"""Agents that look now and then: the same as a planner, until something moves them."""

import equinox as eqx
import jax
import pytest
from jax import numpy as jnp

from goalscope.agents.open_loop import OpenLoop
from goalscope.agents.planner import Planner
from goalscope.goals import reach
from goalscope.rollout import rollout
from goalscope.testing import check_agent

PICTURE = "#####\n#...#\n#.@.#\n#..*#\n#####"
KEY = jax.random.key(0)


def agent(world, period: int) -> OpenLoop:
    planner = Planner(world, reach(world, "cheese"), 64.0, 0.9, world.horizon)
    return OpenLoop(planner, period)


@eqx.filter_jit
def two_actions(agent, world, *, pushed_back: bool):
    """Return the first two actions; in between, something may push the agent back."""
    level = world.parse_level(PICTURE)
    context, start = agent.embed(world.observe_level(level)), world.reset(level)
    tokens = world.observe_state(level, start)
    first = agent(context, tokens, agent.initial_memory())
    action = jnp.argmax(first.logits)
    there = start if pushed_back else world.step(KEY, level, start, action)
    second = agent(context, world.observe_state(level, there), first.memory)
    return jnp.stack([action, jnp.argmax(second.logits)])


@pytest.mark.parametrize("period", [1, 32])
def test_undisturbed_it_goes_the_shortest_way(world, period):
    episode = rollout(KEY, agent(world, period), world, world.parse_level(PICTURE))
    cheese = world.feature_names.index("cheese")
    assert episode.features[:2, cheese].tolist() == [0.0, 1.0]


def test_only_who_looks_notices_that_it_was_moved(world):
    looking, blind = agent(world, 1), agent(world, 32)
    plan = two_actions(looking, world, pushed_back=False).tolist()
    assert plan[0] != plan[1]
    assert two_actions(blind, world, pushed_back=False).tolist() == plan
    assert two_actions(blind, world, pushed_back=True).tolist() == plan
    assert two_actions(looking, world, pushed_back=True).tolist() == [plan[0]] * 2


def test_the_agent_keeps_the_contract(world):
    check_agent(agent(world, 3), world, key=KEY)
