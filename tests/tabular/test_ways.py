"""Ways through tables, against searching breadth first."""

from collections import deque

import jax
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.tabular.ways import reachable, steps_until

NUM_STATES, NUM_ACTIONS = 7, 2
SHAPE = (NUM_STATES, NUM_ACTIONS)
seeds = st.integers(0, 2**32 - 1)


def search(successors, going, begin):
    """Return the number of steps to every state on ways that are `going`."""
    found, queue = {begin: 0}, deque([begin])
    while queue:
        state = queue.popleft()
        for action in range(NUM_ACTIONS):
            after = int(successors[state, action])
            if going[state, action] and after not in found:
                found[after] = found[state] + 1
                queue.append(after)
    return found


@given(seeds)
def test_what_can_be_reached_is_what_a_search_finds(seed):
    rng = np.random.default_rng(seed)
    successors = rng.integers(NUM_STATES, size=SHAPE)
    start = rng.integers(NUM_STATES)
    found = reachable(jnp.asarray(successors), jnp.eye(NUM_STATES)[start])
    expected = search(successors, np.ones(SHAPE, bool), start)
    assert set(np.flatnonzero(found)) == set(expected)


@given(seeds)
def test_steps_are_those_of_the_shortest_way(seed):
    rng = np.random.default_rng(seed)
    successors = rng.integers(NUM_STATES, size=SHAPE)
    happens = rng.random((*SHAPE, 2)) < 0.1
    going = ~happens & (rng.random((*SHAPE, 2)) < 0.8)
    steps = jax.jit(steps_until, static_argnames="num_steps")(
        *(jnp.asarray(x) for x in (happens, going, successors)), num_steps=3
    )
    for which in range(2):
        at = {s for s in range(NUM_STATES) if happens[s, :, which].any()}
        for state in range(NUM_STATES):
            ways = search(successors, going[..., which], state)
            least = min((ways[s] + 1 for s in at & set(ways)), default=4)
            assert steps[state, which] == min(least, 4)
