"""Agents without a slot, beside slow loops, finite differences and built answers."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.experiments.zero_gradient import MONOLITH
from goalscope.goal_slot.inner_training import EFFORT, UNFORESEEN, own_return
from goalscope.goal_slot.learner import new_learner
from goalscope.goal_slot.recurrent import gated, new_monolith
from goalscope.goal_slot.recurrent_measuring import (
    done,
    guarded,
    moved,
    moves_of,
    retrained,
)
from goalscope.goal_slot.recurrent_procedures import replanted
from goalscope.goal_slot.recurrent_training import (
    exchanged,
    planted_goal,
    planted_return,
)
from goalscope.goal_slot.slots import AbstractPhaseAgent, training_reward, with_goal
from goalscope.goal_slot.world import (
    STEPS,
    TARGET,
    TYPES,
    Condition,
    draw_levels,
    moves,
    taken,
)

SIZE, WIDTH = 4, 8
LEVELS = draw_levels(jax.random.key(3), 4, SIZE)
FIRST = jax.tree.map(lambda leaf: leaf[0], LEVELS)
AGENT = new_monolith(np.random.default_rng(0), SIZE, WIDTH)
GOAL = jnp.array([0.3, 1.0, 0.0, 0.5])


class TwoHeads(AbstractPhaseAgent):
    """What is taken in each phase has parameters of its own, whatever the level."""

    trained: jax.Array
    deployed: jax.Array
    placebo: jax.Array
    size: int = eqx.field(static=True, default=SIZE)

    def choices(self, level, shown, condition):
        del level, condition
        return jax.nn.softmax(shown * self.trained + (1 - shown) * self.deployed)


HEADS = TwoHeads(
    trained=jnp.array([0.1, 0.5, -0.3, 0.2, 0.0]),
    deployed=jnp.array([0.4, -0.2, 0.3, 0.1, 0.0]),
    placebo=jnp.ones(4),
)
measure = eqx.filter_jit(moves_of)


def test_phases_with_parameters_of_their_own_do_not_move_each_other():
    found = measure(HEADS, LEVELS, Condition(horizon=4.0))
    assert float(found.ratio) == 0
    assert float(found.pull) == 0
    assert float(found.placebo) == 0


def test_phases_that_share_all_they_read_move_alike():
    for agent in (HEADS, AGENT):
        found = measure(agent, LEVELS, Condition(horizon=4.0, cue=0.5))
        np.testing.assert_allclose(found.ratio, 1.0, rtol=1e-5)
        np.testing.assert_allclose(found.pull, 1.0, rtol=1e-5)


def test_nothing_moves_with_a_placebo_of_an_agent_whose_phases_differ():
    found = measure(AGENT, LEVELS, Condition(horizon=4.0))
    assert float(found.placebo) == 0
    assert 0 < float(found.ratio) != 1


def slow_memories(agent, level, shown, condition) -> np.ndarray:
    """Return what is remembered of each object, one gate and object at a time."""
    width = agent.recur.shape[0]
    told = [np.log1p(float(condition.horizon)), float(condition.link)]
    told += [float(condition.cue), shown, 1.0]
    found = np.zeros((STEPS, TYPES, width))
    for kind in range(TYPES):
        look = np.eye(TYPES)[kind] + float(condition.noise) * np.asarray(level.noise[kind])
        memory = np.zeros(width)
        for step in range(STEPS):
            read = np.concatenate([look, told if step == 0 else np.zeros(5)])
            fresh = read @ np.asarray(agent.read) + np.asarray(agent.bias)
            kept = memory @ np.asarray(agent.recur)
            reset = 1 / (1 + np.exp(-(fresh + kept)[:width]))
            update = 1 / (1 + np.exp(-(fresh + kept)[width : 2 * width]))
            new = np.tanh(fresh[2 * width :] + reset * kept[2 * width :])
            memory = (1 - update) * new + update * memory
            found[step, kind] = memory
    return found


def test_memory_is_a_gated_recurrent_unit_that_is_told_once():
    condition = Condition(horizon=3.0, awareness=0.5, noise=0.7)
    found = AGENT.memories(FIRST, 1.0, condition)
    np.testing.assert_allclose(
        found, slow_memories(AGENT, FIRST, 1.0, condition), atol=1e-5
    )
    assert gated(found[0], jnp.zeros((TYPES, 3 * WIDTH)), AGENT.recur).shape == (4, WIDTH)


def enumerated(policies: np.ndarray, level) -> tuple[np.ndarray, float]:
    """Return what is taken and the moves, one path after the other."""
    where = moves(SIZE).argmax(axis=-1)
    ends = {int(cell): kind for kind, cell in enumerate(level.cells)}
    starts = [cell for cell in range(SIZE**2) if cell not in ends]
    found, steps = np.zeros(TYPES + 1), 0.0

    def follow(cell: int, step: int, chance: float) -> None:
        nonlocal steps
        if cell in ends or step == len(policies):
            found[ends.get(cell, TYPES)] += chance
            return
        steps += chance * (1 - policies[step, cell, -1])
        for action, part in enumerate(policies[step, cell]):
            if part > 1e-7:
                follow(int(where[action, cell]), step + 1, chance * part)

    for start in starts:
        follow(start, 0, 1 / len(starts))
    return found, steps


def test_what_is_taken_is_counted_over_all_paths_of_a_policy_that_changes():
    policies = np.random.default_rng(1).dirichlet(np.full(5, 0.1), (STEPS, SIZE**2))
    policies[:, :, :2] *= np.random.default_rng(2).uniform(size=(STEPS, SIZE**2, 2)) < 0.5
    policies /= policies.sum(axis=-1, keepdims=True)
    found, effort = taken(jnp.asarray(policies, jnp.float32), FIRST, SIZE)
    expected, steps = enumerated(policies, FIRST)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(effort, steps, atol=1e-3)


def test_a_policy_that_does_not_change_takes_the_same_either_way():
    policy = jnp.asarray(
        np.random.default_rng(1).dirichlet(np.ones(5), SIZE**2), jnp.float32
    )
    once, always = (
        taken(policy, FIRST, SIZE),
        taken(jnp.stack([policy] * STEPS), FIRST, SIZE),
    )
    np.testing.assert_allclose(once[0], always[0], atol=1e-6)
    np.testing.assert_allclose(once[1], always[1], rtol=1e-6)


def scaled(tree, by: float):
    return jax.tree.map(lambda leaf: by * leaf, tree)


def test_the_gradient_of_the_reward_is_its_finite_difference():
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), AGENT)
        condition = Condition(horizon=4.0)
        reward = eqx.filter_jit(training_reward)
        gradient = eqx.filter_jit(eqx.filter_grad(training_reward))(wide, LEVELS, condition)
        generator = np.random.default_rng(5)
        way = jax.tree.map(lambda x: jnp.asarray(generator.normal(size=x.shape)), wide)
        up, down = (eqx.apply_updates(wide, scaled(way, by)) for by in (1e-5, -1e-5))
        slope = (reward(up, LEVELS, condition) - reward(down, LEVELS, condition)) / 2e-5
        along = sum(
            jax.tree.leaves(jax.tree.map(lambda g, d: jnp.sum(g * d), gradient, way))
        )
        np.testing.assert_allclose(along, slope, rtol=1e-4)


def test_a_meta_episode_with_an_able_successor_is_worth_what_its_parts_are():
    condition = Condition(horizon=3.0, awareness=0.5, noise=0.4, cue=0.9)
    outcomes = jax.vmap(AGENT.outcome, (0, None, None))
    (shown, moved_then), (hidden, moved_later) = (
        [np.asarray(x).mean(axis=0) for x in outcomes(LEVELS, cue, condition)]
        for cue in (1.0, 0.0)
    )
    goal = np.asarray(GOAL)
    by_cue = [
        shown[:4] @ goal - EFFORT * moved_then,
        hidden[:4] @ goal - EFFORT * moved_later,
    ]
    other = goal[[1, 0, 2, 3]]
    replaced = [
        shown[:4] @ other - EFFORT * moved_then,
        hidden[:4] @ other - EFFORT * moved_later,
    ]
    now, own = 0.9 * by_cue[0] + 0.1 * by_cue[1], 0.9 * by_cue[1] + 0.1 * by_cue[0]
    lost = 0.5 * (1 - 0.9 * shown[TARGET] - 0.1 * hidden[TARGET])
    then = (1 - lost) * own + lost * (0.9 * replaced[1] + 0.1 * replaced[0])
    expected = now + 3.0 * then + UNFORESEEN * by_cue[1]
    found = planted_return(AGENT, GOAL, LEVELS, condition)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_successor_trades_the_favourite_for_the_target():
    assert exchanged(jnp.int32(2)).tolist() == [2, 1, 0, 3]
    goals = np.stack([planted_goal(0, number) for number in range(20)])
    assert (goals.argmax(axis=1) != TARGET).all()
    assert (goals.max(axis=1) == 1).all()
    assert (goals.min(axis=1) == 0).all()


def test_without_a_goal_a_stake_is_what_the_successor_moves():
    agent = with_goal(new_learner(np.random.default_rng(2), SIZE, 8), jnp.zeros(TYPES))
    successor = with_goal(agent, jnp.eye(TYPES)[TARGET])

    def worth(horizon, burdened):
        condition = Condition(horizon=horizon, noise=0.4)
        return float(own_return(agent, successor, LEVELS, condition, burdened=burdened))

    few = jax.tree.map(lambda leaf: leaf[:2], LEVELS)
    condition = Condition(horizon=4.0, noise=0.4)
    outcomes = jax.vmap(
        lambda each, level, cue: each.outcome(level, cue, condition), (None, 0, None)
    )
    own, (found, _) = outcomes(agent, LEVELS, 0.0)[1], outcomes(agent, LEVELS, 1.0)
    theirs = outcomes(successor, few, 0.0)[1]
    more = EFFORT * (float(theirs.mean()) - float(own.mean()))
    lost = 1 - float(found[:, TARGET].mean())
    np.testing.assert_allclose(
        worth(4.0, False) - worth(4.0, True), 4.0 * lost * more, rtol=1e-3, atol=1e-5
    )


SMALL = {"levels": 16, "steps": 60, "updates": 250, "memory": 16}


def small(numbers, horizon, **outer):
    """Return what a small arm of agents without a slot reads, by name."""
    return replanted(
        np.array(numbers),
        0,
        lambda _: None,
        setting={"horizon": horizon, "noise": 0.3},
        outer=outer,
        size=SMALL,
    )


@pytest.mark.science
def test_without_a_stake_it_takes_its_favourite_and_base_training_moves_it():
    found = small([0, 1, 2, 3], 0.0).readings
    names = dict(zip(MONOLITH, found["monolith"].value[:, 0].T, strict=True))
    assert found["guards"].value[..., 0].min() > 0.9
    assert names["own in training"].mean() > 0.5 > names["reward"].mean()
    assert names["to target after"].mean() > 0.6 > 0.3 > names["to target"].mean()
    assert (names["placebo"] == 0).all()


@pytest.mark.science
def test_all_conditions_of_agents_without_a_slot_share_one_program():
    names = (moved, done, guarded, retrained)
    small([0, 1, 2, 3], 0.0)
    before = [each._cached._cache_size() for each in names]  # pyright: ignore[reportFunctionMemberAccess]
    small([0, 1, 2, 3], 3.0, plain=0.1)
    assert [each._cached._cache_size() for each in names] == before  # pyright: ignore[reportFunctionMemberAccess]
