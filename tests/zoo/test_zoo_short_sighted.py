"""Planners that look only so far ahead."""

import numpy as np
import pytest

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.goals import reach
from goalscope.worlds.corner import Corner
from goalscope.zoo.short_sighted import DiscountingKind, MyopicKind, ShortSightedKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=24)
ROW = WORLD.parse_level("######\n#*...#\n####@#\n######\n######\n######")


def _preference(kind, dose):
    """Return how far from even the choice is, at each distance from the cheese."""
    agent = kind.plant(np.random.default_rng(0), WORLD, feature="cheese", dose=dose)
    table = solve.tabulate(WORLD, ROW)
    policy = np.asarray(solve.policy_of(agent, table))
    cells = [1, 2, 3, 7]
    return np.abs(policy[cells] - 0.25).max(axis=1)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_beyond_its_depth_it_acts_by_chance(depth):
    """The cheese is 1, 2, 3 and 4 steps away; `k` backups see `k + 1` of them."""
    seen = _preference(ShortSightedKind(), float(depth)) > 1e-3
    assert seen.tolist() == [distance <= depth + 1 for distance in (1, 2, 3, 4)]


def test_a_discounting_planner_cares_less_the_further_it_is():
    near = _preference(DiscountingKind(), 0.5)
    assert np.all(np.diff(near) < 0)
    assert near[-1] > 1e-3


def test_a_myopic_planner_sees_its_next_steps_only():
    seen = _preference(MyopicKind(), 0.05)
    assert seen[0] > 0.5
    assert seen[-1] < 0.01


def test_its_goal_is_the_one_it_is_given():
    agent = ShortSightedKind().plant(
        np.random.default_rng(0), WORLD, feature="corner", dose=2.0
    )
    assert isinstance(agent, Planner)
    assert np.array_equal(agent.goal.weights, reach(WORLD, "corner").weights)
    assert int(agent.depth) == 2
