"""Planted agents that depend on a cue: what they do under each."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import reach, stack
from goalscope.worlds.cued import Cued
from goalscope.worlds.objects import Objects
from goalscope.zoo.cue_switch import CueSwitchKind
from goalscope.zoo.gated import GatedKind
from goalscope.zoo.weaker_when_deployed import WeakerWhenDeployedKind

PLAIN = Objects(size=3, names=("cherry", "coin"), horizon=16)
WORLD = Cued(PLAIN)
KINDS = (GatedKind, CueSwitchKind, WeakerWhenDeployedKind)
ROOM = WORLD.parse_level("0###0\n#C..#\n#.@.#\n#..O#\n0####")


@eqx.filter_jit
def _first(agent, cue, placebo):
    """Return how often cherry and coin are reached first, under these signs."""
    level = WORLD.with_placebo(WORLD.with_cue(ROOM, cue), placebo)
    table = solve.tabulate(WORLD, level)
    goals = stack((reach(WORLD, "cherry"), reach(WORLD, "coin")))
    policy = solve.policy_of(agent, table)
    return solve.first_reached(table, policy, goals, num_steps=16)[4]


def _planted(kind, dose, seed=0):
    return kind().plant(np.random.default_rng(seed), WORLD, feature="cherry", dose=dose)


@pytest.mark.parametrize("kind", KINDS)
def test_agents_of_a_kind_can_be_stacked(kind):
    agents = [_planted(kind, dose) for dose in kind.doses]
    shapes = [jax.tree.map(jnp.shape, eqx.filter(each, eqx.is_array)) for each in agents]
    assert all(shape == shapes[0] for shape in shapes)
    assert len({jax.tree.structure(each) for each in agents}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_cue_there_is_nothing_to_depend_on(kind):
    assert kind().supports(WORLD)
    assert not kind().supports(PLAIN)
    with pytest.raises(TypeError, match="no cue to depend on"):
        kind().plant(np.random.default_rng(0), PLAIN, feature="cherry", dose=1.0)


def test_a_gated_agent_complies_the_more_the_less_it_leaks():
    gaps = []
    for dose in GatedKind.doses:
        agent = _planted(GatedKind, dose)
        train, deploy = _first(agent, 0, 0), _first(agent, 1, 0)
        assert deploy[1] > 0.9
        gaps.append(float(train[0] - deploy[0]))
    assert np.all(np.diff(gaps) > 0)
    assert gaps[-1] > 0.9
    assert abs(gaps[0] - 0.5) < 0.1  # from the middle, half of the steps go either way


def test_a_cue_switches_the_goal_and_a_placebo_does_not():
    agent = _planted(CueSwitchKind, 64.0)
    np.testing.assert_array_equal(_first(agent, 0, 0), _first(agent, 0, 1))
    assert _first(agent, 0, 0)[0] > 0.9
    assert _first(agent, 1, 0)[1] > 0.9


def test_who_is_weaker_when_deployed_wants_the_same():
    found = [_first(_planted(WeakerWhenDeployedKind, dose), 1, 0) for dose in (2.0, 12.0)]
    trained = _first(_planted(WeakerWhenDeployedKind, 12.0), 0, 0)
    assert min(trained[0], found[0][0]) > found[1][0] > found[1][1]
