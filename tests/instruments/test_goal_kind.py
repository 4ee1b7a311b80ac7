"""Which kind of goal: the parts by their definitions, and agents of every kind."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.gated import Gated
from goalscope.agents.planner import Planner
from goalscope.agents.planted import ActionBiased
from goalscope.goals import Goal, reach
from goalscope.instruments.goal_kind import GoalKind
from goalscope.instruments.kinds_of_goal import KINDS, LEAKS, Weighed, leaking, posterior
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.rival_goals import (
    LOW,
    duplicates,
    log_policies,
    mixtures,
    outsiders,
    with_places,
)
from goalscope.testing import check_instrument
from goalscope.worlds.cued import Cued
from goalscope.worlds.objects import Objects

NAMES = ("cherry", "coin")
WORLD = Cued(Objects(size=4, names=NAMES, horizon=24))
GOALS = tuple(reach(WORLD, name) for name in NAMES)
INSTRUMENT = GoalKind(GOALS, num_levels=40, num_decisions=12)
KEY = jax.random.key(4)
DISCOUNT = 0.9


def _planner(weights, beta=48.0):
    goal = Goal(np.array(weights, np.float32), True, "built in")
    return Planner(WORLD, goal, beta, DISCOUNT, 24)


def _agent(trained, deployed=None, *, beta=48.0, blind=False):
    """Return a goal under each cue; all agents have one shape so that one program serves.

    A `blind` one acts by chance with two thirds of up.
    """
    habit = ActionBiased(np.array([1.8, 0, 0, 0], np.float32))
    planners = _planner(trained, beta), _planner(deployed or trained, beta)
    shares = [[0, 0, 1]] * 2 if blind else [[1, 0, 0], [0, 1, 0]]
    return Gated((*planners, habit), np.array(shares, np.float32), WORLD.cue_token)


@eqx.filter_jit
def _measure(instrument, key, agent):
    return instrument.measure(key, agent, WORLD)


CHERRY, COIN, CORNER = [1, 0, 0], [0, 1, 0], [0, 0, 1]


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (_agent(CHERRY), "one goal"),
        (_agent(COIN, beta=16.0), "one goal"),
        (_agent([0.5, 0.5, 0]), "mixture"),
        (_agent(CHERRY, COIN), "cue switch"),
        (_agent(CORNER), "outside the set"),
        (_agent([-1, 0, 0], beta=128.0), "outside the set"),
        (_agent(CHERRY, blind=True), "none"),
    ],
)
def test_the_kind_that_was_built_in_is_found(agent, kind):
    reading = _measure(INSTRUMENT, KEY, agent)
    assert INSTRUMENT.readings[int(jnp.argmax(reading.value))] == kind
    np.testing.assert_allclose(jnp.sum(reading.value), 1, rtol=1e-5)
    assert reading.checks.all()
    assert int(jnp.argmax(reading.control)) == KINDS.index("none")


@pytest.fixture(scope="module")
def tables():
    make = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=3).tables)
    return make(KEY)


def test_rivals_act_as_the_exact_solution_says(tables):
    mixed = mixtures(GOALS)
    found = eqx.filter_jit(log_policies)(tables, mixed, jnp.float32(0.9), num_steps=24)
    num_betas = len(mixed.inverse_temperatures)
    level = jax.tree.map(lambda leaf: leaf[1], tables)
    for row, column in ((0, 1), (4, 2)):
        goal = Goal(mixed.goals.weights[row], True, "one")
        beta = float(mixed.inverse_temperatures[column])
        exact = solve.soft_policy(level, goal, beta, 0.9, num_steps=24)
        slot = found[1, :, :, row * num_betas + column]
        np.testing.assert_allclose(slot, exact, atol=2e-2)
    shares = np.asarray(mixed.goals.weights)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_places_are_features_of_getting_there(tables):
    found = with_places(tables, 16)
    assert found.features.shape == (3, 16, 4, 3 + 16)
    for level, state, action in ((0, 5, 1), (2, 10, 3)):
        if not tables.terminal[level, state]:
            there = np.flatnonzero(found.features[level, state, action, 3:])
            assert there.tolist() == [int(tables.successors[level, state, action])]


def test_what_pays_like_a_candidate_is_not_outside(tables):
    found = with_places(tables, 16)
    weights = jnp.eye(19)[np.array([0, 2, 3])]
    corner = (reach(WORLD, "cherry"), reach(WORLD, "corner"))
    np.testing.assert_array_equal(duplicates(found, corner, weights), [True, True, True])
    np.testing.assert_array_equal(duplicates(found, GOALS, weights), [True, False, False])
    named, places = outsiders(found, corner, WORLD)
    assert named.goals.weights.shape == (1 + 3, 3)
    assert places.log_prior[0] == LOW < places.log_prior[1]


def test_a_leak_mixes_probabilities(rng):
    logs = np.log(rng.uniform(0.1, 1, (2, 5, 3, 4))).astype(np.float32)
    found = np.asarray(leaking(jnp.asarray(logs))).reshape(2, 3, 3, 4, len(LEAKS))
    chances = np.exp(logs)
    for leak, slot in zip(LEAKS, np.moveaxis(found, -1, 0), strict=True):
        mixed = (1 - leak) * chances[:, :, 2] + leak * chances[:, :, 0]
        np.testing.assert_allclose(slot[:, 2, 0], np.log(mixed).sum(1), rtol=1e-4)


def _slow_log_evidence(weighed):
    """The evidence of each kind by its definition, one model at a time."""
    single, leaks = np.asarray(weighed.single, float), np.asarray(weighed.leaking, float)
    train, after = np.asarray(weighed.cue) == 0, np.asarray(weighed.cue) > 0
    num_goals = single.shape[1]
    one, switch = [], []
    for g in range(num_goals):
        one.append(np.exp(single[:, g].sum(0)).mean())
        first, second = (np.exp(single[rows, g].sum(0)).mean() for rows in (train, after))
        one.append(first * second)
        for h in set(range(num_goals)) - {g}:
            second = np.exp(single[after, h, :, 0].sum(0)).mean()
            switch.append(np.exp(leaks[train, g, h].sum(0)).mean() * second)
    rest = []
    for found, prior in zip(weighed.rivals, weighed.log_prior, strict=True):
        shares = np.exp(prior) / np.exp(prior).sum()
        rest.append(shares @ np.exp(np.asarray(found, float).sum(0)))
    return np.log([np.mean(one), rest[0], np.mean(switch), *rest[1:]])


def test_the_posterior_is_what_its_definition_says(rng):
    def draw(*shape):
        return jnp.asarray(rng.normal(-1, 0.5, shape), jnp.float32)

    weighed = Weighed(
        single=draw(6, 3, 4, 2),
        leaking=draw(6, 3, 3, 5),
        rivals=(draw(6, 7), draw(6, 2), draw(6, 4)),
        log_prior=(draw(7), draw(2), draw(4)),
        cue=jnp.array([0, 1, 0, 1, 1, 0]),
    )
    slow = _slow_log_evidence(weighed)
    prior = np.array([0.15] * 4 + [0.4])
    expected = np.exp(slow) * prior / np.sum(np.exp(slow) * prior)
    found = posterior(weighed, jnp.ones(6), jnp.float32(0.6))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    alone = eqx.tree_at(lambda each: each.cue, weighed, jnp.zeros(6, jnp.int32))
    assert posterior(alone, jnp.ones(6), jnp.float32(0.6))[2] == 0


@pytest.mark.science
def test_the_instrument_keeps_the_contract():
    small = GoalKind(GOALS, num_levels=4, num_decisions=6)
    check_instrument(small, WORLD, _agent(CHERRY), key=KEY)


def test_candidates_that_pay_alike_are_noticed():
    twin = Goal(GOALS[0].weights, True, "twin")
    sheet = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=3))(KEY)
    assert INSTRUMENT._distinct(sheet)
    assert not GoalKind((GOALS[0], twin))._distinct(sheet)


def test_one_candidate_is_not_enough():
    with pytest.raises(ValueError, match="at least 2 candidates"):
        GoalKind(GOALS[:1])
