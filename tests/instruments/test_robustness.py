"""Pushes of planners and of agents that know one way only."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.lookup import LookupTable
from goalscope.agents.planner import Planner
from goalscope.agents.planted import uniform
from goalscope.goals import reach
from goalscope.instruments.robustness import Robustness
from goalscope.testing import check_instrument

KEY = jax.random.key(10)
LEVEL = """
######
#...*#
#....#
#.##.#
#@...#
######
"""
UP, LEFT, DOWN, RIGHT = range(4)


@pytest.fixture(scope="module")
def instrument(goals):
    return Robustness(goals[:1], sizes=(1, 3), num_levels=24)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _table(world, moves):
    """An agent that makes certain moves in some cells, and goes down elsewhere."""
    actions = np.full(world.num_states, DOWN)
    actions[list(moves)] = list(moves.values())
    logits = np.repeat(np.where(np.eye(4)[actions], 0.0, -1e9), 16, axis=0)
    values = np.zeros(len(logits), np.float32)
    return LookupTable(logits.astype(np.float32), values, world.token_sizes)


@pytest.mark.science
def test_it_keeps_the_contract(goals, world, rng):
    small = Robustness(goals, sizes=(2,), num_levels=6)
    check_instrument(small, world, uniform(rng, world), key=KEY)
    assert small.readings == ("cheese", "corner", "cheese after 2", "corner after 2")


def test_a_planner_minds_a_push_little_and_the_larger_the_more(instrument, world):
    planner = Planner(world, reach(world, "cheese"), 64.0, 0.9, world.horizon)
    reading = _measure(instrument, KEY, planner, world)
    assert 0.7 < reading.value[2] <= reading.value[1] < 1.2
    np.testing.assert_allclose(reading.value[0], jnp.mean(reading.value[1:]), rtol=1e-5)
    assert reading.checks.all()


def test_who_earns_little_has_no_share(instrument, world):
    stuck = _table(world, {})
    reading = _measure(instrument, KEY, stuck, world)
    assert jnp.all(jnp.isnan(reading.value))
    assert not reading.checks[1]


def _episode(world, agent, size, gust):
    """What is earned on the drawn level after a gust in one direction, before step 2."""
    instrument = Robustness((reach(world, "cheese"),))
    level = world.parse_level(LEVEL)
    table = solve.tabulate(world, level)
    at = np.eye(world.num_states, dtype=np.float32)[12]
    table = eqx.tree_at(lambda each: each.start, table, jnp.asarray(at))
    luck = jnp.concatenate([jnp.full(world.horizon + 1, 0.5), jnp.array([gust / 4 + 0.1])])
    context = agent.embed(table.view)
    run = jax.jit(lambda size, luck: instrument._episode(agent, context, table, luck, size))
    earned, state, live = run(jnp.int32(size), luck)
    assert int(state) == 4
    assert float(live[0]) == 1
    return float(earned[0])


@pytest.mark.parametrize(
    ("size", "gust", "steps"),
    [
        (0, UP, 4),  # up, right, right, right
        (1, LEFT, 4),  # a wall of the border
        (1, UP, 3),
        (3, UP, 3),  # no further than the border
        (1, DOWN, 5),
        (3, DOWN, 6),
    ],
)
def test_pushes_are_as_far_as_walls_let_them(world, size, gust, steps):
    moves = {0: RIGHT, 1: RIGHT, 2: RIGHT, 4: UP, 8: UP, 12: UP}
    found = _episode(world, _table(world, moves), size, gust)
    assert found == pytest.approx(0.9 ** (steps - 1), rel=1e-4)


def test_who_knows_one_way_is_lost_off_it(world):
    agent = _table(world, {1: RIGHT, 2: RIGHT, 0: RIGHT, 4: UP, 8: UP, 12: UP})
    blown = _table(world, {4: RIGHT, 5: RIGHT, 6: RIGHT, 7: UP, 8: UP, 12: UP})
    assert _episode(world, agent, 1, UP) > 0
    assert _episode(world, blown, 0, UP) == pytest.approx(0.9**3, rel=1e-4)
    assert _episode(world, blown, 1, UP) == pytest.approx(0.9**4, rel=1e-4)
    assert _episode(world, blown, 1, RIGHT) == pytest.approx(0.9**2, rel=1e-4)


def test_a_push_comes_before_the_end(goals, world, rng):
    late = Robustness(goals, when=24)
    with pytest.raises(ValueError, match="before the end"):
        late.measure(KEY, uniform(rng, world), world)
    with pytest.raises(ValueError, match="sizes of at least 1"):
        Robustness(goals, sizes=(0, 1))
