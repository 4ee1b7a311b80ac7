"""Policies written down as tables."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.compiled import CompiledTable, compile_agent, compile_policy, nearest
from goalscope.agents.planner import Planner
from goalscope.agents.recurrent import GRU
from goalscope.goals import reach
from goalscope.testing import check_agent
from goalscope.worlds.fixed_levels import FixedLevels


@pytest.fixture(scope="module")
def fixed(world):
    return FixedLevels.sample(jax.random.key(4), world, num_levels=6)


@pytest.fixture(scope="module")
def planner(world):
    return Planner(world, reach(world, "cheese"), 8.0, 0.9, world.horizon)


@pytest.fixture(scope="module")
def compiled(planner, fixed):
    return compile_agent(planner, fixed, fixed.levels)


@eqx.filter_jit
def _policies(agent, world, levels):
    tables = jax.vmap(solve.tabulate, (None, 0))(world, levels)
    return jax.vmap(solve.policy_of, (None, 0))(agent, tables)


def test_a_compiled_agent_keeps_the_contract(compiled, world):
    check_agent(compiled, world, key=jax.random.key(0))


def test_in_the_stored_levels_it_is_the_agent_it_was_compiled_from(
    compiled, planner, fixed
):
    ours, theirs = (_policies(agent, fixed, fixed.levels) for agent in (compiled, planner))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_elsewhere_it_does_what_it_did_in_the_nearest_level(compiled, world):
    levels = FixedLevels.sample(jax.random.key(9), world, num_levels=6).levels
    views = jax.vmap(world.observe_level)(levels)
    found = _policies(compiled, world, levels)
    stored = np.asarray(compiled.views).reshape(6, -1)
    for view, policy, level in zip(views, found, range(6), strict=True):
        near = np.argmin([np.sum((one - np.ravel(view)) ** 2) for one in stored])
        cells = np.asarray(compiled.tokens)[near][:, 0]
        assert np.array_equal(cells, np.arange(9)), level
        expected = np.exp(np.asarray(compiled.log_policy)[near])
        np.testing.assert_allclose(policy, expected, atol=1e-6)


def test_of_equally_near_views_the_first_is_taken():
    views = jnp.array([[3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert int(nearest(views, jnp.zeros(2))) == 1


def test_tables_stack(compiled, fixed):
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), compiled)
    each = eqx.filter_vmap(_policies, in_axes=(eqx.if_array(0), None, None))
    found = each(stacked, fixed, fixed.levels)
    expected = _policies(compiled, fixed, fixed.levels)
    np.testing.assert_allclose(found[1], expected, atol=1e-6)


def test_a_python_function_becomes_an_agent(fixed, compiled):
    """What a policy from elsewhere does is looked up in what it said."""
    seen = []

    def policy(view, tokens):
        seen.append(view.shape)
        rng = np.random.default_rng(int(view.sum()))
        return rng.dirichlet(np.ones(4), size=len(tokens)).tolist()

    agent = compile_policy(policy, fixed, fixed.levels)
    assert seen == [fixed.level_shape] * 6
    assert jax.tree.structure(agent) == jax.tree.structure(compiled)
    found = np.asarray(_policies(agent, fixed, fixed.levels))
    views = jax.vmap(fixed.observe_level)(fixed.levels)
    for view, policies in zip(views, found, strict=True):
        rng = np.random.default_rng(int(view.sum()))
        expected = rng.dirichlet(np.ones(4), size=9)
        np.testing.assert_allclose(policies, expected, atol=1e-5)


def test_an_agent_with_memory_is_asked_as_at_the_start(fixed, rng):
    agent = GRU.init(rng, fixed, width=4, memory_size=3)
    agent = eqx.tree_at(lambda a: a.policy.weight, agent, agent.policy.weight * 100)
    level = jax.tree.map(lambda leaf: leaf[2], fixed.levels)
    tokens = fixed.observe_state(level, jnp.int32(4))
    context = agent.embed(fixed.observe_level(level))
    expected = agent(context, tokens, agent.initial_memory()).logits
    table = compile_agent(agent, fixed, fixed.levels)
    np.testing.assert_allclose(
        table.log_policy[2, 4], jax.nn.log_softmax(expected), atol=1e-5
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (np.ones((9, 3)) / 3, r"shape \(9, 3\)"),
        (np.ones((9, 4)), "add to 1"),
        (np.tile([1.5, -0.5, 0.0, 0.0], (9, 1)), "at least 0"),
    ],
)
def test_what_are_no_probabilities_is_refused(fixed, answer, reason):
    with pytest.raises(ValueError, match=reason):
        compile_policy(lambda view, tokens: answer, fixed, fixed.levels)


def test_a_table_is_made_of_arrays_only(compiled):
    assert isinstance(compiled, CompiledTable)
    assert all(eqx.is_array(leaf) for leaf in jax.tree.leaves(compiled))
