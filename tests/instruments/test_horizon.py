"""Discounts and depths that were planted are found, with honest intervals."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.agents.planted import uniform
from goalscope.goals import Goal, reach
from goalscope.instruments.horizon import Horizon
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.profiles import (
    Planners,
    log_likelihoods,
    over_strengths,
    peaks,
    plausible,
    smooth,
)
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner

WORLD = Corner(shifted_share=1.0, size=5, horizon=32)
CHEESE = reach(WORLD, "cheese")
KEY = jax.random.key(4)
BETAS = (8.0, 16.0, 32.0, 64.0)


@pytest.fixture(scope="module")
def tables():
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=4).tables)
    return draw(KEY)


@pytest.fixture(scope="module")
def counts(tables):
    """Decisions of a planner with γ = 0.8 and β = 20."""
    rng = np.random.default_rng(0)
    counts = np.zeros((4, 25, 4), np.float32)
    for level in range(4):
        table = jax.tree.map(lambda leaf, i=level: leaf[i], tables)
        log_policy = solve.soft_policy(table, CHEESE, 20.0, 0.8, num_steps=32)
        policy = np.exp(np.asarray(log_policy, float))
        for state in np.flatnonzero(np.asarray(table.start)):
            chances = policy[state] / policy[state].sum()
            counts[level, state] = rng.multinomial(4, chances)
    return jnp.asarray(counts)


def test_likelihoods_are_those_of_the_exact_solution(tables, counts):
    cases = [(3.0, 0.9, 32), (30.0, 0.5, 32), (10.0, 0.9, 0), (10.0, 0.9, 3), (5.0, 0.0, 9)]
    betas, discounts, depths = (jnp.array(x) for x in zip(*cases, strict=True))
    planners = Planners(betas, discounts, depths)
    found = log_likelihoods(tables, counts, CHEESE, planners, num_steps=32)
    for case, value in zip(cases, found, strict=True):
        expected = 0.0
        for level in range(4):
            table = jax.tree.map(lambda leaf, i=level: leaf[i], tables)
            policy = solve.soft_policy(table, CHEESE, *case[:2], num_steps=case[2])
            expected += float(jnp.sum(policy * counts[level]))
        np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_the_profile_is_the_maximum_over_a_fine_grid(tables, counts):
    discounts = jnp.array([0.0, 0.6, 0.8, 0.95])
    depths = jnp.full(4, 32)
    profile = eqx.filter_jit(over_strengths)(
        tables, counts, CHEESE, discounts=discounts, depths=depths, num_steps=32
    )
    strengths = jnp.geomspace(0.5, 512.0, 140)
    for index in range(4):
        every = Planners(strengths, jnp.full(140, discounts[index]), jnp.full(140, 32))
        found = log_likelihoods(tables, counts, CHEESE, every, num_steps=32)
        best = float(jnp.max(found))
        assert float(profile.log_likelihoods[index]) == pytest.approx(best, abs=0.1)
        at = profile.inverse_temperatures[index : index + 1]
        there = Planners(at, discounts[index : index + 1], depths[:1])
        attained = log_likelihoods(tables, counts, CHEESE, there, num_steps=32)
        assert float(attained[0]) == pytest.approx(best, abs=0.1)


def test_the_vertex_of_a_parabola_is_found():
    steps = np.arange(7.0)
    heights, places = peaks(jnp.asarray([3 - (steps - 2.3) ** 2, -steps], jnp.float32))
    np.testing.assert_allclose(heights, [3.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(places, [2.3, 0.0], atol=1e-5)


def test_a_smooth_line_stays_within_steep_ends():
    """After a jump, it does not swing above the points on either side."""
    values = jnp.array([-200.0, -10.0, -5.0, -4.0, -5.0])
    _, line = smooth(jnp.arange(5.0), values)
    np.testing.assert_allclose(line[::16], values, atol=1e-4)
    assert float(jnp.max(line)) < -3.9
    assert np.all(np.diff(line[:48]) >= -1e-4)
    assert plausible(line, 3.84)[::16].tolist() == [False, False, True, True, True]


def test_a_profile_does_not_look_beyond_its_range(tables):
    """Of one who never errs, the likelihood rises with β for ever."""
    steps = jax.vmap(lambda one: solve.soft_policy(one, CHEESE, 1e3, 0.5, num_steps=32))
    never_errs = jnp.where(tables.start > 0, 1.0, 0.0)[..., None] * jnp.exp(steps(tables))
    pair = {"discounts": jnp.full(4, 0.5), "depths": jnp.full(4, 32)}
    profile = eqx.filter_jit(over_strengths)(
        tables, never_errs, CHEESE, **pair, num_steps=32
    )
    there = Planners(jnp.array([1024.0]), *(each[:1] for each in pair.values()))
    largest = log_likelihoods(tables, never_errs, CHEESE, there, num_steps=32)
    np.testing.assert_allclose(profile.inverse_temperatures, 1024.0, rtol=1e-4)
    np.testing.assert_allclose(profile.log_likelihoods, largest[0], rtol=1e-4)


INSTRUMENT = Horizon((CHEESE, reach(WORLD, "corner")), max_depth=8)


@pytest.fixture(scope="module")
def measure():
    jitted = eqx.filter_jit(
        lambda key, agent, instrument: instrument.measure(key, agent, WORLD)
    )
    return lambda agent, key=KEY, instrument=INSTRUMENT: jitted(key, agent, instrument)


def _planner(discount=0.9, depth=32, *, goal=CHEESE, beta=32.0):
    return Planner(WORLD, goal, beta, discount, depth)


@pytest.mark.parametrize("discount", [0.3, 0.6, 0.8])
def test_the_discount_is_found(measure, discount):
    reading = measure(_planner(discount))
    assert float(reading.value[0]) == pytest.approx(discount, abs=0.2)
    assert float(reading.upper[0] - reading.lower[0]) < 0.5
    assert np.all(reading.checks)


@pytest.mark.parametrize("unit", [3.0, 0.01])
def test_the_units_of_goals_do_not_matter(measure, unit):
    """Also where β is large, and ends at what is tried: γ = 0.3."""
    goals = [Goal(goal.weights * unit, goal.once, goal.name) for goal in INSTRUMENT.goals]
    scaled = eqx.tree_at(lambda each: each.goals, INSTRUMENT, tuple(goals))
    before, after = (
        measure(_planner(0.3), instrument=each) for each in (INSTRUMENT, scaled)
    )
    for name in ("value", "lower", "upper", "control"):
        np.testing.assert_allclose(vars(after)[name], vars(before)[name], rtol=1e-3)


def _log_likelihood(table, taken, discount, beta):
    """Return that of decisions in one level, in double precision: a second way."""
    paid = table.features[..., WORLD.feature_names.index("cheese")].astype(float)
    going = ~table.terminal[table.successors] & (paid == 0)
    values, policy = np.zeros(len(paid)), paid
    for _ in range(WORLD.horizon + 1):
        scaled = beta * paid + discount * going * values[table.successors]
        values = np.logaddexp.reduce(scaled, axis=1)
        policy, values = scaled - values[:, None], values - np.log(4)
    return np.sum(policy * taken)


def test_the_interval_of_a_small_discount_is_that_of_the_exact_profile(measure):
    """Decisions of γ = 0.3 fit a far smaller γ almost as well, with a far larger β."""
    agent = _planner(0.3)
    reading = measure(agent)
    k_levels, k_agent, _ = jax.random.split(KEY, 3)

    @jax.jit
    def watched():
        tables = draw_levels(k_levels, WORLD, num_levels=INSTRUMENT.num_levels).tables
        return tables, INSTRUMENT._decide(k_agent, agent, tables)

    tables, counts = jax.tree.map(np.asarray, watched())
    pairs = [
        (jax.tree.map(lambda leaf, i=i: leaf[i], tables), taken)
        for i, taken in enumerate(counts)
    ]

    def profile(discount):
        betas = np.geomspace(0.25, 1024, 60)
        return max(
            sum(_log_likelihood(*pair, discount, beta) for pair in pairs) for beta in betas
        )

    ends = reading.value, reading.lower, reading.upper
    found, lower, upper = (float(each[0]) for each in ends)
    step = 0.015
    best = profile(found)
    inside = [2 * (best - profile(x)) < 3.84 for x in (lower + step, upper - step)]
    outside = [2 * (best - profile(x)) > 3.84 for x in (lower - step, upper + step)]
    assert inside + outside == [True] * 4, (found, lower, upper)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_depth_is_found(measure, depth):
    reading = measure(_planner(depth=depth))
    assert reading.value[1] == reading.lower[1] == reading.upper[1] == depth


def test_which_goal_it_is_need_not_be_said(measure):
    reading = measure(_planner(0.8, goal=reach(WORLD, "corner")))
    assert float(reading.value[0]) == pytest.approx(0.8, abs=0.15)
    assert reading.checks[1]


def test_myopia_is_rejected_for_those_who_look_ahead(measure, rng):
    far, near, chance = (
        measure(agent) for agent in (_planner(), _planner(0.0), uniform(rng, WORLD))
    )
    assert far.lower[2] > 100
    assert near.value[2] < 6.6
    assert near.value[0] < 0.3
    assert chance.value[2] < 10.8
    assert not chance.checks[1]
    assert chance.upper[0] - chance.lower[0] > 0.5


@pytest.mark.science
def test_the_instrument_keeps_its_contract():
    instrument = Horizon((CHEESE,), num_levels=2, num_decisions=20, max_depth=3)
    check_instrument(instrument, WORLD, _planner(0.7), key=KEY)


def test_an_impossible_instrument_is_refused():
    with pytest.raises(ValueError, match="at least 1 level"):
        Horizon((CHEESE,), num_levels=0)
    with pytest.raises(ValueError, match="discount"):
        Horizon((CHEESE,), jnp.float32(2.0))


DISCOUNTS = (0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
DEPTHS = (1, 2, 3, 4, 6, 8, 10, 12)


@pytest.mark.science
@pytest.mark.parametrize(("reading", "doses"), [("discount", DISCOUNTS), ("depth", DEPTHS)])
def test_intervals_cover_as_often_as_they_say(reading, doses):
    """240 planners of each family in 7 x 7 mazes, β 8 to 64, at the default size.

    Measured: see the docstring of `Horizon`.
    """
    world = Corner(shifted_share=1.0)
    goal = reach(world, "cheese")
    instrument = Horizon((goal,))
    measure = eqx.filter_jit(instrument.measure)
    rng, column, covered = np.random.default_rng(0), instrument.readings.index(reading), []
    for number in range(240):
        dose, beta = doses[number % len(doses)], rng.choice(BETAS)
        found = {"discount": (dose, 64), "depth": (0.9, dose)}[reading]
        agent = Planner(world, goal, beta, *found)
        result = measure(jax.random.key(number), agent, world)
        low, high = result.lower[column], result.upper[column]
        covered.append(low - 1e-6 <= dose <= high + 1e-6)
    assert 0.92 <= np.mean(covered) <= 0.98, np.mean(covered)
