import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy import stats

from goalscope import goals, solve
from goalscope.agents import planted
from goalscope.agents.lookup import row_of
from goalscope.agents.mlp import MLP
from goalscope.agents.planted import Greedy, RandomDeterministic
from goalscope.worlds.corner import Corner


@pytest.fixture(scope="module")
def cheese(world):
    return goals.reach(world, "cheese")


def _policies(agent, tables):
    return eqx.filter_jit(jax.vmap(solve.policy_of, (None, 0)))(agent, tables)


def test_the_uniform_agent_prefers_nothing(world, tables, rng):
    policies = _policies(planted.uniform(rng, world), tables)
    np.testing.assert_array_equal(policies, 0.25)


def test_a_biased_agent_does_the_same_everywhere(world, tables, rng):
    agent = planted.action_biased(rng, world)
    policies = np.asarray(_policies(agent, tables))
    np.testing.assert_array_equal(policies, np.broadcast_to(policies[0, 0], policies.shape))


def test_biases_are_drawn_from_the_dirichlet_distribution(world):
    agents = [
        planted.action_biased(np.random.default_rng([1, number]), world, concentration=2.0)
        for number in range(400)
    ]
    shares = [float(jax.nn.softmax(agent.logits)[0]) for agent in agents]
    assert stats.kstest(shares, stats.beta(2.0, 6.0).cdf).pvalue > 1e-3


def test_a_concentration_must_be_positive(world, rng):
    with pytest.raises(ValueError, match="positive"):
        planted.action_biased(rng, world, concentration=0.0)


def test_the_random_deterministic_agent_is_a_function(world, tables, rng):
    agent = RandomDeterministic.init(rng, world)
    first, again = np.asarray(_policies(agent, tables)), _policies(agent, tables)
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first)) == {0.0, 1.0}
    np.testing.assert_array_equal(
        first[0], solve.policy_of(agent, jax.tree.map(_first, tables))
    )


def _first(leaf):
    return leaf[0]


def test_random_deterministic_actions_are_uniform_and_independent():
    """Over states, between levels that differ in one cell, and between agents."""
    world = Corner(size=5)
    views = np.zeros((20, 2, 5, 5), np.float32)
    views[np.arange(20), 0, np.arange(20) // 5, np.arange(20) % 5] = 1
    agents = [
        RandomDeterministic.init(np.random.default_rng(seed), world) for seed in (0, 1)
    ]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *agents)

    def actions(agent, view):
        context = agent.embed(view)
        respond = jax.vmap(lambda tokens: agent(context, tokens, ()).logits)
        return jnp.argmax(respond(jnp.arange(25)[:, None]), -1)

    over_views = eqx.filter_vmap(
        jax.vmap(actions, (None, 0)), in_axes=(eqx.if_array(0), None)
    )
    chosen = np.asarray(eqx.filter_jit(over_views)(stacked, jnp.asarray(views)))
    for rows in (chosen.reshape(2, -1), chosen[:, :, :-1].ravel()[None]):
        for row in rows:
            assert stats.chisquare(np.bincount(row, minlength=4)).pvalue > 1e-3
    neighbours = [
        (chosen[0], chosen[1]),
        (chosen[:, :-1], chosen[:, 1:]),
        (chosen[..., :-1], chosen[..., 1:]),
    ]
    for one, other in neighbours:
        table = np.zeros((4, 4))
        np.add.at(table, (one.ravel(), other.ravel()), 1)
        assert stats.chisquare(table.ravel(), _independent(table), ddof=6).pvalue > 1e-3


def _independent(table):
    """Return the counts expected if rows and columns were independent."""
    return (table.sum(1)[:, None] * table.sum(0) / table.sum()).ravel()


def test_greedy_takes_the_most_probable_action(world, tables, rng):
    agent = MLP.init(rng, world, widths=(8,))
    soft, hard = _policies(agent, tables), _policies(Greedy(agent), tables)
    np.testing.assert_array_equal(np.argmax(soft, -1), np.argmax(hard, -1))
    assert set(np.unique(hard)) == {0.0, 1.0}


