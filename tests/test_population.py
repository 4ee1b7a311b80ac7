"""Many agents at once: the same agents, whatever their neighbours."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.agents.base import Build
from goalscope.agents.mlp import MLP
from goalscope.goals import reach
from goalscope.population import Conditions, Plan, agent_keys, build, log_spaced, train
from goalscope.training.exact import ExactPolicyGradient
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, horizon=8)
GOAL = reach(WORLD, "cheese")
PLAN = Plan(chunk=2, updates_per_call=4)
MAKE = Build(MLP, {"widths": (8,)})
TRAINER = ExactPolicyGradient(learning_rate=1e-2, num_levels=4, num_steps=8)


def trained(numbers, *, trainer=TRAINER, until=(0, 6), plan=PLAN):
    numbers = np.array(numbers)
    agents = build(3, numbers, MAKE, WORLD)
    conditions = Conditions(trainer, WORLD, GOAL)
    return list(train(agent_keys(3, numbers), agents, conditions, until=until, plan=plan))


def arrays(agents, row):
    return [
        np.asarray(leaf)[row] for leaf in jax.tree.leaves(eqx.filter(agents, eqx.is_array))
    ]


def same(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@given(st.integers(1, 5000), st.integers(2, 20))
def test_checkpoints_rise_from_zero_to_the_end(updates, checkpoints):
    points = log_spaced(updates, checkpoints)
    assert points[0] == 0
    assert points[-1] == updates
    assert list(points) == sorted(set(points))
    assert len(points) <= max(checkpoints, 2)


def test_an_agent_does_not_depend_on_its_neighbours():
    alone, among = trained([5]), trained([1, 4, 5, 2, 9])
    assert same(arrays(alone[-1].learners.agent, 0), arrays(among[-1].learners.agent, 2))


def test_any_split_into_calls_gives_the_same_bits():
    whole = trained([0, 1], plan=Plan(chunk=2, updates_per_call=100))
    parts = trained([0, 1], until=(0, 1, 5, 6), plan=Plan(chunk=2, updates_per_call=2))
    assert same(arrays(whole[-1].learners.agent, 1), arrays(parts[-1].learners.agent, 1))
    assert [segment.updates for segment in parts] == [0, 1, 3, 5, 6]


def test_values_that_differ_between_arms_do_not_compile_anew():
    list(trained([0, 1]))
    before = _compilations()
    other = ExactPolicyGradient(
        learning_rate=3e-3, discount=0.5, entropy=0.2, num_levels=4, num_steps=8
    )
    conditions = Conditions(
        other,
        Corner(shifted_share=0.3, corner_size=2, wall_density=0.1, size=3, horizon=8),
        GOAL,
    )
    agents = build(4, np.arange(2), MAKE, WORLD)
    plan = Plan(chunk=2, updates_per_call=4)
    list(train(agent_keys(4, np.arange(2)), agents, conditions, until=(0, 9), plan=plan))
    assert _compilations() == before


def _compilations():
    from goalscope import population

    return population._advance_compiled._cached._cache_size()  # pyright: ignore[reportFunctionMemberAccess]


def test_an_agent_that_diverges_is_frozen_marked_and_alone():
    good = trained([0, 1])[-1]
    numbers = np.arange(2)
    agents = build(3, numbers, MAKE, WORLD)
    assert isinstance(agents, MLP)
    poisoned = eqx.tree_at(
        lambda agent: agent.policy.bias, agents, agents.policy.bias.at[0].set(np.nan)
    )
    conditions = Conditions(TRAINER, WORLD, GOAL)
    plan = Plan(chunk=2, updates_per_call=4)
    bad = list(train(agent_keys(3, numbers), poisoned, conditions, until=(0, 6), plan=plan))
    assert bad[-1].learners.diverged_at.tolist() == [0, -1]
    assert same(arrays(good.learners.agent, 1), arrays(bad[-1].learners.agent, 1))
    assert np.isnan(bad[-1].metrics["return"][0])
    assert np.isfinite(bad[-1].metrics["return"][1])


def test_an_impossible_plan_is_refused():
    with pytest.raises(ValueError, match="devices"):
        trained([0], plan=Plan(chunk=2, devices=64))
