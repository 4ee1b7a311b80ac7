import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import reach, stack
from goalscope.instruments.first_choice import FirstChoice, _attainable, _share
from goalscope.instruments.levels import draw_levels
from goalscope.worlds.corner import Corner

NUM_LEVELS = 24
KEY = jax.random.key(4)


@pytest.fixture(scope="module")
def instrument(goals):
    return FirstChoice(goals, num_levels=NUM_LEVELS)


@eqx.filter_jit
def _measure(instrument, key, agent, world):
    return instrument.measure(key, agent, world)


def _reached(table, state, without):
    """Return the cells that can be entered from `state` without entering `without`."""
    found, frontier = set(), [int(state)]
    while frontier:
        for after in table.successors[frontier.pop()]:
            if int(after) not in found and int(after) not in without:
                found.add(int(after))
                frontier.append(int(after))
    return found


def test_there_is_a_choice_where_each_goal_can_be_first(sheet, goals):
    attainable = eqx.filter_jit(
        lambda table: _attainable(table, stack(goals), num_steps=24)
    )
    choices = 0
    for level in range(12):
        table = jax.tree.map(
            lambda leaf, level=level: np.asarray(leaf)[level], sheet.tables
        )
        cheese, corner = int(sheet.levels.cheese[level]), 0
        most, choice = attainable(table)
        for state in np.flatnonzero(table.start > 0):
            first = cheese in _reached(table, state, {corner} - {cheese})
            second = corner in _reached(table, state, {cheese} - {corner})
            both = first and second and cheese != corner
            assert bool(choice[state]) == both
            choices += both
            if cheese != corner:
                assert most[state].tolist() == [first, second]
    assert choices > 20


def test_the_reading_is_what_its_definition_says(instrument, world, goals, agent):
    reading = _measure(instrument, KEY, agent("cheese", 4.0), world)

    @eqx.filter_jit
    def parts(key, agent):
        table = draw_levels(key, world, num_levels=NUM_LEVELS).tables
        policy = jax.vmap(solve.policy_of, (None, 0))(agent, table)
        first = jax.vmap(
            lambda table, policy: solve.first_reached(
                table, policy, stack(goals), num_steps=world.horizon
            )
        )(table, policy)
        attainable = jax.vmap(
            lambda table: _attainable(table, stack(goals), num_steps=world.horizon)
        )
        return first, table.start * attainable(table)[1]

    first, mass = map(np.asarray, parts(jax.random.split(KEY)[0], agent("cheese", 4.0)))
    expected = [0.0, 0.0, 0.0]
    for level, state in np.argwhere(mass > 0):
        chances = [*first[level, state], 1 - first[level, state].sum()]
        for place, chance in enumerate(chances):
            expected[place] += mass[level, state] * chance / mass.sum()
    np.testing.assert_allclose(reading.value, expected, rtol=1e-4, atol=1e-6)


def test_each_planner_chooses_its_own_goal(instrument, world, agent):
    for position, feature in enumerate(("cheese", "corner")):
        reading = _measure(instrument, KEY, agent(feature, 100.0), world)
        assert reading.value[position] > instrument.convicts
        assert jnp.all(reading.value <= reading.ceiling + 1e-5)
        np.testing.assert_allclose(jnp.sum(reading.value), 1, rtol=1e-5)
        assert jnp.all(reading.checks)


def test_the_control_is_the_choice_of_chance(instrument, world, agent):
    reading = _measure(instrument, KEY, agent("chance"), world)
    np.testing.assert_allclose(reading.control, reading.value, rtol=1e-4)
    assert jnp.max(reading.control[:2]) < instrument.convicts


def test_a_greedy_agent_does_not_waver(instrument, goals, world, agent):
    greedy = FirstChoice(goals, greedy=True, num_levels=NUM_LEVELS)
    noisy = agent("corner", 4.0)
    sampled = _measure(instrument, KEY, noisy, world).value
    assert _measure(greedy, KEY, noisy, world).value[1] > max(sampled[1], 0.95)


def test_levels_without_a_choice_say_nothing(instrument, agent):
    usual = Corner(size=4, horizon=24)
    reading = _measure(instrument, KEY, agent("cheese"), usual)
    assert jnp.all(jnp.isnan(reading.value))
    assert reading.count == 0
    assert not jnp.any(reading.checks)


def test_a_goal_within_another_cannot_win(world, agent):
    wide = eqx.tree_at(lambda each: each.corner_size, world, jnp.int32(2))
    nested = FirstChoice(
        tuple(reach(wide, name) for name in ("cheese", "corner", "square")), num_levels=64
    )
    reading = _measure(nested, KEY, agent("corner", 100.0), wide)
    assert reading.checks.tolist() == [True, False]
    assert reading.ceiling[1] <= 0.5


@pytest.mark.science
@pytest.mark.parametrize("greedy", [False, True])
def test_an_agent_with_memory_plays_episodes_with_the_same_mean(
    goals, world, agent, remembering, greedy
):
    many = FirstChoice(goals, greedy=greedy, num_levels=300)
    exact = _measure(many, KEY, agent("corner", 6.0), world)
    played = _measure(many, KEY, remembering(agent("corner", 6.0)), world)
    np.testing.assert_allclose(played.control, exact.control, rtol=1e-5)
    assert jnp.all(jnp.abs(played.value - exact.value) < 0.08)
    assert jnp.all((played.lower <= played.value) & (played.value <= played.upper))


def _wilson(hits, number):
    share, z = hits / number, 1.96
    centre = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    margin = z / (1 + z**2 / number)
    margin *= np.sqrt(share * (1 - share) / number + z**2 / (4 * number**2))
    return centre - margin, centre + margin


def test_levels_that_are_coins_get_wilsons_interval():
    """With one level of variance added, `n² / (n + 1)` coins count."""
    chances = (jnp.arange(50) < 15).astype(jnp.float32)[:, None, None]
    mean, lower, upper = _share(chances, jnp.ones((50, 1)))
    expected = _wilson(0.3 * 2500 / 51, 2500 / 51)
    np.testing.assert_allclose((mean[0], lower[0], upper[0]), (0.3, *expected), rtol=1e-4)


def test_an_agent_that_always_does_the_same_keeps_an_interval():
    _, lower, upper = _share(jnp.ones((40, 1, 1)), jnp.ones((40, 1)))
    np.testing.assert_allclose((lower[0], upper[0]), _wilson(40, 40), rtol=1e-4)


def test_the_interval_covers_the_share_as_often_as_it_says():
    rng = np.random.default_rng(1)
    weights = rng.random((2000, 40, 1))
    chances = rng.beta(0.3, 0.7, (2000, 40, 1, 1))
    share = jax.jit(jax.vmap(_share))
    _, lower, upper = share(jnp.asarray(chances), jnp.asarray(weights))
    covered = (np.asarray(lower) <= 0.3) & (np.asarray(upper) >= 0.3)
    assert 0.93 < covered.mean() < 0.98


def test_a_choice_takes_two_candidates(goals):
    with pytest.raises(ValueError, match="at least 2 candidates"):
        FirstChoice(goals[:1])
