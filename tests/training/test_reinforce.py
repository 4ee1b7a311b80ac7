import equinox as eqx
import jax
import numpy as np
import pytest
from tests.training.gradients import first_gradient

from goalscope import solve
from goalscope.agents.mlp import MLP
from goalscope.goals import collect, reach
from goalscope.training.reinforce import Reinforce
from goalscope.worlds.corner import Corner

WORLD = Corner(size=2, wall_density=0.0, horizon=8)
DISCOUNT = 0.8
NUM_UPDATES = 64


def exact_gradient(agent, goal):
    """Return the slope of the discounted return of eight steps, over all starts."""
    table = solve.tabulate(WORLD, WORLD.sample_level(jax.random.key(0)))

    def expected_return(agent):
        policy = solve.policy_of(agent, table)
        values = solve.evaluate(table, policy, goal, DISCOUNT, num_steps=8)
        return -table.start @ values

    return eqx.filter_jit(eqx.filter_grad(expected_return))(agent)


@eqx.filter_jit
def sampled_gradients(agent, goal, trainer):
    """Return the gradients of independent updates of the same agent."""

    def one(key):
        optimiser = trainer.init(agent)
        return first_gradient(trainer.step(key, agent, optimiser, WORLD, goal)[1])

    return jax.lax.map(one, jax.random.split(jax.random.key(1), NUM_UPDATES))


@pytest.mark.parametrize("make_goal", [reach, collect])
@pytest.mark.parametrize("baseline", [True, False])
def test_the_mean_gradient_is_the_exact_gradient(baseline, make_goal):
    agent = MLP.init(np.random.default_rng(0), WORLD, widths=(4,))
    agent = eqx.tree_at(lambda a: a.policy.weight, agent, replace_fn=lambda w: 100 * w)
    goal = make_goal(WORLD, "far_corner")
    trainer = Reinforce(
        discount=DISCOUNT,
        entropy=0.0,
        value_weight=0.0,
        max_norm=np.inf,
        num_environments=128,
        num_steps=8,
        baseline=baseline,
    )
    samples = jax.tree.leaves(sampled_gradients(agent, goal, trainer))
    expected = jax.tree.leaves(exact_gradient(agent, goal))
    scores = []
    for found, wanted in zip(samples, expected, strict=True):
        error = np.std(found, axis=0) / np.sqrt(NUM_UPDATES)
        gap = np.mean(found, axis=0) - wanted
        assert np.all(np.abs(gap)[error < 1e-9] < 1e-6)
        scores.append((gap / np.maximum(error, 1e-9))[error >= 1e-9])
    scores = np.concatenate(scores)
    assert len(scores) > 30
    assert np.max(np.abs(scores)) < 5
    assert np.mean(scores**2) < 2


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="num_steps=0: must be at least 1"):
        Reinforce(num_steps=0)
