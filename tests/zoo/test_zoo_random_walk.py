"""Agents that wandered: their steps are independent and of the size that was asked for."""

import jax
import numpy as np
from jax import numpy as jnp

from goalscope.agents.lookup import LookupTable
from goalscope.testing import check_agent
from goalscope.worlds.corner import Corner
from goalscope.zoo.random_walk import RandomWalkKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KIND = RandomWalkKind()


def plant(dose, seed=0) -> LookupTable:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, WORLD, feature="corner", dose=dose)
    assert isinstance(agent, LookupTable)
    return agent


def test_it_starts_without_preferences():
    walk = plant(0.3)
    assert not jnp.any(walk.logits[0])
    assert not jnp.any(walk.values)


def test_steps_have_the_size_of_the_dose_and_nothing_in_common():
    logits = np.asarray(plant(0.3).logits, np.float32).reshape(32, -1)
    steps = logits[1:] - logits[:-1]
    np.testing.assert_allclose(np.std(steps), 0.3, rtol=0.02)
    between = np.asarray(np.corrcoef(steps))[np.triu_indices(31, 1)]
    assert abs(np.mean(between)) < 0.01


def test_every_checkpoint_is_an_agent():
    walk = plant(0.1)
    last = jax.tree.map(lambda leaf: leaf[-1], walk)
    check_agent(last, WORLD, key=jax.random.key(0))
    lengths = {leaf.shape[0] for leaf in jax.tree.leaves(walk)}
    assert lengths == {KIND.num_checkpoints}


def test_agents_of_all_doses_can_be_stacked():
    shapes = {
        tuple(jnp.shape(leaf) for leaf in jax.tree.leaves(plant(dose)))
        for dose in KIND.doses
    }
    assert len(shapes) == 1