def test_the_imitator_does_not_look_at_the_level(world, tables, rng, cheese):
    same = eqx.tree_at(lambda all: all.tokens, tables, jnp.stack([tables.tokens[0]] * 4))
    agent = planted.imitator(rng, world, feature="cheese", num_levels=8)
    policies = np.asarray(_policies(agent, same))
    np.testing.assert_array_equal(policies, np.broadcast_to(policies[0], policies.shape))


def test_the_imitator_is_optimal_where_all_levels_are_alike(rng):
    """Without walls and with the cheese in the corner there is nothing to look at."""
    world = Corner(wall_density=0.0, size=3, horizon=16)
    agent = planted.imitator(rng, world, feature="cheese", num_levels=8)
    table = solve.tabulate(world, world.sample_level(jax.random.key(0)))
    policy = np.asarray(solve.policy_of(agent, table))
    for cell in range(1, 9):
        up, left = cell // 3 > 0, cell % 3 > 0
        expected = np.array([up, left, 0, 0]) / (up + left)
        np.testing.assert_allclose(policy[cell], expected, atol=0.02)


def test_the_imitator_has_the_likelihood_maximum(world, rng, cheese):
    """Its logits maximise the expected log-likelihood of the levels that it copied."""
    levels = 8
    agent = planted.imitator(
        rng, world, feature="cheese", num_levels=levels, smoothing=1e-6
    )
    seed = np.random.default_rng(0).integers(2**32, dtype=np.uint32)
    keys = jax.random.split(jax.random.key(seed), levels)

    @eqx.filter_jit
    def log_likelihood(logits, key):
        table = solve.tabulate(world, world.sample_level(key))
        policy = planted.optimal_policy(table, cheese, num_steps=world.horizon)
        visits = solve.occupancy(table, policy, cheese, 1.0, num_steps=world.horizon)
        chosen = jax.nn.log_softmax(logits)[row_of(table.tokens, world.token_sizes)]
        return jnp.sum(visits[:, None] * policy * chosen)

    slopes = [jax.grad(log_likelihood)(agent.logits, key) for key in keys]
    np.testing.assert_allclose(sum(slopes), 0.0, atol=1e-3)


def test_the_imitator_may_copy_from_other_levels(world, tables, rng):
    """Copied where the cheese is always in the corner, it goes there when it is not."""
    changes = {"shifted_share": 0.0, "wall_density": 0.0}
    agent = planted.imitator(rng, world, feature="cheese", num_levels=8, changes=changes)
    open_room = dataclasses.replace(world, wall_density=0.0)
    table = solve.tabulate(open_room, open_room.sample_level(jax.random.key(1)))
    policy = np.asarray(solve.policy_of(agent, table))
    assert not np.asarray(table.terminal)[0]
    np.testing.assert_allclose(policy[1:, 2:], 0.0, atol=0.01)


def test_the_optimal_policy_is_uniform_over_the_shortest_ways(table, world, cheese):
    policy = planted.optimal_policy(table, cheese, num_steps=16)
    values = solve.evaluate(table, policy, cheese, 0.9, num_steps=16)
    best = solve.optimal_values(table, cheese, 0.9, num_steps=16)
    reachable = np.asarray(table.start) > 0
    np.testing.assert_allclose(values[reachable], best[reachable], rtol=1e-5)
    step = 0.9 * np.asarray(best)[np.asarray(table.successors)]
    step = np.where(np.asarray(table.terminal)[np.asarray(table.successors)], 1.0, step)
    ties = np.isclose(step, step.max(-1, keepdims=True), rtol=1e-4)
    expected = ties / ties.sum(-1, keepdims=True)
    np.testing.assert_allclose(
        np.asarray(policy)[reachable], expected[reachable], atol=1e-6
    )
