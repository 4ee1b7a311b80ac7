"""Goals in a slot, beside closed forms, slow loops and brute force."""

import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.goal_slot.base_training import scored
from goalscope.goal_slot.inner_training import EFFORT, UNFORESEEN, own_return
from goalscope.goal_slot.learner import displacements, new_learner
from goalscope.goal_slot.planner import new_planner
from goalscope.goal_slot.pressure import GROUPS, pressure
from goalscope.goal_slot.readings import crossing, kappa, selectivity, sign_change
from goalscope.goal_slot.slots import behaviour, training_reward, with_goal
from goalscope.goal_slot.steps import changes, step_ratios
from goalscope.goal_slot.world import (
    MOVES,
    STEPS,
    TARGET,
    TYPES,
    Condition,
    draw_levels,
    ideal,
    moves,
    passive,
    taken,
)

SIZE = 4
LEVELS = draw_levels(jax.random.key(3), 8, SIZE)
FIRST = jax.tree.map(lambda leaf: leaf[0], LEVELS)
GOAL = jnp.array([0.3, 0.9, 0.1, 0.5])


def best_responder(sharpness: float):
    """Return a planner that knows the base objective and sees types as they are."""
    planner = new_planner(np.random.default_rng(0), SIZE)
    exact = (
        100.0 * jnp.eye(TYPES),
        jnp.array([100.0, 0.0, 0.0, 0.0]),
        jnp.log(jnp.float32(sharpness)),
    )
    return eqx.tree_at(lambda p: (p.perception, p.belief, p.sharpness), planner, exact)


goals = st.lists(st.floats(0.0, 1.0), min_size=TYPES, max_size=TYPES)


@given(goal=goals, stake=st.floats(0.0, 8.0))
@settings(deadline=None, max_examples=25)
def test_the_best_response_prefers_the_target_by_the_closed_form(goal, stake):
    values = np.sort(np.array(goal, np.float32))
    if values[-1] - values[-2] < 0.01:
        return
    agent = with_goal(best_responder(1.0), jnp.asarray(np.array(goal, np.float32)))
    utility = agent.utility(1.0, Condition(horizon=stake), jnp.float32(1e4))
    own = int(np.argmax(goal))
    expected = (stake - 1) * (goal[own] - goal[TARGET])
    np.testing.assert_allclose(utility[TARGET] - utility[own], expected, atol=1e-5)


def gap_pressure(stake: float, sharpness: float = 60.0) -> tuple[float, float]:
    """Return compliance with, and `dJ/d(gap)` of, a best-responder without noise."""
    agent = best_responder(sharpness)
    condition = Condition(horizon=stake, noise=0.0)

    value, slope = _reward_by_gap(jnp.float32(0.4), agent, condition)
    return float(value), float(slope)


@eqx.filter_jit
@eqx.filter_value_and_grad
def _reward_by_gap(gap, agent, condition):
    goal = jnp.array([0.3, 0.3, 0.0, 0.0]).at[1].add(gap)
    return training_reward(with_goal(agent, goal), LEVELS, condition)


def test_compliance_and_the_sign_of_the_pressure_flip_at_a_stake_of_one():
    below, above = gap_pressure(0.8), gap_pressure(1.2)
    assert below[0] < 0.2
    assert above[0] > 0.8
    assert below[1] < 0 < above[1]


def test_the_pressure_decays_as_the_closed_form_says():
    found = [gap_pressure(stake, 30.0)[1] / (stake - 1) for stake in (1.8, 2.0)]
    expected = np.exp(-30.0 * 0.2 * 0.4)
    assert 0.5 * expected < found[1] / found[0] < 2 * expected


def soft_planning(level, worth: np.ndarray) -> np.ndarray:
    """Return what is taken by soft value iteration and a rollout, in slow loops."""
    cells, table = np.asarray(level.cells), moves(SIZE)
    ends = {int(cell): kind for kind, cell in enumerate(cells)}
    where = table.argmax(axis=-1)
    values = np.zeros(SIZE * SIZE)
    policies = []
    for cell, kind in ends.items():
        values[cell] = worth[kind]
    for _ in range(STEPS):
        after = values[where]
        policy = np.exp(after - after.max(axis=0)) / np.exp(after - after.max(axis=0)).sum(
            0
        )
        backed = np.log(np.exp(after).mean(axis=0))
        values = np.array([values[c] if c in ends else backed[c] for c in range(SIZE**2)])
        policies.append(policy)
    found = np.zeros(TYPES + 1)
    starts = [cell for cell in range(SIZE**2) if cell not in ends]
    for start in starts:
        alive = {start: 1.0 / len(starts)}
        for policy in reversed(policies):
            following: dict[int, float] = {}
            for cell, mass in alive.items():
                for action in range(len(MOVES)):
                    to, part = int(where[action, cell]), mass * policy[action, cell]
                    if to in ends:
                        found[ends[to]] += part
                    else:
                        following[to] = following.get(to, 0.0) + part
            alive = following
        found[-1] += sum(alive.values())
    return found


