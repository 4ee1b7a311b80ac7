"""Exact solutions against breadth-first search, brute force, slow loops and sampling."""

from collections import deque
from functools import partial
from itertools import product

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import Goal, collect, reach, stack
from goalscope.worlds.corner import Corner

WORLD = Corner(shifted_share=1.0, size=3, horizon=16)
SHORT, LONG = 5, 16
DISCOUNT = 0.9
MAZE = """
#####
#..##
#.#*#
#@..#
#####
"""
NO_WAY = """
#####
#.#*#
#.##@
#.@.#
#####
""".replace("##@", "###")

GOALS = (
    reach(WORLD, "cheese"),
    reach(WORLD, "corner"),
    collect(WORLD, "far_corner"),
    Goal([0.5, -0.3, 0.0, 0.2], False, "mixed"),
)
STACKED = stack(GOALS)
tabulate = eqx.filter_jit(solve.tabulate)


@eqx.filter_jit
def optimal_values(table, goals, discount=DISCOUNT, num_steps=LONG):
    run = partial(solve.optimal_values, num_steps=num_steps)
    return jax.vmap(run, (None, 0, None))(table, goals, discount)


@eqx.filter_jit
def evaluate(table, policy, goals, discount=DISCOUNT, num_steps=LONG):
    run = partial(solve.evaluate, num_steps=num_steps)
    return jax.vmap(run, (None, None, 0, None))(table, policy, goals, discount)


soft_policy = eqx.filter_jit(partial(solve.soft_policy, num_steps=LONG))
first_reached = eqx.filter_jit(partial(solve.first_reached, num_steps=LONG))
occupancy = eqx.filter_jit(
    lambda table, policy, goals: jax.vmap(
        partial(solve.occupancy, num_steps=LONG), (None, None, 0, None)
    )(table, policy, goals, DISCOUNT)
)


@pytest.fixture(scope="module")
def levels():
    keys = jax.random.split(jax.random.key(1), 6)
    drawn = jax.jit(jax.vmap(WORLD.sample_level))(keys)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], drawn) for i in range(len(keys))]


@pytest.fixture(scope="module")
def level():
    return WORLD.parse_level(MAZE)


@pytest.fixture(scope="module")
def table(level):
    return tabulate(WORLD, level)


def random_policy(seed):
    chances = np.random.default_rng(seed).dirichlet(np.ones(4), 9)
    return jnp.asarray(chances, jnp.float32)


def distances(walls, target):
    """Return the number of moves from every cell to `target`, infinite if no way leads."""
    size = round(len(walls) ** 0.5)
    far = np.full(size**2, np.inf)
    far[target] = 0
    queue = deque([target])
    while queue:
        row, column = divmod(queue.popleft(), size)
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            to = (row + down, column + right)
            cell = to[0] * size + to[1]
            inside = all(0 <= place < size for place in to)
            if inside and not walls[cell] and np.isinf(far[cell]):
                far[cell] = far[row * size + column] + 1
                queue.append(cell)
    return far


def every_episode(level, start, num_steps=SHORT):
    """Return the features `[N, T, F]` of all sequences of actions, zero after the end."""
    sequences = jnp.array(list(product(range(4), repeat=num_steps)))
    return np.asarray(_episodes(level, start, sequences))


@eqx.filter_jit
def _episodes(level, start, sequences):
    def episode(actions):
        def step(state, action):
            over = WORLD.terminal(level, state)
            successor = WORLD.step(jax.random.key(0), level, state, action)
            features = WORLD.features(level, state, action, successor)
            return jnp.where(over, state, successor), jnp.where(over, 0.0, features)

        return jax.lax.scan(step, start, actions)[1]

    return jax.vmap(episode)(sequences)


@eqx.filter_jit
def returns(features):
    """Return the discounted return of each episode for each goal, `[G, N]`."""
    one = jax.vmap(lambda goal, episode: goal.returns(episode, DISCOUNT), (None, 0))
    return jax.vmap(one, (0, None))(STACKED, features)


