"""Learners in the dilemma, beside exact solutions, slow loops and closed forms."""

import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.incentives.dilemma import COOPERATE, DEFECT, reward, threshold
from goalscope.incentives.learners import Stretch, returns_to_go
from goalscope.incentives.outer_loops import (
    EvolutionStrategies,
    NoLoop,
    PopulationBasedTraining,
)
from goalscope.incentives.policy_gradients import ActorCritic, Reinforce
from goalscope.incentives.population import Setting, cooperation
from goalscope.incentives.procedures import dilemma
from goalscope.incentives.reading import checkpoints, first_above, late
from goalscope.incentives.value_learners import CrossEntropyBandit, QLearning


def SILENT(value):  # noqa: N802
    return None


def best_return(
    discount: float, value: float, bonus: float, depth: int
) -> tuple[float, int]:
    """Return the best discounted return from "cooperated before", and its first action."""
    best = (-np.inf, -1)
    for plan in itertools.product((COOPERATE, DEFECT), repeat=depth):
        before, total = COOPERATE, 0.0
        for step, action in enumerate(plan):
            paid = value * (before == COOPERATE) + bonus * (action == DEFECT)
            total, before = total + discount**step * paid, action
        total += discount**depth * value * (before == COOPERATE)
        best = max(best, (total, plan[0]))
    return best


@given(discount=st.floats(0.0, 0.99), value=st.floats(0.2, 2.0), bonus=st.floats(0.05, 1.0))
def test_cooperation_pays_exactly_above_the_threshold(discount, value, bonus):
    if abs(discount - threshold(value, bonus)) < 1e-3:
        return
    _, action = best_return(discount, value, bonus, depth=4)
    expected = COOPERATE if discount > threshold(value, bonus) else DEFECT
    assert action == expected


def test_a_dilemma_in_which_cooperation_does_not_pay_is_refused():
    with pytest.raises(ValueError, match="must pay"):
        threshold(0.0, 0.5)


def test_the_reward_is_that_of_the_unit_test():
    before, now = jnp.array([0, 0, 1, 1]), jnp.array([0, 1, 0, 1])
    assert reward(before, now, 1.0, 0.5).tolist() == [1.0, 1.5, 0.0, 0.5]


@given(
    rewards=st.lists(st.floats(-2, 2), min_size=1, max_size=9),
    discount=st.floats(0, 1),
    last=st.floats(-2, 2),
)
def test_returns_to_go_are_those_of_a_slow_loop(rewards, discount, last):
    found = returns_to_go(jnp.array(rewards), jnp.float32(discount), last)
    slow, following = [], last
    for each in reversed(rewards):
        following = each + discount * following
        slow.insert(0, following)
    np.testing.assert_allclose(found, slow, rtol=1e-4, atol=1e-4)


def test_reinforce_steps_along_the_sum_of_scores_and_advantages():
    learner = Reinforce(learning_rate=0.1, discount=0.5)
    stretch = Stretch(
        jnp.array([0, 0, 0]), jnp.array([0, 1, 0]), jnp.array([1.0, 0.0, 2.0])
    )
    start = jnp.array([0.3, 0.0])
    chance = 1 / (1 + np.exp(-0.3))
    returns = np.array([1.5, 1.0, 2.0])
    scores = np.array([1 - chance, -chance, 1 - chance])
    step = np.mean((returns - returns.mean()) * scores)
    np.testing.assert_allclose(
        learner.finish(start, stretch)[0], 0.3 + 0.1 * step, rtol=1e-5
    )


def test_q_learning_backs_up_by_hand():
    learner = QLearning(learning_rate=0.5, discount=0.9, exploration=0.1, stateful=True)
    start = jnp.array([1.0, 2.0, 3.0, 4.0])
    found = learner.step(start, jnp.array(0), jnp.array(1), jnp.float32(1.0), jnp.array(1))
    np.testing.assert_allclose(found, [1.0, 2.0 + 0.5 * (1 + 0.9 * 4 - 2), 3.0, 4.0])
    chances = jax.nn.softmax(learner.logits(start, jnp.array(0)))
    np.testing.assert_allclose(chances, [0.05, 0.95], rtol=1e-5)


