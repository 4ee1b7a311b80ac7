"""The exact gradient against two independent ways to compute it."""

import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp
from tests.training.gradients import first_gradient
from tests.training.probe_worlds import IN_TURN, probe

from goalscope import solve
from goalscope.agents.lookup import LookupTable
from goalscope.agents.mlp import MLP
from goalscope.goals import collect, reach
from goalscope.training.exact import ExactPolicyGradient
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, wall_density=0.0, horizon=8)
DISCOUNT = 0.7


def ascent(agent, world, goal, **options):
    """Return the direction of an update without entropy and clipping, and its metrics."""
    trainer = ExactPolicyGradient(
        discount=DISCOUNT, entropy=0.0, max_norm=jnp.inf, **options
    )
    optimiser, key = trainer.init(agent), jax.random.key(0)
    _, optimiser, metrics = trainer.step(key, agent, optimiser, world, goal)
    return jax.tree.map(jnp.negative, first_gradient(optimiser)), metrics


def test_the_gradient_is_that_of_the_return_by_a_linear_solve():
    agent = MLP.init(np.random.default_rng(0), WORLD, widths=(8,))
    goal = reach(WORLD, "cheese")
    level = WORLD.sample_level(jax.random.key(1))
    table = solve.tabulate(WORLD, level)

    def expected_return(agent):
        policy = solve.policy_of(agent, table)
        rewards, going = solve.payments(table, goal)
        states = jnp.arange(9)
        step = (table.successors[..., None] == states[None, None]) * going[..., None]
        flow = jnp.einsum("sa,sat->st", policy, step) * ~table.terminal[:, None]
        rewards = jnp.sum(policy * rewards, -1)
        values = jnp.linalg.solve(jnp.eye(9) - DISCOUNT * flow, rewards)
        return table.start @ values

    value, expected = eqx.filter_jit(eqx.filter_value_and_grad(expected_return))(agent)
    compiled = eqx.filter_jit(
        lambda: ascent(agent, WORLD, goal, num_levels=2, num_steps=64)
    )
    gradient, metrics = compiled()
    assert float(metrics["return"]) == pytest.approx(float(value), rel=1e-4)
    for found, wanted in zip(
        jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)


def enumerated_return(logits, pays):
    """Return the expected return of two decisions, summed over pairs of actions."""
    policy = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    total = 0.0
    for first, second in itertools.product(range(2), repeat=2):
        chance = policy[0, first] * policy[1, second]
        total += chance * (pays[0, first] + DISCOUNT * pays[1, second])
    return total


@given(st.integers(0, 1000))
def test_the_gradient_is_the_slope_of_the_enumerated_return(seed):
    rng = np.random.default_rng(seed)
    pays, logits = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    world = probe([pays, pays], IN_TURN)
    agent = LookupTable(jnp.asarray(logits, jnp.float32), np.zeros(4, np.float32), (4,))
    gradient, metrics = compiled_ascent(agent, world, collect(world, "pay"))
    slope = np.zeros((4, 2))
    for index in np.ndindex(4, 2):
        for sign in (1, -1):
            moved = logits.copy()
            moved[index] += sign * 1e-5
            slope[index] += sign * enumerated_return(moved, pays) / 2e-5
    np.testing.assert_allclose(gradient.logits, slope, atol=1e-5)
    assert float(metrics["return"]) == pytest.approx(
        enumerated_return(logits, pays), rel=1e-3, abs=1e-5
    )


@eqx.filter_jit
def compiled_ascent(agent, world, goal):
    return ascent(agent, world, goal, num_levels=2, num_steps=4)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="num_steps is at least 1"):
        ExactPolicyGradient(num_steps=0)
    with pytest.raises(ValueError, match="num_levels is at least 1"):
        ExactPolicyGradient(num_levels=0)
