"""Agents that fall short of their goal."""

import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.worlds.corner import Corner
from goalscope.zoo.misled import NoisyPlannerKind, SatisficerKind, WallBlindKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=24)
WALLED = WORLD.parse_level("######\n#*#..#\n#.#.@#\n#....#\n#....#\n######")
LEFT = 1


@pytest.fixture(scope="module")
def table():
    return solve.tabulate(WORLD, WALLED)


def _policy(kind, dose, table):
    agent = kind.plant(np.random.default_rng(0), WORLD, feature="cheese", dose=dose)
    return np.asarray(solve.policy_of(agent, table))


def test_who_is_blind_to_walls_walks_against_them(table):
    """From the cell to the right of the wall, the cheese lies straight to the left."""
    blind, noisy = (_policy(k(), 0.05, table) for k in (WallBlindKind, NoisyPlannerKind))
    assert blind[2].argmax() == LEFT
    assert noisy[2].argmax() != LEFT
    assert blind[2, LEFT] > 0.5


@pytest.mark.parametrize("kind", [WallBlindKind, NoisyPlannerKind])
def test_noise_is_the_same_everywhere(kind, table):
    policy = _policy(kind(), 0.5, table)
    assert np.all(policy >= 0.5 / 4 - 1e-6)
    np.testing.assert_allclose(policy.sum(-1), 1, atol=1e-5)


def test_blind_and_noisy_agents_can_be_stacked():
    rng = np.random.default_rng(0)
    agents = [
        kind().plant(rng, WORLD, feature="cheese", dose=0.1)
        for kind in (WallBlindKind, NoisyPlannerKind)
    ]
    assert jax.tree.structure(agents[0]) == jax.tree.structure(agents[1])


def test_a_satisficer_gives_up_trying_where_chance_will_do(table):
    """It tries in more cells the more it wants, and next to the cheese last."""
    trying = [
        (np.abs(_policy(SatisficerKind(), dose, table) - 0.25).max(-1) > 0.01).sum()
        for dose in (0.0, 0.3, 0.6, 2.0)
    ]
    assert trying[0] == 0
    assert trying == sorted(trying)
    assert trying[-1] >= 12