def test_a_table_says_what_the_world_does(level, table):
    for state, action in product(range(9), range(4)):
        arguments = level, jnp.int32(state), jnp.int32(action)
        successor = WORLD.step(jax.random.key(0), *arguments)
        if state == level.cheese:
            assert table.successors[state, action] == state
            assert not table.features[state, action].any()
        else:
            assert table.successors[state, action] == successor
            features = WORLD.features(*arguments, successor)
            np.testing.assert_array_equal(table.features[state, action], features)
    np.testing.assert_array_equal(table.terminal, np.arange(9) == level.cheese)
    np.testing.assert_array_equal(table.tokens[:, 0], np.arange(9))


def test_a_goal_at_distance_d_is_worth_the_discount_to_the_power_d_minus_1(levels):
    for level in levels:
        values = optimal_values(tabulate(WORLD, level), STACKED)
        far = distances(np.asarray(level.walls), int(level.cheese))
        reachable = ~np.asarray(level.walls) & np.isfinite(far) & (far > 0)
        expected = DISCOUNT ** (far[reachable] - 1)
        np.testing.assert_allclose(values[0][reachable], expected, rtol=1e-5)


def test_a_goal_that_cannot_be_reached_is_worth_nothing():
    level = WORLD.parse_level(NO_WAY)
    values = optimal_values(tabulate(WORLD, level), STACKED)
    assert values[0][level.start] == 0
    assert values[1][level.start] > 0


def test_optimal_values_are_the_best_of_all_sequences_of_actions(levels):
    for level in levels[:3]:
        table = tabulate(WORLD, level)
        values = optimal_values(table, STACKED, num_steps=SHORT)
        for start in np.flatnonzero(table.start):
            best = returns(every_episode(level, jnp.int32(start))).max(axis=1)
            np.testing.assert_allclose(values[:, start], best, atol=1e-6)


def test_values_of_a_policy_are_what_a_slow_loop_says(table):
    policy = random_policy(0)
    values = evaluate(table, policy, STACKED)
    policy = np.asarray(policy)
    for goal, got in zip(GOALS, values, strict=True):
        expected = np.zeros(9)
        for _ in range(LONG):
            previous = expected.copy()
            for state in range(9):
                expected[state] = sum(
                    policy[state, action] * backed_up(table, goal, state, action, previous)
                    for action in range(4)
                )
        np.testing.assert_allclose(got, expected, atol=1e-5)


def backed_up(table, goal, state, action, values):
    reward = float(np.dot(table.features[state, action], goal.weights))
    successor = int(table.successors[state, action])
    over = bool(table.terminal[successor]) or (bool(goal.once) and reward != 0)
    return reward if over else reward + DISCOUNT * values[successor]


def sampled_features(level, policy, num_episodes):
    """Return the features `[N, T, F]` of episodes of a policy, each from a drawn start."""
    table = tabulate(WORLD, level)
    rng = np.random.default_rng(0)
    chance = np.asarray(table.start, np.float64)
    starts = rng.choice(9, num_episodes, p=chance / chance.sum())
    state, features = starts, []
    chances = np.cumsum(np.asarray(policy), axis=1)[:, :-1]
    for _ in range(LONG):
        action = (rng.random(num_episodes)[:, None] > chances[state]).sum(axis=1)
        features.append(np.asarray(table.features)[state, action])
        state = np.asarray(table.successors)[state, action]
    return np.stack(features, axis=1)


def test_values_of_a_policy_are_the_mean_of_sampled_returns(level, table):
    policy = random_policy(1)
    exact = evaluate(table, policy, STACKED) @ table.start
    drawn = np.asarray(returns(jnp.asarray(sampled_features(level, policy, 4000))))
    error = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    assert (np.abs(drawn.mean(axis=1) - exact) < 4 * error).all()


def test_no_policy_is_better_than_the_optimum(table):
    best = optimal_values(table, STACKED)
    for seed in range(5):
        assert (evaluate(table, random_policy(seed), STACKED) <= best + 1e-6).all()


