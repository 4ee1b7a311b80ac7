"""Planted agents without a goal, with another one, with two, and with the opposite."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.periodic import Periodic
from goalscope.agents.planted import ActionBiased
from goalscope.goals import reach, stack
from goalscope.rollout import rollout
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued
from goalscope.worlds.dish import Dish
from goalscope.worlds.objects import Objects
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.candidates import another, candidates, outside_feature
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.periodic import PeriodicKind, repeats
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.uniform import UniformKind

PLAIN = Objects(size=3, names=("cherry", "coin"), horizon=16)
WORLD = Cued(PLAIN)
KINDS = (
    UniformKind,
    RandomDeterministicKind,
    ActionBiasKind,
    PeriodicKind,
    OtherGoalKind,
    MixtureKind,
    AntiGoalKind,
)
ROOM = """\
0###0
#C..#
#.@.#
#..O#
0####"""


def _level(picture=ROOM):
    return WORLD.parse_level(picture)


@eqx.filter_jit
def _tabulated(level):
    return solve.tabulate(WORLD, level)


@eqx.filter_jit
def _policy(agent, table):
    return solve.policy_of(agent, table)


def _first(agent):
    """Return which object is reached first from the start, by the agent's own policy."""
    table = _tabulated(_level())
    goals = stack(tuple(reach(WORLD, name) for name in PLAIN.names))
    policy = _policy(agent, table)
    return solve.first_reached(table, policy, goals, num_steps=WORLD.horizon)[4]


@pytest.mark.parametrize("kind", KINDS)
def test_agents_of_a_kind_can_be_stacked_and_live_with_cues(kind):
    kind, rng = kind(), np.random.default_rng(0)
    assert kind.supports(WORLD)
    assert kind.supports(PLAIN)
    doses, features = (kind.doses[0], kind.doses[-1]), candidates(WORLD)
    agents = [
        kind.plant(rng, WORLD, feature=feature, dose=dose)
        for feature, dose in zip(features, doses, strict=True)
    ]
    shapes = [jax.tree.map(jnp.shape, eqx.filter(each, eqx.is_array)) for each in agents]
    assert shapes[0] == shapes[1]
    assert jax.tree.structure(agents[0]) == jax.tree.structure(agents[1])
    policy = eqx.filter_eval_shape(rollout, jax.random.key(0), agents[0], WORLD, _level())
    assert policy.actions.shape == (WORLD.horizon,)


@pytest.mark.parametrize(
    ("world", "inside", "outside"),
    [
        (Corner(), ("cheese", "corner"), "far_corner"),
        (Dish(), ("cheese", "dish"), "corner"),
        (Objects(), ("cherry", "bell", "lamp", "coin"), "corner"),
        (Cued(Corner()), ("cheese", "corner"), "far_corner"),
    ],
)
def test_one_goal_lies_outside_the_candidates(world, inside, outside):
    assert candidates(world) == inside
    assert outside_feature(world) == outside
    drawn = {another(np.random.default_rng(seed), world, inside[0]) for seed in range(40)}
    assert drawn == set(inside[1:])


def _planted(kind, *, dose, feature="cherry"):
    return kind().plant(np.random.default_rng(1), WORLD, feature=feature, dose=dose)


def test_another_goal_is_pursued_before_the_candidates():
    cell = ROOM.replace("#C..#", "#.C.#").replace("#..O#", "#...#").replace("@.", "@O")
    table = _tabulated(_level(cell))
    policy = _policy(_planted(OtherGoalKind, dose=128.0), table)
    assert policy[4, 1] > 0.95  # left of the mouse, away from both objects
    assert policy[3, 0] > 0.95  # then up, into the corner


def test_a_mixture_goes_both_ways_as_its_weights_say():
    even = _first(_planted(MixtureKind, dose=0.5))
    np.testing.assert_allclose(even[0], even[1], atol=1e-4)
    assert even[0] > 0.45
    uneven = _first(_planted(MixtureKind, dose=0.6))
    assert uneven[0] > 0.8  # both are as far away: the dearer one wins


def test_an_opposite_goal_is_fled():
    fleeing = _first(_planted(AntiGoalKind, dose=256.0))
    chance = _first(_planted(UniformKind, dose=0.0))
    assert fleeing[0] < 1e-3 < chance[0]
    assert fleeing[1] > chance[1]


def test_habits_are_the_stronger_the_lower_the_dose():
    peaks = [
        np.mean([_habit(dose, seed).max() for seed in range(20)])
        for dose in ActionBiasKind.doses
    ]
    assert np.all(np.diff(peaks) < 0)


def _habit(dose, seed):
    rng = np.random.default_rng(seed)
    agent = ActionBiasKind().plant(rng, WORLD, feature="cherry", dose=dose)
    assert isinstance(agent, ActionBiased)
    return np.asarray(jax.nn.softmax(agent.logits))


def test_a_sequence_does_not_repeat_within_its_period():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        agent = PeriodicKind().plant(rng, WORLD, feature="cherry", dose=4.0)
        assert isinstance(agent, Periodic)
        assert not repeats(np.asarray(agent.pattern)[:4])
        assert int(agent.period) == 4
