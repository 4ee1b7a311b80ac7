"""Finite-horizon soft values and inverse reinforcement learning on two known processes.

The 5-state process is that of the test-suite of `imitation` (Gleave et al. 2022), the cliff
that of `seals`; expected numbers were computed with independent code, and the last two with
`imitation`'s own maximum causal entropy solver as a comparison.
"""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.tabular.causal_entropy import (
    feature_expectation,
    infer_weights,
    soft_policies_within,
    soft_values_within,
    visits_within,
)
from goalscope.tabular.process import StochasticProcess

HORIZON = 20


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def five_states() -> tuple[StochasticProcess, jnp.ndarray]:
    transitions = np.zeros((5, 3, 5))
    transitions[0] = [[0, 0.9, 0.1, 0, 0], [0, 0, 0, 1, 0], [0, 0.1, 0.9, 0, 0]]
    transitions[1] = [[0, 0, 0, 0.05, 0.95], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    transitions[2] = transitions[1]
    transitions[3, :, 4] = transitions[4, :, 0] = 1
    start = jnp.array([0.5, 0, 0, 0, 0.5])
    rewards = np.repeat(np.array([1.0, 2, 2, -20, 3])[:, None], 3, axis=1)
    return StochasticProcess(start, jnp.asarray(transitions)), jnp.asarray(rewards)


@pytest.mark.parametrize(
    ("discount", "values"),
    [
        (1.0, [53.2983, 54.836443, 54.836443, 33.649463, 54.744662]),
        (0.9, [22.943354, 24.039469, 24.039469, 2.818985, 24.430549]),
    ],
)
def test_five_states_have_these_soft_values(discount, values):
    process, rewards = five_states()
    found = soft_values_within(process, rewards, discount, num_steps=HORIZON)
    np.testing.assert_allclose(found[0], values, rtol=1e-6)


def test_five_states_are_visited_this_often():
    process, rewards = five_states()
    policies = soft_policies_within(process, rewards, 1.0, num_steps=HORIZON)
    np.testing.assert_allclose(policies[0, 1], [0.248431, 0, 0.751569], atol=1e-6)
    visits = visits_within(process, policies)
    expected = [6.998829, 3.397594, 3.397594, 0.405233, 6.800749]
    np.testing.assert_allclose(jnp.sum(visits, axis=0), expected, atol=1e-6)


def cliff() -> tuple[StochasticProcess, jnp.ndarray]:
    transitions = np.zeros((28, 4, 28))
    for s, up, right in np.ndindex(28, 2, 2):
        row, column = divmod(s, 7)
        action = 2 * (1 - up) + right
        for wind, chance in ((0, 0.7), (1, 0.3)):
            r = np.clip(row - up + (1 - up) - wind, 0, 3)
            c = np.clip(column + 2 * right - 1, 0, 6)
            transitions[s, action, 7 * r + c] += chance
    rewards = np.full((28, 4), -1.0)
    rewards[1:6], rewards[6] = -10, 10
    start = jnp.asarray(np.eye(28)[0])
    return StochasticProcess(start, jnp.asarray(transitions)), jnp.asarray(rewards)


@pytest.mark.science
def test_the_cliff_is_recovered_from_its_exact_visits():
    process, rewards = cliff()
    values = soft_values_within(process, rewards, 1.0, num_steps=9)
    np.testing.assert_allclose(values[0, 0], 17.646811025, rtol=1e-9)
    policies = soft_policies_within(process, rewards, 1.0, num_steps=9)
    own = visits_within(process, policies)[:-1]
    earned = jnp.sum(own @ rewards[:, 0])
    np.testing.assert_allclose(earned, 15.928845062, rtol=1e-9)
    features = jnp.asarray(np.repeat(np.eye(28)[:, None], 4, axis=1))
    wanted = feature_expectation(process, policies, features, 1.0)
    found = infer_weights(process, features, wanted, 1.0, num_steps=9, ridge=1e-9)
    learnt = jnp.repeat(found.weights[:, None], 4, axis=1)
    again = soft_policies_within(process, learnt, 1.0, num_steps=9)
    visits = visits_within(process, again)[:-1]
    np.testing.assert_allclose(jnp.sum(visits, 0), jnp.sum(own, 0), atol=1e-5)
    np.testing.assert_allclose(jnp.sum(visits @ rewards[:, 0]), earned, atol=1e-4)
