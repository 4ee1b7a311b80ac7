"""Groups of parameters, and what is done to one and not to the others."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.agents.leaky import LeakyGoal
from goalscope.agents.mlp import MLP
from goalscope.parameter_groups import (
    ParameterGroup,
    change_group,
    find_group,
    flat_group,
    mask_of,
    parameter_paths,
    split_group,
    take_group,
    tangential,
    zero_group,
)
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, horizon=8)
HEAD = ParameterGroup("head", ("policy", "value/bias"))


@pytest.fixture(scope="module")
def agent():
    return MLP.init(np.random.default_rng(0), WORLD, widths=(4, 3))


@pytest.fixture(scope="module")
def other():
    return MLP.init(np.random.default_rng(1), WORLD, widths=(4, 3))


def test_a_path_stands_for_all_below_it_and_a_star_for_anything(agent):
    chosen = [path for path in parameter_paths(agent) if HEAD.holds(path)]
    assert chosen == ["policy/weight", "policy/bias", "value/bias"]
    biases = ParameterGroup("biases", ("*/bias",))
    assert sum(map(biases.holds, parameter_paths(agent))) == 4
    assert not HEAD.holds("policy_too")


def test_the_parts_of_an_agent_make_it_whole(agent):
    chosen, rest = split_group(agent, HEAD)
    assert jax.tree.leaves(chosen)[0].shape == (3, 4)
    assert eqx.tree_equal(eqx.combine(chosen, rest), agent)
    assert flat_group(agent, HEAD).size == 3 * 4 + 4 + 1
    mask = mask_of(agent, HEAD)
    assert sum(float(jnp.sum(leaf)) for leaf in jax.tree.leaves(mask)) == 3 * 4 + 4 + 1


def test_a_group_is_taken_from_another_agent_and_nothing_else_is(agent, other):
    mixed = take_group(agent, HEAD, other)
    assert eqx.tree_equal(mixed.policy, other.policy)
    assert eqx.tree_equal(mixed.hidden, agent.hidden)
    assert jnp.array_equal(mixed.value.weight, agent.value.weight)


def test_only_the_group_is_changed(agent):
    doubled = change_group(agent, HEAD, lambda leaf: 2 * leaf)
    assert jnp.array_equal(doubled.policy.weight, 2 * agent.policy.weight)
    assert eqx.tree_equal(doubled.level, agent.level)
    assert not jnp.any(zero_group(agent, HEAD).policy.weight)


def test_agents_declare_groups_and_may_be_told_of_others():
    rng = np.random.default_rng(0)
    leaky = LeakyGoal.init(rng, WORLD, feature="corner", rewarded="cheese", leak=0.1)
    assert find_group(leaky, "goal").patterns == ("slot",)
    told = ParameterGroup("goal", ("rewarded",))
    assert find_group(leaky, "goal", (told,)) == told


def test_groups_that_are_not_there_are_refused(agent):
    with pytest.raises(ValueError, match="it declares none"):
        find_group(agent, "goal")
    with pytest.raises(ValueError, match="it has head"):
        find_group(agent, "goal", (HEAD,))
    with pytest.raises(ValueError, match="holds no parameter of MLP"):
        find_group(agent, "goal", (ParameterGroup("goal", ("slot",)),))
    with pytest.raises(ValueError, match="at least one path"):
        ParameterGroup("goal", ())


VECTORS = st.lists(st.integers(-5, 5), min_size=4, max_size=4)


@given(VECTORS, VECTORS)
def test_a_tangential_gradient_keeps_the_length_of_the_parameters(gradient, parameters):
    def tree(values):
        array = jnp.asarray(values, jnp.float32)
        return {"one": array[:1], "rest": array[1:]}

    kept = tangential(tree(gradient), tree(parameters))
    flat = np.concatenate([kept["one"], kept["rest"]])
    weights, original = np.array(parameters, float), np.array(gradient, float)
    assert flat @ weights == pytest.approx(0.0, abs=1e-3)
    radial = original - flat
    assert abs(radial @ radial * (weights @ weights) - (radial @ weights) ** 2) < 1e-2
    if not weights.any():
        np.testing.assert_allclose(flat, original)
