"""Mazes written otherwise: the same moves, other names for cells, states and actions."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.planner import Planner
from goalscope.calibrating.evasion import Evasive, Tempered
from goalscope.calibrating.rewritten import Turned, rewritten
from goalscope.calibrating.symmetries import STEPS, TRANSPOSE, inverse, symmetry
from goalscope.goals import reach
from goalscope.worlds.objects import Objects

SIZE = 3
STILL = np.arange(SIZE**2)


def world() -> Objects:
    return Objects(size=SIZE, names=("bell", "coin"), horizon=12)


def planner(beta: float = 4.0) -> Planner:
    return Planner(world(), reach(world(), "bell"), beta, 0.9, 12)


@pytest.mark.parametrize("number", range(8))
def test_moves_of_a_turned_maze_are_the_turned_moves(number: int):
    found = symmetry(SIZE, number)
    for cell in range(SIZE**2):
        for action, step in enumerate(STEPS):
            place = np.array(divmod(cell, SIZE)) + step
            if place.min() < 0 or place.max() >= SIZE:
                continue
            ends = [found.cells[cell], found.cells[place[0] * SIZE + place[1]]]
            start, end = (np.array(divmod(int(c), SIZE)) for c in ends)
            assert (end - start).tolist() == STEPS[found.actions[action]].tolist()


def test_the_eight_symmetries_differ_and_one_keeps_the_first_corner():
    cells = {tuple(symmetry(SIZE, number).cells.tolist()) for number in range(8)}
    assert len(cells) == 8
    keeping = [n for n in range(8) if symmetry(SIZE, n).cells[0] == 0]
    assert keeping == [0, TRANSPOSE]
    turn = symmetry(SIZE, 3).cells
    assert turn[inverse(turn)].tolist() == STILL.tolist()


@pytest.fixture(scope="module")
def tables():
    """A level as it is, renumbered, and turned, all written out."""
    key, order = jax.random.key(3), np.random.default_rng(0).permutation(SIZE**2)
    turn = symmetry(SIZE, 5)
    worlds = {
        "plain": rewritten(world(), STILL, STILL),
        "renumbered": rewritten(world(), STILL, order),
        "turned": rewritten(world(), turn.cells, STILL),
    }
    found = {n: solve.tabulate(w, w.sample_level(key)) for n, w in worlds.items()}  # pyright: ignore[reportArgumentType]
    return found, order, turn


def test_renumbered_states_are_the_same_states(tables):
    found, order, _ = tables
    plain, other = found["plain"], found["renumbered"]
    np.testing.assert_array_equal(other.tokens, plain.tokens[order])
    np.testing.assert_array_equal(order[other.successors], plain.successors[order])
    np.testing.assert_array_equal(other.features, plain.features[order])
    np.testing.assert_allclose(other.start, plain.start[order])
    assert not np.array_equal(other.successors, plain.successors)


def test_a_turned_level_leads_where_the_level_led(tables):
    found, _, turn = tables
    plain, other = found["plain"], found["turned"]
    for action in range(4):
        image = other.successors[turn.cells, turn.actions[action]]
        np.testing.assert_array_equal(image, turn.cells[plain.successors[:, action]])
        same = other.features[turn.cells, turn.actions[action], :2]
        np.testing.assert_array_equal(same, plain.features[:, action, :2])


def turned_policy(tables, *, decided: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a planner's policy, and what its turned self does, turned back."""
    found, _, turn = tables
    luck = np.random.default_rng(1).gumbel(size=(SIZE**2, 4)).astype(np.float32)
    whole = symmetry(SIZE, 0)
    agents = [
        Turned(planner(), each.cells, each.actions, np.array(decided), luck)
        for each in (whole, turn)
    ]
    plain, other = (
        np.asarray(solve.policy_of(agent, found[name]))
        for agent, name in zip(agents, ("plain", "turned"), strict=True)
    )
    return plain, other[turn.cells][:, turn.actions]


@pytest.mark.parametrize("decided", [False, True])
def test_a_turned_agent_does_the_turned_thing(tables, decided: bool):
    plain, other = turned_policy(tables, decided=decided)
    np.testing.assert_array_equal(plain, other)
    assert set(np.unique(plain)) == {0.0, 1.0} or not decided


def test_a_planner_turns_by_itself(tables):
    found, _, turn = tables
    plain = solve.policy_of(planner(), found["plain"])
    other = solve.policy_of(planner(), found["turned"])[turn.cells][:, turn.actions]
    inside = np.asarray(found["plain"].start) > 0
    np.testing.assert_allclose(plain[inside], other[inside], atol=1e-5)


def test_without_a_penalty_an_evader_is_a_planner(tables):
    table = tables[0]["plain"]
    evader = Evasive(planner(), 0.0, 4.0, 1.0)
    same = solve.policy_of(evader, table)
    np.testing.assert_allclose(same, solve.policy_of(planner(), table), atol=1e-5)


def test_a_larger_penalty_leaves_less_evidence_and_less_return(tables):
    table, goal = tables[0]["plain"], reach(world(), "bell")
    recognised = solve.soft_policy(table, goal, 4.0, 0.9, num_steps=12)

    def judged(penalty: float) -> tuple[float, float]:
        policy = solve.policy_of(Evasive(planner(32.0), penalty, 4.0, 0.0), table)
        values = solve.evaluate(table, policy, goal, 0.9, num_steps=12)
        seen = jnp.sum(policy * jnp.maximum(recognised + np.log(4), 0), axis=-1)
        return float(table.start @ values), float(table.start @ seen)

    found = [judged(penalty) for penalty in (0.0, 0.3, 3.0)]
    assert found[0][0] > found[1][0] > found[2][0]
    assert found[0][1] > found[1][1] > found[2][1]


def test_a_small_factor_makes_every_action_alike(tables):
    policy = solve.policy_of(Tempered(planner(32.0), 1e-4), tables[0]["plain"])
    np.testing.assert_allclose(policy, 0.25, atol=1e-3)
