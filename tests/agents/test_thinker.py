"""Agents that plan while they act, err, or stop trying."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.noisy import Noisy, PartlyBlind
from goalscope.agents.planner import Planner
from goalscope.agents.planted import optimal_policy
from goalscope.agents.satisficer import Satisficer
from goalscope.agents.thinker import Thinker
from goalscope.goals import reach
from goalscope.testing import check_agent

BETA, DISCOUNT = 6.0, 0.9


@pytest.fixture(scope="module")
def goal(world):
    return reach(world, "cheese")


@pytest.fixture(scope="module")
def agents(world, goal):
    planner = Planner(world, goal, BETA, DISCOUNT, world.horizon)
    return {
        "thinker": Thinker(world, goal, BETA, DISCOUNT, 2, max_sweeps=3),
        "noisy": Noisy(planner, 0.25),
        "blind": PartlyBlind(planner, jnp.array([0.0, 1.0])),
        "satisficer": Satisficer(world, goal, 0.5),
        "misled": Noisy(PartlyBlind(planner, jnp.array([0.0, 1.0])), 0.25),
    }


@pytest.mark.parametrize("name", ["thinker", "satisficer", "misled"])
def test_the_agent_keeps_its_contract(name, agents, world):
    check_agent(agents[name], world, key=jax.random.key(0))


@pytest.mark.parametrize(("sweeps", "calls"), [(1, 1), (2, 3), (3, 5)])
def test_after_some_calls_a_thinker_is_a_planner_of_that_depth(
    world, goal, table, sweeps, calls
):
    agent = Thinker(world, goal, BETA, DISCOUNT, sweeps, max_sweeps=3)

    @eqx.filter_jit
    def answers(agent, table):
        context, memory = agent.embed(table.view), agent.initial_memory()
        cells = jax.lax.rem(jnp.arange(calls), 9)
        for cell in cells[:-1]:
            memory = agent(context, table.tokens[cell], memory).memory
        respond = jax.vmap(lambda tokens: agent(context, tokens, memory).logits)
        return jax.nn.log_softmax(respond(table.tokens))

    steps = sweeps * calls
    expected = solve.soft_policy(table, goal, BETA, DISCOUNT, num_steps=steps)
    np.testing.assert_allclose(answers(agent, table), expected, rtol=1e-4, atol=1e-5)


def test_a_thinker_can_be_trained(world, goal, table):
    def loss(agent):
        context = agent.embed(table.view)
        first = agent(context, table.tokens[4], agent.initial_memory())
        return agent(context, table.tokens[4], first.memory).logits[0]

    agent = Thinker(world, goal, BETA, DISCOUNT, 1, max_sweeps=2)
    gradient = eqx.filter_jit(eqx.filter_grad(loss))(agent)
    assert np.all(np.isfinite(gradient.goal.weights))
    assert np.any(gradient.goal.weights != 0)


def test_noise_mixes_with_chance(agents, table):
    noisy, planner = (
        eqx.filter_jit(solve.policy_of)(agent, table)
        for agent in (agents["noisy"], agents["noisy"].agent)
    )
    np.testing.assert_allclose(noisy, 0.75 * planner + 0.25 / 4, atol=1e-6)


def test_an_agent_blind_to_walls_plans_as_if_there_were_none(
    agents, tables, table, world, goal
):
    open_view = table.view.at[0].set(0.0)
    level = world.level_seen(open_view)
    without = solve.tabulate(world, level)
    expected = solve.soft_policy(without, goal, BETA, DISCOUNT, num_steps=world.horizon)
    found = eqx.filter_jit(solve.policy_of)(agents["blind"], table)
    np.testing.assert_allclose(found, np.exp(expected), atol=1e-5)


@pytest.mark.parametrize("aspiration", [0.0, 0.6, 0.9, 2.0])
def test_a_satisficer_tries_only_where_chance_is_not_good_enough(
    world, goal, table, aspiration
):
    agent = Satisficer(world, goal, aspiration)
    policy = eqx.filter_jit(solve.policy_of)(agent, table)
    chance = jnp.full((9, 4), 0.25)
    worth = solve.evaluate(table, chance, goal, 1.0, num_steps=world.horizon)
    optimal = optimal_policy(table, goal, num_steps=world.horizon)
    for state in range(9):
        expected = chance if worth[state] >= aspiration else optimal
        np.testing.assert_allclose(policy[state], expected[state], atol=1e-6)


def test_impossible_agents_are_refused(world, goal, agents):
    with pytest.raises(ValueError, match="sweeps"):
        Thinker(world, goal, 1.0, 0.9, 9, max_sweeps=8)
    with pytest.raises(ValueError, match="epsilon"):
        Noisy(agents["satisficer"], 1.5)
    with pytest.raises(ValueError, match="aspiration"):
        Satisficer(world, goal, -1.0)