@given(st.integers(0, 1000))
def test_occupancy_times_reward_is_the_expected_return(seed):
    table = tabulate(WORLD, WORLD.parse_level(MAZE))
    policy = random_policy(seed)
    visits = occupancy(table, policy, STACKED)
    rewards = jax.vmap(lambda goal: goal.reward(table.features))(STACKED)
    earned = np.einsum("gs,sa,gsa->g", visits, policy, rewards)
    expected = evaluate(table, policy, STACKED) @ table.start
    np.testing.assert_allclose(earned, expected, atol=1e-5)


def test_a_soft_policy_is_what_a_slow_loop_says(table):
    goal = GOALS[0]
    for beta in (-2.0, 0.01, 3.0):
        values, each = np.zeros(9), np.zeros((9, 4))
        for _ in range(LONG + 1):
            each = np.array(
                [
                    [backed_up(table, goal, state, action, values) for action in range(4)]
                    for state in range(9)
                ]
            )
            values = np.log(np.mean(np.exp(beta * each), axis=1)) / beta
        expected = beta * each - np.log(np.exp(beta * each).sum(axis=1, keepdims=True))
        got = soft_policy(table, goal, beta, DISCOUNT)
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_soft_policy_without_interest_is_uniform_and_with_a_passion_is_optimal(table):
    for goal in GOALS[:3]:
        uniform = np.exp(soft_policy(table, goal, 0.0, DISCOUNT))
        np.testing.assert_allclose(uniform, 0.25, rtol=1e-6)
        keen = np.exp(soft_policy(table, goal, 1000.0, DISCOUNT))
        best = optimal_values(table, stack((goal,)))[0]
        got = evaluate(table, keen, stack((goal,)))[0]
        np.testing.assert_allclose(got, best, atol=1e-3)


def test_the_end_of_an_episode_is_neither_sought_nor_avoided_for_itself(table):
    nothing = Goal(np.zeros(4), False, "nothing")
    indifferent = np.exp(soft_policy(table, nothing, 5.0, DISCOUNT))
    np.testing.assert_allclose(indifferent, 0.25, rtol=1e-6)
    keen = np.exp(soft_policy(table, GOALS[0], 1.0, DISCOUNT))
    beside, down = 8, 0
    assert table.successors[beside, down] == 5
    assert keen[beside].argmax() == down
    assert np.exp(soft_policy(table, GOALS[0], -1.0, DISCOUNT))[beside].argmin() == down


def test_a_greedy_policy_takes_the_first_of_the_most_probable_actions():
    policy = jnp.array([[0.1, 0.4, 0.4, 0.1], [0.0, 0.0, 0.0, 1.0]])
    expected = [[0, 1, 0, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(solve.greedy(policy), expected)


def test_the_first_of_one_goal_is_its_undiscounted_value(table):
    policy = random_policy(2)
    for goal in GOALS[:2]:
        one = stack((goal,))
        got = first_reached(table, policy, one)[:, 0]
        np.testing.assert_allclose(got, evaluate(table, policy, one, 1.0)[0], atol=1e-6)


def test_which_goal_comes_first_agrees_with_sampling(level, table):
    policy = random_policy(3)
    chances = np.asarray(table.start @ first_reached(table, policy, STACKED))
    assert chances.sum() < 1
    features = sampled_features(level, policy, 4000)
    pays = np.stack([np.asarray(goal.reward(jnp.asarray(features))) != 0 for goal in GOALS])
    first = pays & (np.cumsum(pays.any(axis=0), axis=1) == 1) & pays.any(axis=0)
    share = (first / np.maximum(first.sum(axis=0), 1)).sum(axis=2)
    error = share.std(axis=1) / np.sqrt(share.shape[1])
    assert (np.abs(share.mean(axis=1) - chances) < 4 * error + 1e-6).all()


def test_goals_that_are_paid_at_once_share_the_first_place(table):
    twice = stack((GOALS[0], GOALS[0], GOALS[1]))
    policy = random_policy(4)
    chances = first_reached(table, policy, twice)
    alone = first_reached(table, policy, stack((GOALS[0], GOALS[1])))
    np.testing.assert_allclose(chances[:, 0], chances[:, 1])
    np.testing.assert_allclose(chances[:, :2].sum(axis=1), alone[:, 0], atol=1e-6)