def test_the_bandit_learns_what_actions_pay_at_once():
    learner = CrossEntropyBandit(learning_rate=0.5, temperature=0.1, scale=1.0)
    parameters = jnp.zeros(4)
    step = eqx.filter_jit(learner.step)
    for action, paid in [(0, 0.2), (1, 0.7)] * 100:
        parameters = step(
            parameters, jnp.array(0), jnp.array(action), jnp.float32(paid), jnp.array(0)
        )
    np.testing.assert_allclose(jax.nn.sigmoid(parameters[:2]), [0.2, 0.7], atol=1e-3)


def test_the_worst_become_copies_of_the_best():
    loop = PopulationBasedTraining(replaced=0.4, mutation=0.0)
    learnt = jnp.arange(5.0)[:, None]
    fitness = jnp.array([0.3, 0.9, 0.1, 0.5, 0.7])
    after = loop.end(jax.random.key(0), learnt, learnt, fitness)[:, 0]
    assert after.tolist() == [4.0, 1.0, 1.0, 3.0, 4.0]


def test_evolution_climbs_and_children_mirror_each_other():
    loop = EvolutionStrategies(learning_rate=1.0, noise=0.1)
    parents = jnp.zeros((8, 2))
    children = loop.begin(jax.random.key(0), parents)
    np.testing.assert_allclose(children[:4], -children[4:], atol=1e-6)
    after = loop.end(jax.random.key(1), children, children, children[:, 0])
    assert float(after[0, 0]) > 0.3
    assert np.ptp(np.asarray(after), axis=0).max() == 0


def share(learner, outer, *, swap=False, learners=1, stretches=200, steps=20) -> float:
    setting = Setting(
        learner, outer, jnp.float32(1), jnp.float32(0.5), jnp.float32(0.1), jnp.array(swap)
    )
    found = cooperation(
        jax.random.split(jax.random.key(5), 4),
        setting,
        num_learners=learners,
        num_stretches=stretches,
        num_steps=steps,
    )
    return float(np.asarray(found)[:, -stretches // 4 :].mean())


@pytest.mark.parametrize("rule", [Reinforce, ActorCritic])
def test_learners_cooperate_above_the_threshold_and_defect_below(rule):
    shares = [share(rule(learning_rate=1.0, discount=g), NoLoop()) for g in (0.1, 0.9)]
    assert shares[0] < 0.2
    assert shares[1] > 0.8


def test_selection_reveals_the_incentive_and_swapping_hides_it():
    learner, loop = Reinforce(learning_rate=0.01, discount=0.0), PopulationBasedTraining()
    alone, swapped = (
        share(learner, loop, swap=swap, learners=10, stretches=400, steps=10)
        for swap in (False, True)
    )
    assert alone > 0.8
    assert swapped < 0.2


def test_a_population_does_not_depend_on_its_neighbours_or_its_place():
    options = {"learner": {"rule": "reinforce", "learning_rate": 0.5}, "size": (2, 6, 5)}
    both = dilemma(np.array([3, 7]), 0, SILENT, **options).readings["dilemma"].value
    other = dilemma(np.array([7, 3]), 0, SILENT, **options).readings["dilemma"].value
    np.testing.assert_array_equal(both, other[::-1])


def test_all_settings_of_one_shape_share_one_program(caplog):
    learner = {"rule": "reinforce", "learning_rate": 0.5}
    size = (2, 6, 5)

    def run(discount, seed):
        told = {**learner, "discount": discount}
        dilemma(np.array([0, 1]), seed, SILENT, learner=told, size=size)

    run(0.1, 0)
    with jax.log_compiles(), caplog.at_level("WARNING"):
        run(0.2, 1)
        run(0.7, 2)
    assert not [r for r in caplog.records if "cooperation" in r.getMessage()]


def test_readings_average_the_last_part_of_the_run():
    assert checkpoints(40) == tuple(range(2, 41, 2))
    assert checkpoints(1) == (1,)
    assert first_above(np.array([[0.6, 0.0]]), 0.5).tolist() == [0.0]
    run = np.arange(10.0)[None]
    assert [late(run, until).item() for until in (1, 5, 10)] == [0.0, 3.5, 7.5]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"learner": {"rule": "guess", "learning_rate": 0.1}}, "no learning rule 'guess'"),
        (
            {
                "learner": {"rule": "reinforce", "learning_rate": 0.1},
                "outer": {"loop": "magic"},
            },
            "no outer loop 'magic'",
        ),
    ],
)
def test_unknown_words_are_refused(options, word):
    with pytest.raises(ValueError, match=word):
        dilemma(np.array([0]), 0, SILENT, **options)
