"""Agents that repeat themselves."""

import jax
import numpy as np
from jax import numpy as jnp

from goalscope.agents.periodic import Periodic
from goalscope.rollout import rollout
from goalscope.testing import check_agent

AGENT = Periodic(np.array([0, 3, 1, 2, 2]), 3, 4)


def test_actions_come_again_after_a_period(world):
    picture = "#####\n#...#\n#.@.#\n#..*#\n#####"
    episode = rollout(jax.random.key(0), AGENT, world, world.parse_level(picture))
    np.testing.assert_array_equal(episode.actions, np.tile([0, 3, 1], 6)[:16])


def test_the_agent_keeps_the_contract(world):
    check_agent(AGENT, world, key=jax.random.key(0))


def test_periods_may_differ_in_a_stack():
    def second(period):
        agent = Periodic(jnp.array([0, 3, 1]), period, 4)
        memory = agent((), jnp.zeros(1, jnp.int32), agent.initial_memory()).memory
        return jnp.argmax(agent((), jnp.zeros(1, jnp.int32), memory).logits)

    assert jax.vmap(second)(jnp.array([1, 2])).tolist() == [0, 3]
