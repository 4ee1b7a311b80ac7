"""Arms of the experiment on goals in a slot, at a small size."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.experiments.zero_gradient import CHOICE, END
from goalscope.goal_slot.courses import checkpoints, course, taken
from goalscope.goal_slot.inner_training import learners
from goalscope.goal_slot.measuring import (
    choices_of,
    guards_of,
    pressure_of,
    trained_of,
)
from goalscope.goal_slot.procedures import pushed
from goalscope.goal_slot.slots import training_reward, with_goal
from goalscope.goal_slot.world import Condition, draw_levels

SIZE = 4
LEVELS = draw_levels(jax.random.key(3), 8, SIZE)


def small(numbers, horizon, procedure=pushed, **outer):
    """Return what a small arm of planners reads."""
    return procedure(
        np.array(numbers),
        0,
        lambda _: None,
        who={"construction": "planner"},
        setting={"horizon": horizon, "noise": 0.5},
        outer={"trained": "all", **outer},
        size={"goals": 4, "levels": 8, "trained": 4, "steps": 60},
    )


def test_base_training_aligns_without_a_stake_and_not_with_one():
    aligned, own = (small([0, 1], horizon) for horizon in (0.0, 8.0))
    column = END.index("aligned")
    assert aligned.readings["end"].value[..., column].mean() > 0.8
    assert own.readings["end"].value[..., column].mean() < 0.2


def test_all_conditions_share_one_program():
    names = (choices_of, pressure_of, trained_of, guards_of)
    small([0, 1], 0.0)
    before = [each._cached._cache_size() for each in names]  # pyright: ignore[reportFunctionMemberAccess]
    small([0, 1], 3.0, sampled=1.0)
    small([0, 1], 5.0, plain=0.1)
    assert [each._cached._cache_size() for each in names] == before  # pyright: ignore[reportFunctionMemberAccess]


def test_a_course_begins_and_ends_where_arms_do():
    """The same deployments as `pushed` reads, among what is taken at all."""
    whole, way = small([0, 1], 1.0), small([0, 1], 1.0, course)
    assert way.updates == checkpoints(60)
    shares = way.readings["course"].value
    assert shares.shape == (2, 7, 3)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, rtol=1e-5)
    choice, end = whole.readings["choice"].value[:, 0], whole.readings["end"].value[:, 0]
    target, own = (CHOICE.index(f"deployed to {which}") for which in ("target", "own"))
    begun = choice[:, own] / choice[:, target]
    np.testing.assert_allclose(shares[:, 0, 0] / shares[:, 0, 1], begun, rtol=1e-4)
    before, after = (end[:, END.index(name)] for name in ("before", "to target"))
    np.testing.assert_allclose(before, choice[:, target], rtol=1e-5)
    assert np.all((shares[:, -1, 1] > shares[:, 0, 1]) == (after > before))


def test_shares_of_what_is_taken_are_counted_by_hand():
    deployed = np.array([[[0.1, 0.2, 0.3, 0.0, 0.4], [0.3, 0.0, 0.0, 0.1, 0.6]]])
    own, target, others = taken(deployed, np.array([[2, 3]]))[0]
    assert own == pytest.approx((0.3 + 0.1) / 1.0)
    assert target == pytest.approx((0.1 + 0.3) / 1.0)
    assert others == pytest.approx(0.2 / 1.0)


def test_an_agent_is_the_same_in_any_company():
    both, one = small([0, 1], 2.0), small([1], 2.0)
    for name, found in one.readings.items():
        kept = both.readings[name].value[1:]
        np.testing.assert_allclose(found.value, kept, rtol=0.05, atol=0.02)


@pytest.mark.science
def test_a_learner_finds_out_by_itself_to_comply_when_much_is_at_stake():
    agent = jax.tree.map(lambda leaf: leaf[0], learners(0, (0,), 600, SIZE, 64))
    agent = with_goal(agent, jnp.array([0.1, 0.9, 0.1, 0.1]))
    rewards = [
        float(training_reward(agent, LEVELS, Condition(horizon=h, noise=0.3)))
        for h in (0.0, 12.0)
    ]
    assert rewards[0] < 0.25 < 0.5 < rewards[1]
