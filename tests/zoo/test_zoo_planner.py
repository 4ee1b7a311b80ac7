"""Planners and their kin: one shape a kind, and what the dose does."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.base import is_memoryless
from goalscope.agents.planner import Planner
from goalscope.goals import reach
from goalscope.worlds.corner import Corner
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.zoo.compiled_table import CompiledTableKind
from goalscope.zoo.misled import NoisyPlannerKind, SatisficerKind, WallBlindKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.short_sighted import DiscountingKind, MyopicKind, ShortSightedKind
from goalscope.zoo.thinker import ThinkerKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=24)
KINDS = (
    PlannerKind(),
    CompiledTableKind(),
    ShortSightedKind(),
    DiscountingKind(),
    MyopicKind(),
    ThinkerKind(),
    NoisyPlannerKind(),
    WallBlindKind(),
    SatisficerKind(),
)


@pytest.fixture(scope="module")
def fixed():
    return FixedLevels.sample(jax.random.key(5), WORLD, num_levels=16)


@pytest.fixture(scope="module")
def tables(fixed):
    return jax.jit(jax.vmap(lambda level: solve.tabulate(WORLD, level)))(fixed.levels)


def _plant(kind, world, dose, *, feature="cheese", seed=0):
    return kind.plant(np.random.default_rng(seed), world, feature=feature, dose=dose)


@eqx.filter_jit
def _served(agents, tables):
    """Return what each agent earns by getting to the cheese soon."""
    goal = reach(WORLD, "cheese")

    def one(agent, table):
        policy = solve.policy_of(agent, table)
        return table.start @ solve.evaluate(table, policy, goal, 0.9, num_steps=24)

    over_levels = jax.vmap(one, (None, 0))
    return jnp.mean(eqx.filter_vmap(over_levels, in_axes=(0, None))(agents, tables), axis=1)


def _stacked(agents):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *agents)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_agents_of_a_kind_have_one_shape_in_one_world(kind, fixed):
    agents = [
        _plant(kind, fixed, dose, feature=feature, seed=seed)
        for seed, (dose, feature) in enumerate(
            [(kind.doses[0], "cheese"), (kind.doses[-1], "corner")]
        )
    ]
    shapes = [jax.tree.map(jnp.shape, agent) for agent in agents]
    assert shapes[0] == shapes[1]
    assert jax.tree.structure(agents[0]) == jax.tree.structure(agents[1])
    assert kind.supports(fixed)
    assert kind.supports(WORLD)
    assert list(kind.doses) == sorted(set(kind.doses))


def test_only_the_thinker_remembers(fixed):
    remembers = {
        kind.name: not is_memoryless(_plant(kind, fixed, kind.doses[0])) for kind in KINDS
    }
    assert {name for name, does in remembers.items() if does} == {"thinker"}


def test_the_kinds_have_the_names_that_instruments_call_them_by():
    assert [kind.name for kind in KINDS] == [
        "planner",
        "compiled table",
        "short-sighted planner",
        "discounting planner",
        "myopic",
        "thinker",
        "noisy planner",
        "wall-blind",
        "satisficer",
    ]


RISING = {
    PlannerKind: 1,
    ShortSightedKind: 1,
    NoisyPlannerKind: -1,
    SatisficerKind: 1,
    CompiledTableKind: 1,
}


@pytest.mark.parametrize("kind", RISING, ids=lambda kind: kind.name)
def test_the_dose_makes_the_agent_better_or_worse(kind, fixed, tables):
    agents = _stacked([_plant(kind(), fixed, dose, seed=3) for dose in kind.doses])
    served = np.asarray(_served(agents, tables)) * RISING[kind]
    assert served[-1] > served[0] + 0.05
    assert np.all(np.diff(served) > -0.02)


def test_a_planner_with_a_large_dose_is_nearly_optimal(fixed, tables):
    served = _served(_stacked([_plant(PlannerKind(), fixed, 128.0)]), tables)
    best = jax.vmap(
        lambda t: (
            t.start @ solve.optimal_values(t, reach(WORLD, "cheese"), 0.9, num_steps=24)
        )
    )(tables)
    assert served[0] > 0.97 * jnp.mean(best)


def test_the_world_of_a_planner_holds_no_stored_levels(fixed):
    agent = _plant(PlannerKind(), fixed, 1.0)
    assert isinstance(agent, Planner)
    assert isinstance(agent.world, Corner)
