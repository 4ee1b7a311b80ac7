"""Prices of planners whose indifference is known, and the fit against SciPy's."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy import optimize, special

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.agents.planted import ActionBiased, uniform
from goalscope.goals import Goal, stack
from goalscope.instruments.choices import prices, taken
from goalscope.instruments.exchange_rate import ExchangeRate, fit_threshold
from goalscope.instruments.levels import draw_levels
from goalscope.testing import check_instrument
from goalscope.worlds.corner import Corner

KEY = jax.random.key(6)
ROOMY = Corner(shifted_share=1.0, size=6, wall_density=0.1, horizon=24)
LEVEL = """
######
#*..@#
#.##.#
#....#
#...##
######
"""


@pytest.fixture(scope="module")
def instrument(goals):
    return ExchangeRate(goals, num_levels=32)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _torn(goals, share, discount, strength=4096.0):
    """A planner that gets one of two goals, worth `share` and `1 - share`."""
    weights = share * goals[0].weights + (1 - share) * goals[1].weights
    goal = Goal(weights, True, "either")
    return Planner(ROOMY, goal, strength, discount, ROOMY.horizon)


@pytest.mark.science
def test_it_keeps_the_contract(goals, world, rng):
    small = ExchangeRate(goals, num_levels=6)
    check_instrument(small, world, uniform(rng, world), key=KEY)


@pytest.mark.parametrize(
    ("share", "discount"), [(0.5, 0.9), (0.6, 0.9), (0.35, 0.9), (0.55, 0.95)]
)
def test_a_planner_is_indifferent_where_its_discounted_worths_are_equal(
    instrument, goals, share, discount
):
    truth = np.log(share / (1 - share)) / np.log(1 / discount)
    reading = _measure(instrument, KEY, _torn(goals, share, discount), ROOMY)
    assert reading.lower[0] <= truth <= reading.upper[0]
    assert reading.lower[1] <= -truth <= reading.upper[1]
    assert reading.upper[0] - reading.lower[0] < 2.5
    assert reading.checks.all()
    np.testing.assert_allclose(reading.value[3], 1, atol=1e-3)


def test_who_wants_one_goal_only_pays_all_that_is_asked(instrument, goals):
    reading = _measure(instrument, KEY, _torn(goals, 1.0, 0.9), ROOMY)
    np.testing.assert_allclose(jnp.abs(reading.value[:2]), reading.ceiling[:2])
    assert reading.value[0] > 0
    assert reading.checks.tolist()[1] is False


def test_the_price_rises_with_what_a_goal_is_worth(instrument, goals):
    shares = (0.3, 0.4, 0.5, 0.6, 0.7)
    agents = [_torn(goals, share, 0.9, 64.0) for share in shares]
    read = [_measure(instrument, KEY, each, ROOMY).value[0] for each in agents]
    assert np.all(np.diff(read) > 0.5)


def test_prices_are_steps_on_ways_that_pass_nothing_else(world, goals):
    level = world.parse_level(LEVEL)
    price = jax.jit(
        lambda level: prices(solve.tabulate(world, level), stack(goals), num_steps=24)
    )
    steps = price(level)
    assert steps[3].tolist() == [25, 25]  # the cheese lies in the corner: none alone
    moved = level._replace(cheese=jnp.int32(1))
    steps = price(moved)
    assert steps[3].tolist() == [2, 7]  # round the cheese, by the row below


def test_the_fit_is_that_of_a_general_optimiser(rng):
    price = np.arange(-4.0, 5.0)
    total = rng.integers(1, 9, price.size)
    chosen = rng.binomial(total, special.expit(1.2 - 0.8 * price))
    scale = np.sqrt(np.sum(total * price**2) / total.sum())

    def loss(at):
        logits = at[0] - at[1] * price / scale
        fit = chosen @ special.log_expit(logits)
        fit += (total - chosen) @ special.log_expit(-logits)
        return -fit + np.sum(np.square(at)) / (2 * 16.0**2)

    expected = optimize.minimize(loss, np.zeros(2), method="BFGS", tol=1e-8).x
    counts = np.stack([price, chosen, total - chosen]).astype(np.float32)
    found = fit_threshold(*jnp.asarray(counts), prior_scale=16.0)
    np.testing.assert_allclose(found, expected / [1, scale], rtol=1e-3)


def test_choices_of_an_agent_with_memory_are_those_of_the_same_one_without(
    world, goals, remembering
):
    sheet = draw_levels(KEY, world, num_levels=4)
    sure = ActionBiased(np.array([0, -1e9, -1e9, -1e9], np.float32))

    def first(agent):
        return taken(KEY, agent, world, sheet, stack(goals))

    (exact, start), (played, at) = (
        eqx.filter_jit(first)(each) for each in (sure, remembering(sure))
    )
    np.testing.assert_allclose(jnp.sum(start, 1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        jnp.sum(exact * at[..., None], 1), jnp.sum(played * at[..., None], 1), atol=0.05
    )


def test_an_exchange_is_refused_that_has_not_two_goals(goals):
    with pytest.raises(ValueError, match="an exchange has 2 goals"):
        ExchangeRate(goals[:1])
    with pytest.raises(ValueError, match="reading of its own"):
        ExchangeRate((goals[0], Goal(goals[1].weights, True, "slope")))
