import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import goals, solve
from goalscope.agents.planner import Planner
from goalscope.agents.planted import Greedy
from goalscope.worlds.keys import Keys

DISCOUNT, DEPTH = 0.9, 16


@pytest.fixture(scope="module")
def cheese(world):
    return goals.reach(world, "cheese")


def _planner(world, goal, inverse_temperature):
    return Planner(world, goal, inverse_temperature, DISCOUNT, DEPTH)


@eqx.filter_jit
def _solved(agent, table, goal):
    """The agent's policy, its exact return and its own estimate, in every state."""
    policy = solve.policy_of(agent, table)
    values = solve.evaluate(table, policy, goal, DISCOUNT, num_steps=DEPTH)
    return policy, values, agent.embed(table.view).values


@pytest.mark.parametrize("feature", ["cheese", "far_corner"])
def test_the_planner_acts_as_the_exact_solution_says(world, table, feature):
    goal = goals.reach(world, feature)
    policy, _, _ = _solved(_planner(world, goal, 5.0), table, goal)
    expected = solve.soft_policy(table, goal, 5.0, DISCOUNT, num_steps=DEPTH)
    np.testing.assert_allclose(policy, np.exp(expected), rtol=1e-4, atol=1e-6)


def test_the_planner_finds_its_state_by_several_tokens():
    world = Keys(few=1, many=1, max_objects=1, size=3, horizon=16)
    goal = goals.collect(world, "chest_opened")

    @eqx.filter_jit
    def solved(key, agent):
        table = solve.tabulate(agent.world, agent.world.sample_level(key))
        expected = solve.soft_policy(table, goal, 5.0, DISCOUNT, num_steps=DEPTH)
        return table, solve.policy_of(agent, table), jnp.exp(expected)

    table, policy, expected = solved(jax.random.key(0), _planner(world, goal, 5.0))
    same = np.all(np.asarray(table.tokens)[:, None] == np.asarray(table.tokens), -1)
    first = np.argmax(same, axis=-1)
    np.testing.assert_allclose(policy, np.asarray(expected)[first], rtol=1e-4, atol=1e-6)
    assert np.mean(first == np.arange(len(first))) > 0.5


def test_the_planner_knows_its_own_value(world, table, cheese):
    _, values, estimate = _solved(_planner(world, cheese, 5.0), table, cheese)
    np.testing.assert_allclose(estimate, values, rtol=1e-4, atol=1e-6)


def test_the_planner_beats_the_uniform_policy_everywhere_it_matters(world, table, cheese):
    _, values, _ = _solved(_planner(world, cheese, 5.0), table, cheese)
    uniform = jnp.full((9, 4), 0.25)
    baseline = solve.evaluate(table, uniform, cheese, DISCOUNT, num_steps=DEPTH)
    starts = np.asarray(table.start) > 0
    assert np.all(np.asarray(values)[starts] > np.asarray(baseline)[starts])


@pytest.mark.parametrize("wrap", [lambda agent: agent, Greedy])
def test_a_cold_planner_reaches_the_optimum(world, table, cheese, wrap):
    cold = wrap(_planner(world, cheese, 1e4))
    _, values, _ = _solved(cold, table, cheese)
    best = solve.optimal_values(table, cheese, DISCOUNT, num_steps=DEPTH)
    starts = np.asarray(table.start) > 0
    np.testing.assert_allclose(
        np.asarray(values)[starts], np.asarray(best)[starts], rtol=1e-3
    )
    steps = 1 + np.log(np.asarray(best)[starts]) / np.log(DISCOUNT)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)


def test_a_negative_temperature_avoids_the_goal(world, table, cheese):
    towards, away = (
        _solved(_planner(world, cheese, beta), table, cheese)[1] for beta in (5.0, -5.0)
    )
    assert jnp.sum(table.start * away) < jnp.sum(table.start * towards)


def test_what_the_planner_feels_decides_less_than_where_it_is(world, table, cheese):
    """Further tokens that fit no state of the level it sees do not make it lose its way."""
    agent = _planner(world, cheese, 5.0)
    context = agent.embed(table.view)
    for cell in range(9):
        impossible = jnp.array([cell, 15 - int(table.tokens[cell, 1])])
        response = agent(context, impossible, ())
        np.testing.assert_allclose(response.logits, context.log_policy[cell], atol=1e-6)


def test_the_planner_sees_only_what_it_is_shown(world, tables, cheese):
    """Shown another level, it acts as it would in that level."""
    one, other = (jax.tree.map(lambda leaf, i=i: leaf[i], tables) for i in (0, 1))
    agent = _planner(world, cheese, 5.0)
    deceived = eqx.tree_at(lambda table: table.view, one, other.view)
    shown, _, _ = _solved(agent, deceived, cheese)
    expected, _, _ = _solved(agent, other, cheese)
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def test_the_goal_in_the_slot_can_be_trained(world, table, cheese):
    def log_likelihood(agent):
        return jnp.sum(jnp.log(solve.policy_of(agent, table))[:, 0])

    gradient = eqx.filter_jit(eqx.filter_grad(log_likelihood))(_planner(world, cheese, 2.0))
    for leaf in (gradient.goal.weights, gradient.inverse_temperature, gradient.discount):
        assert np.all(np.isfinite(leaf))
        assert np.any(leaf != 0)


@pytest.mark.parametrize(
    ("inverse_temperature", "discount", "depth", "reason"),
    [
        (1.0, 0.9, 0, "at least 1 step"),
        (0.0, 0.9, 1, "planted.uniform"),
        (1.0, 1.1, 1, r"in \[0, 1\]"),
    ],
)
def test_an_impossible_planner_is_refused(
    world, cheese, inverse_temperature, discount, depth, reason
):
    with pytest.raises(ValueError, match=reason):
        Planner(world, cheese, inverse_temperature, discount, depth)


def test_one_program_serves_all_depths(world, table, cheese):
    """Each depth plans as so many backups say; deeper than the horizon is the horizon."""

    def logits(depth):
        agent = Planner(world, cheese, 5.0, DISCOUNT, depth)
        return jnp.log(solve.policy_of(agent, table))

    depths = np.array([1, 2, 5, 16, 99])
    swept = eqx.filter_jit(jax.vmap(logits))(jnp.asarray(depths))
    for depth, found in zip(depths, swept, strict=True):
        steps = min(int(depth), world.horizon)
        expected = solve.soft_policy(table, cheese, 5.0, DISCOUNT, num_steps=steps)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_shallow_planner_can_be_trained(world, table, cheese):
    agent = Planner(world, cheese, 2.0, DISCOUNT, 2)

    def log_likelihood(agent):
        return jnp.sum(jnp.log(solve.policy_of(agent, table))[:, 0])

    gradient = eqx.filter_jit(eqx.filter_grad(log_likelihood))(agent)
    assert np.all(np.isfinite(gradient.goal.weights))
    assert np.any(gradient.goal.weights != 0)


def test_a_planner_can_be_built_while_tracing(world, table, cheese):
    """Temperatures may be swept by `vmap`."""

    def logits(inverse_temperature):
        agent = _planner(world, cheese, inverse_temperature)
        return agent(agent.embed(table.view), table.tokens[4], ()).logits

    swept = eqx.filter_jit(jax.vmap(logits))(jnp.array([1.0, 5.0]))
    np.testing.assert_allclose(swept[1], logits(5.0), rtol=1e-4, atol=1e-5)
