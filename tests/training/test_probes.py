"""Every trainer learns the probes that it can learn, and only those."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from tests.training.probe_worlds import PROBES, stacked

from goalscope import population
from goalscope.agents.mlp import MLP
from goalscope.agents.recurrent import GRU
from goalscope.goals import collect
from goalscope.rollout import rollout
from goalscope.training.base import Learner, advance
from goalscope.training.exact import ExactPolicyGradient
from goalscope.training.ppo import PPO
from goalscope.training.reinforce import Reinforce

DISCOUNT = 0.9
EXACT = ExactPolicyGradient(learning_rate=1e-2, num_levels=8, num_steps=4)
REINFORCE = Reinforce(learning_rate=1e-2, entropy=1e-3, num_environments=32, num_steps=8)
PPO_TRAINER = PPO(
    learning_rate=1e-2,
    entropy=1e-3,
    num_environments=32,
    num_steps=8,
    num_epochs=2,
    num_minibatches=2,
)


def perceptron(rng, world):
    return MLP.init(rng, world, widths=(8,))


def recurrent(rng, world):
    return GRU.init(rng, world, width=8, memory_size=8)


TRAINED = {
    "exact": (EXACT, perceptron, 150),
    "reinforce": (REINFORCE, perceptron, 300),
    "ppo": (PPO_TRAINER, perceptron, 100),
    "recurrent": (PPO_TRAINER, recurrent, 100),
}
CASES = [(name, DISCOUNT) for name in PROBES] + [("patience", 0.0)]


class Outcome(NamedTuple):
    """Return of an episode, and value and diverged mark."""

    earned: jax.Array
    values: jax.Array
    diverged_at: jax.Array


@eqx.filter_jit
def train_all(keys, agents, trainer, discounts, worlds, num_updates):
    """Return what became of one agent in each world, under its own discount."""
    arrays, static = eqx.partition(agents, eqx.is_array)
    goal = collect(PROBES["value"], "pay")

    def one(key, arrays, discount, world):
        agent = eqx.combine(arrays, static)
        rule = eqx.tree_at(lambda tree: tree.discount, trainer, discount)
        learner = Learner(agent, rule.init(agent), jnp.int32(-1))
        learner, _ = advance(key, learner, rule, world, goal, (jnp.int32(0), num_updates))
        return measure(key, learner, world, goal)

    return jax.vmap(one)(keys, arrays, discounts, worlds)


def measure(key, learner, world, goal):
    """Return what the trained agent earns, and its first value for each coin."""

    def play(key):
        k_level, k_episode = jax.random.split(key)
        level = world.sample_level(k_level)
        return goal.returns(rollout(k_episode, learner.agent, world, level).features)

    def first_value(coin):
        level = world.sample_level(key)._replace(coin=coin)
        return rollout(key, learner.agent, world, level).values[0]

    earned = jnp.mean(jax.vmap(play)(jax.random.split(key, 128)))
    return Outcome(earned, jax.vmap(first_value)(jnp.arange(2)), learner.diverged_at)


@pytest.fixture(scope="module", params=TRAINED)
def outcome(request):
    """Return the trainer's name, and what became of its agents, by case."""
    trainer, make, num_updates = TRAINED[request.param]
    names, discounts = zip(*CASES, strict=True)
    numbers = np.arange(len(CASES))
    agents = population.build(0, numbers, make, PROBES["value"])
    result = train_all(
        population.agent_keys(1, numbers),
        agents,
        trainer,
        jnp.array(discounts),
        stacked(names),
        jnp.int32(num_updates),
    )
    rows = [jax.tree.map(lambda leaf, row=row: leaf[row], result) for row in numbers]
    return request.param, dict(zip(CASES, rows, strict=True))


def earned(outcome, name, discount=DISCOUNT):
    return float(outcome[1][name, discount].earned)


def test_a_trainer_finds_the_right_action(outcome):
    assert earned(outcome, "choice") > 0.95


def test_a_trainer_uses_what_it_is_told(outcome):
    assert earned(outcome, "match") > 0.95
    assert 0.3 < earned(outcome, "guess") < 0.7


def test_a_trainer_waits_for_more_where_the_discount_says_so(outcome):
    assert earned(outcome, "patience") > 0.95
    assert earned(outcome, "patience", 0.0) == pytest.approx(0.3, abs=0.05)


def test_only_an_agent_with_memory_remembers(outcome):
    if outcome[0] == "recurrent":
        assert earned(outcome, "memory") > 0.95
    else:
        assert 0.3 < earned(outcome, "memory") < 0.7


def test_a_trained_value_is_the_discounted_return(outcome):
    if outcome[0] == "exact":
        pytest.skip("the exact gradient trains no value")
    expected = {
        "value": (1, 1),
        "delay": (DISCOUNT, DISCOUNT),
        "level": (-1, 1),
        "token": (-1, 1),
    }
    for name, values in expected.items():
        found = outcome[1][name, DISCOUNT].values
        np.testing.assert_allclose(found, values, atol=0.1, err_msg=name)


def test_nothing_diverges(outcome):
    assert all(int(row.diverged_at) == -1 for row in outcome[1].values())
