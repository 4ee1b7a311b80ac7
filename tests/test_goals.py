"""Goals against a slow definition of what they pay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.goals import Goal, collect, reach, stack
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3)
EPISODES = st.lists(
    st.lists(st.sampled_from([0.0, 1.0]), min_size=4, max_size=4), min_size=6, max_size=6
)


def slow_return(features, weights, once, discount):
    total = 0.0
    for time, happened in enumerate(features):
        reward = float(np.dot(happened, weights))
        total += discount**time * reward
        if once and reward != 0:
            break
    return total


@given(EPISODES, st.booleans(), st.sampled_from([0.0, 0.5, 1.0]))
def test_a_return_is_what_a_slow_loop_adds_up(features, once, discount):
    weights = [1.0, -0.5, 0.25, 0.0]
    goal = Goal(weights, once, "some")
    got = goal.returns(jnp.array(features), discount)
    assert float(got) == pytest.approx(slow_return(features, weights, once, discount))


def test_reaching_pays_the_first_time_and_collecting_every_time():
    twice = jnp.array([[0.0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    assert reach(WORLD, "corner").returns(twice) == 1
    assert collect(WORLD, "corner").returns(twice) == 2
    assert reach(WORLD, "cheese").returns(twice) == 0


def test_a_goal_that_pays_once_is_done_after_a_fine_too():
    goal = Goal([1.0, -1.0, 0.0, 0.0], True, "cheese, not corner")
    assert goal.returns(jnp.array([[0.0, 1, 0, 0], [1, 0, 0, 0]])) == -1


def test_an_unknown_feature_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"Corner has no feature 'chees'; it has cheese, corn"
    ):
        reach(WORLD, "chees")


def test_stacked_goals_keep_their_order():
    goals = stack((reach(WORLD, "corner"), collect(WORLD, "cheese")))
    np.testing.assert_array_equal(goals.weights, [[0, 1, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(goals.once, [True, False])


def test_rewards_keep_leading_axes():
    features = jnp.ones((2, 3, 4))
    np.testing.assert_allclose(
        Goal([0.1, 0.2, 0.3, 0.4], False, "all").reward(features), 1.0
    )