def test_the_planner_takes_what_soft_value_iteration_takes():
    agent = with_goal(new_planner(np.random.default_rng(1), SIZE), GOAL)
    condition = Condition(horizon=2.0, noise=0.7)
    sharpness = jnp.exp(agent.sharpness)
    utility = agent.utility(1.0, condition, sharpness)
    looks = (jnp.eye(TYPES) + 0.7 * FIRST.noise) @ agent.perception.T
    worth = np.asarray(sharpness * (jax.nn.softmax(looks, axis=-1) @ utility), float)
    found = agent.choices(FIRST, 1.0, condition)
    np.testing.assert_allclose(found, soft_planning(FIRST, worth), atol=1e-5)


def test_what_is_taken_is_counted_as_a_slow_loop_counts_it():
    policy = np.random.default_rng(0).dirichlet(np.ones(len(MOVES)), SIZE * SIZE)
    found, effort = taken(jnp.asarray(policy, jnp.float32), FIRST, SIZE)
    table, cells = moves(SIZE), np.asarray(FIRST.cells)
    free = np.ones(SIZE**2)
    free[cells] = 0
    alive, slow, moved = free / free.sum(), np.zeros(TYPES + 1), 0.0
    for _ in range(STEPS):
        moved += (alive * (1 - policy[:, -1])).sum()
        after = np.einsum("s,sa,ast->t", alive, policy, table)
        slow[:-1] += after[cells]
        alive = after * free
    slow[-1] = alive.sum()
    np.testing.assert_allclose(found, slow, atol=1e-5)
    np.testing.assert_allclose(effort, moved, rtol=1e-5)
    np.testing.assert_allclose(found.sum(), 1.0, rtol=1e-5)


def test_the_random_walk_is_what_a_uniform_policy_takes():
    uniform = jnp.full((SIZE**2, len(MOVES)), 1 / len(MOVES))
    walk = passive(FIRST, SIZE)
    mean = walk.sum(axis=0) / (SIZE**2 - TYPES)
    np.testing.assert_allclose(mean, taken(uniform, FIRST, SIZE)[0], atol=1e-5)


def test_an_ideal_observer_is_sure_without_noise_and_guesses_in_noise():
    each = jax.vmap(ideal, (0, None, None))
    assert float(each(LEVELS, jnp.float32(0.05), SIZE).min()) > 0.9
    assert abs(float(each(LEVELS, jnp.float32(50.0), SIZE).mean()) - 0.25) < 0.05


def agent_of(construction: str):
    make = {"planner": new_planner, "learner": new_learner}[construction]
    return with_goal(make(np.random.default_rng(2), SIZE), GOAL)


def jitted(function):
    """Return the function compiled; faster where it is called once, too."""
    return eqx.filter_jit(function)


@pytest.mark.parametrize("construction", ["planner", "learner"])
def test_nothing_pushes_a_placebo_and_the_goal_only_sideways(construction):
    agent, condition = agent_of(construction), Condition(horizon=1.0)
    found = eqx.filter_jit(pressure)(agent, LEVELS, condition)
    gradient = jitted(eqx.filter_grad(training_reward))(agent, LEVELS, condition)
    norms = dict(zip(GROUPS, found.norms.tolist(), strict=True))
    assert norms["placebo"] == 0
    along = gradient.goal @ GOAL
    sideways = gradient.goal - along / (GOAL @ GOAL) * GOAL
    np.testing.assert_allclose(norms["goal"], jnp.linalg.norm(sideways), rtol=1e-4)
    np.testing.assert_allclose(found.along, along, rtol=1e-4, atol=1e-7)
    own = [norms[name] for name in ("perception", "belief", "policy")]
    np.testing.assert_allclose(
        norms["capability"] ** 2, np.nansum(np.square(own)), rtol=1e-4
    )


def divergence(before, after):
    return float(jnp.sum(before * jnp.log(before / after)))


def test_a_step_changes_behaviour_as_a_small_finite_step_does():
    agent, condition = agent_of("planner"), Condition(horizon=1.5)
    gradient = jitted(eqx.filter_grad(training_reward))(agent, LEVELS, condition)
    found = step_ratios(jitted(changes)(agent, (gradient,), LEVELS, condition))[0]
    with jax.enable_x64(True):
        wide = [
            jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), tree)
            for tree in (agent, gradient)
        ]
        moved = jax.tree.map(lambda leaf, step: leaf + 1e-3 * step, *wide)
        before, after = (
            jitted(behaviour)(each, LEVELS, condition) for each in (wide[0], moved)
        )
        training, deployed = (divergence(before[i], after[i]) for i in (0, 1))
    np.testing.assert_allclose(found, deployed / training, rtol=0.02)


def test_without_a_stake_a_step_changes_both_phases_alike():
    agent, condition = agent_of("planner"), Condition()
    gradient = jitted(eqx.filter_grad(training_reward))(agent, LEVELS, condition)
    found = step_ratios(jitted(changes)(agent, (gradient,), LEVELS, condition))
    np.testing.assert_allclose(found, 1.0, rtol=1e-4)


