"""Keys and chests: scripted episodes, and optimal plans against brute force."""

from functools import partial
from itertools import product

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import collect, reach, stack
from goalscope.worlds.keys import Keys

WORLD = Keys(size=3, max_objects=2, few=1, many=2)
FEW_KEYS = """\
#####
#@kc#
#.#c#
#...#
#####"""
MANY_KEYS = """\
#####
#@kk#
#.#.#
#..c#
#####"""


@pytest.mark.parametrize(
    ("picture", "moves", "story"),
    [
        (FEW_KEYS, "rr", ["key_collected keys_held", "chest_opened end"]),
        (FEW_KEYS, "ddrruul", [*[""] * 6, "key_collected keys_held"]),
        (MANY_KEYS, "rlr", ["key_collected keys_held", "keys_held", "keys_held"]),
        (
            MANY_KEYS,
            "rrdd",
            [
                "key_collected keys_held",
                "key_collected keys_held=2",
                "keys_held=2",
                "chest_opened keys_held end",
            ],
        ),
        (FEW_KEYS.replace("#.#c#", "#k#c#"), "rlddrru", [
            "key_collected keys_held", "keys_held", "key_collected keys_held=2",
            *["keys_held=2"] * 3, "chest_opened keys_held",
        ]),
    ],
)  # fmt: skip
def test_scripted_episodes(play, picture, moves, story):
    assert play(WORLD, picture, moves) == story


@pytest.mark.parametrize("picture", [FEW_KEYS, MANY_KEYS], ids=["few", "many"])
def test_optimal_values_are_the_best_of_all_sequences_of_actions(picture):
    level = WORLD.parse_level(picture)
    start = WORLD.reset(level)
    goals = stack(
        (
            reach(WORLD, "chest_opened"),
            collect(WORLD, "key_collected"),
            collect(WORLD, "keys_held"),
        )
    )
    num_steps = 6

    def episode(actions):
        def step(state, action):
            over = WORLD.terminal(level, state)
            successor = WORLD.step(jax.random.key(0), level, state, action)
            features = WORLD.features(level, state, action, successor)
            return successor, jnp.where(over, 0.0, features)

        def ended(features):
            over = jnp.cumsum(features[:, 1]) - features[:, 1] >= 1
            return jnp.where(over[:, None], 0.0, features)

        features = ended(jax.lax.scan(step, start, actions)[1])
        return jax.vmap(lambda goal: goal.returns(features, 0.9))(goals)

    sequences = jnp.array(list(product(range(4), repeat=num_steps)))
    best = jax.jit(jax.vmap(episode))(sequences).max(axis=0)
    table = eqx.filter_jit(solve.tabulate)(WORLD, level)
    values = jax.jit(
        jax.vmap(partial(solve.optimal_values, num_steps=num_steps), (None, 0, None))
    )(table, goals, 0.9)
    np.testing.assert_allclose(values[:, WORLD.index_of(level, start)], best, rtol=1e-5)


def test_whoever_hoards_keys_never_opens_the_last_chest():
    level = WORLD.parse_level(MANY_KEYS)
    table = eqx.filter_jit(solve.tabulate)(WORLD, level)
    hoard = collect(WORLD, "keys_held")
    policy = jnp.exp(solve.soft_policy(table, hoard, 1000.0, 0.9, num_steps=30))
    goals = stack((hoard, reach(WORLD, "chest_opened")))
    start = WORLD.index_of(level, WORLD.reset(level))
    values = jax.vmap(partial(solve.evaluate, num_steps=30), (None, None, 0, None))(
        table, policy, goals, 0.9
    )[:, start]
    assert values[0] > 10
    assert values[1] < 1e-3


def test_objects_are_numbered_in_reading_order_and_absent_ones_are_taken():
    level = WORLD.parse_level(FEW_KEYS)
    assert level.keys.tolist() == [1, 9]
    assert level.chests.tolist() == [2, 5]
    state = WORLD.reset(level)
    assert state.taken.tolist() == [False, True]
    assert WORLD.observe_state(level, state).tolist() == [0, 0b0011, 0, 0, 1, 0, 0]


def test_shifted_levels_swap_the_counts():
    for share, counts in ((0.0, (1, 2)), (1.0, (2, 1))):
        world = Keys(size=3, max_objects=2, many=2, shifted_share=share)
        levels = jax.jit(jax.vmap(world.sample_level))(
            jax.random.split(jax.random.key(0), 20)
        )
        for cells, expected in zip((levels.keys, levels.chests), counts, strict=True):
            np.testing.assert_array_equal((cells < 9).sum(axis=1), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"many": 4}, r"many=4: must lie in \[1, 3\]; or raise max_objects"),
        ({"few": 0}, r"few=0: must lie in \[1, 3\]"),
        ({"size": 2, "max_objects": 2}, "2 x 2 cells hold no more"),
        ({"max_objects": 7}, "take too long to solve"),
        ({"wall_density": 0.6}, "hardly any level can be solved"),
    ],
)
def test_an_impossible_world_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Keys(**arguments)


def test_a_level_has_no_more_objects_than_there_is_room_for():
    with pytest.raises(ValueError, match="a level has 1 to 2 'c'; this one has 3"):
        WORLD.parse_level(FEW_KEYS.replace("#.#", "#c#"))
