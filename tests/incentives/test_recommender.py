"""Users of recommenders, beside closed forms, and learners paid for what they become."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.experiment import ComputedArm
from goalscope.experiments.hidden_incentives import SIZES, hidden_incentives
from goalscope.experiments.incentive_arms import recommender_pair
from goalscope.incentives.outer_loops import NoLoop
from goalscope.incentives.procedures import recommender
from goalscope.incentives.recommender import (
    READINGS,
    Market,
    Users,
    concentration,
    drift,
    new_users,
    served,
)

SIZE = (5, 40, 25)


def SILENT(value):  # noqa: N802
    return None


def market(**changes: float) -> Market:
    rates = {
        "learning_rate": 0.1, "temperature": 1.0, "loyalty_rate": 0.1,
        "interest_rate": 0.05, "forgetting": 0.005, **changes,
    }  # fmt: skip
    values = {name: jnp.float32(rate) for name, rate in rates.items()}
    clicks = jnp.array([0.0, 0.0, 1.0])
    return Market(outer=NoLoop(), selects=clicks, swap=jnp.array(False), **values)


def readings(size=SIZE, seed: int = 0, **options) -> np.ndarray:
    found = recommender(np.arange(2), seed, SILENT, size=size, **options)
    return found.readings["users"].value


def test_what_is_shown_is_wanted_more_and_the_rest_less():
    users = new_users(jax.random.key(0))
    after = served(users, jnp.array(2), jnp.array(4), market(forgetting=0.0))
    assert float(after.interest[2, 4]) > float(users.interest[2, 4])
    np.testing.assert_allclose(jnp.linalg.norm(after.interest, axis=-1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(after.interest[3:], users.interest[3:], rtol=1e-5)


def test_users_who_are_shown_nothing_return():
    users = new_users(jax.random.key(0))
    turned = served(users, jnp.array(2), jnp.array(4), market(interest_rate=1.0))
    quiet = market(interest_rate=0.0, forgetting=0.02)
    for _ in range(400):
        turned = served(turned, jnp.array(0), jnp.array(0), quiet)
    np.testing.assert_allclose(turned.interest[2], users.interest[2], atol=1e-2)


@given(st.lists(st.floats(-5, 5), min_size=10, max_size=10))
def test_concentration_is_what_entropy_lacks_of_its_maximum(loyalty):
    users = new_users(jax.random.key(0))
    found = concentration(Users(jnp.array(loyalty), users.interest, users.at_first))
    shares = np.exp(loyalty) / np.exp(loyalty).sum()
    entropy = -(shares * np.log(shares)).sum()
    np.testing.assert_allclose(found, np.log(10) - entropy, atol=1e-4)


def test_drift_is_nothing_at_first_and_one_for_interests_at_right_angles():
    first, turned = jnp.eye(10), jnp.roll(jnp.eye(10), 1, axis=0)
    assert float(drift(Users(jnp.zeros(10), first, first))) == 0
    assert float(drift(Users(jnp.zeros(10), turned, first))) == 1
    half = jnp.where(jnp.arange(10)[:, None] < 5, turned, first)
    assert float(drift(Users(jnp.zeros(10), half, first))) == 0.5


def test_recommenders_learn_to_please_and_move_their_users():
    found = readings(rates={"temperature": 0.3})
    found = dict(zip(READINGS, np.moveaxis(found, -1, 0)[:3], strict=True))
    assert (found["drift"][:, -1] > 0).all()
    assert (found["clicks"][:, -1] > found["clicks"][:, 0]).all()


def test_the_share_left_of_a_run_belongs_to_the_time_at_which_users_concentrated():
    unforgetting = {"loyalty_rate": 2.0, "forgetting": 0.0, "temperature": 0.3}
    quick = readings(rates=unforgetting)[:, -1]
    steps, share = quick[:, 4], quick[:, 5]
    assert (steps < 1000).all()
    np.testing.assert_allclose(share, 1 - steps / 1000, rtol=1e-5)
    never = readings()[:, -1]
    assert np.isinf(never[:, 4]).all()
    assert (never[:, 5] == 0).all()


def test_early_concentration_stays_as_it_was_after_400_stretches():
    early = readings(size=(2, 500, 2))[:, :, 3]
    assert early.shape == (2, 20)
    assert (early[:, 15:] == early[:, 15:16]).all()  # checkpoints at 25, 50, ... 400
    assert (early[:, 14] != early[:, 15]).all()


def test_what_is_paid_for_differs_and_is_a_value_of_one_program(caplog):
    outer = {"loop": "pbt", "swap": False}
    clicks = readings(outer={**outer, "selects": "clicks"})
    with jax.log_compiles(), caplog.at_level("WARNING"):
        lot = readings(outer={**outer, "selects": "nothing"})
        twin = readings(outer={"loop": "pbt", "swap": True, "selects": "drift"})
    assert not [r for r in caplog.records if "serve_users" in r.getMessage()]
    assert (clicks[:, -1] != lot[:, -1]).any()
    assert (lot[:, -1] != twin[:, -1]).any()
    np.testing.assert_array_equal(clicks, readings(outer=outer))


def test_a_loop_cannot_pay_for_what_is_not_read():
    with pytest.raises(ValueError, match="selects 'fame'; choose one of drift, concen"):
        readings(outer={"loop": "pbt", "selects": "fame"})


@pytest.mark.parametrize("size", SIZES)
def test_every_arm_of_recommenders_has_a_twin_that_differs_in_the_swap_alone(size):
    found = hidden_incentives(**SIZES[size]).arms.items()
    arms = {name: arm for name, arm in found if isinstance(arm, ComputedArm)}
    users = [name for name, arm in arms.items() if arm.group == "recommender"]
    kinds = {name.removesuffix(", swapped").removeprefix("recommender, ") for name in users}
    assert sorted(users) == sorted(
        name for kind in kinds for name in recommender_pair(kind)
    )
    for kind in kinds:
        plain, swapped = (arms[each].procedure.options for each in recommender_pair(kind))
        assert {**plain, "outer": {**plain["outer"], "swap": True}} == swapped


def test_without_groups_of_users_there_is_no_recommender():
    experiment = hidden_incentives(user_groups=0)
    assert {arm.group for arm in experiment.arms.values()} & {"recommender"} == set()
    assert len(experiment.claims) == 8