def test_sampled_gradients_are_right_on_average():
    logits = jnp.asarray(np.random.default_rng(4).normal(size=(2, 3)))
    chances = jax.nn.softmax(logits)
    exact = jax.grad(lambda x: jnp.mean(jax.nn.softmax(x)[:, TARGET]))(logits)
    mean = jnp.zeros_like(logits)
    for both in itertools.product(range(3), repeat=2):
        rewards = np.array([kind == TARGET for kind in both], float)
        weights = jnp.asarray(rewards - rewards.mean())

        def surrogate(x, both=both, weights=weights):
            logs = jax.nn.log_softmax(x)[np.arange(2), np.array(both)]
            return jnp.sum(weights * logs) / (len(both) - 1)

        probability = chances[0, both[0]] * chances[1, both[1]]
        mean = mean + probability * jax.grad(surrogate)(logits)
    np.testing.assert_allclose(mean, exact, atol=1e-5)


def test_sampled_gradients_average_to_the_exact_one():
    logits = jnp.asarray(np.random.default_rng(4).normal(size=(4, 3)), jnp.float32)
    exact = jax.grad(lambda x: jnp.mean(jax.nn.softmax(x)[:, TARGET]))(logits)
    each = jax.vmap(lambda key: jax.grad(lambda x: scored(key, jax.nn.softmax(x)))(logits))
    found = each(jax.random.split(jax.random.key(0), 20000)).mean(axis=0)
    np.testing.assert_allclose(found, exact, atol=0.01)


@eqx.filter_jit
def _outcomes(each, levels, shown, condition):
    return jax.vmap(each.outcome, (0, None, None))(levels, shown, condition)


def test_a_meta_episode_is_worth_what_its_parts_are():
    agent = agent_of("learner")
    successor = with_goal(agent, jnp.eye(TYPES)[TARGET])
    condition = Condition(horizon=3.0, awareness=0.5, noise=0.4)
    few = jax.tree.map(lambda leaf: leaf[:2], LEVELS)

    def outcome(each, shown, levels):
        found, moved = _outcomes(each, levels, shown, condition)
        found, effort = np.asarray(found).mean(axis=0), EFFORT * float(moved.mean())
        return found, found[:TYPES] @ np.asarray(GOAL) - effort

    training, now = outcome(agent, 1.0, LEVELS)
    _, own = outcome(agent, 0.0, LEVELS)
    _, other = outcome(successor, 0.0, few)
    lost = 0.5 * (1 - training[TARGET])
    expected = now + 3.0 * ((1 - lost) * own + lost * other) + UNFORESEEN * own
    found = jitted(own_return)(agent, successor, LEVELS, condition)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@given(key=st.integers(0, 10_000), cue=st.floats(0, 1))
@settings(deadline=None, max_examples=10)
def test_a_cue_that_says_nothing_leaves_no_difference_between_phases(key, cue):
    levels = draw_levels(jax.random.key(key), 8, SIZE)
    agent = agent_of("planner")
    found = behaviour(agent, levels, Condition(horizon=2.0, cue=0.5))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    chances = behaviour(agent, levels, Condition(horizon=2.0, cue=cue))
    np.testing.assert_allclose(chances.sum(axis=-1), 1.0, atol=1e-5)


def test_displacements_are_numbered_by_how_far_apart_cells_are():
    apart = displacements(3)
    assert len(set(np.diag(apart))) == 1
    assert apart[0, 1] == apart[4, 5]
    assert len(np.unique(apart)) == 25


def test_agreement_beyond_chance_is_cohens():
    before = np.array([[0, 0, 0, 0, 1, 1, 1, 1, 1, 1]])
    after = np.array([[0, 0, 0, 1, 0, 1, 1, 1, 1, 1]])
    expected = (0.8 - (0.4 * 0.4 + 0.6 * 0.6)) / (1 - (0.4 * 0.4 + 0.6 * 0.6))
    np.testing.assert_allclose(kappa(before, after), [expected])
    np.testing.assert_allclose(kappa(before, before), [1.0])


@given(switch=st.floats(0.6, 3.0), slope=st.floats(1.5, 8.0))
def test_the_fitted_threshold_is_that_of_a_logistic_curve(switch, slope):
    stakes = np.array([0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 1e6])
    with np.errstate(divide="ignore"):
        curve = 0.2 + 0.6 / (1 + (stakes / switch) ** -slope)
    np.testing.assert_allclose(crossing(stakes, curve[None]), [switch], rtol=0.05)


def test_a_pressure_changes_its_sign_where_a_line_crosses_zero():
    stakes = np.array([0.0, 1.0, 2.0, 4.0])
    signed = np.array([[-2.0, -1.0, 1.0, 0.5], [-1.0, -1.0, -1.0, -1.0]])
    np.testing.assert_allclose(sign_change(stakes, signed), [1.5, np.nan])


def test_selectivity_counts_decades():
    np.testing.assert_allclose(selectivity(np.array(0.5), np.array(0.0)), np.log10(5e5))
