import equinox as eqx
import jax
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.goals import stack
from goalscope.instruments.decisions import decide, first_visits

NUM_STEPS = 20


@given(st.lists(st.integers(0, 5), min_size=12, max_size=12))
def test_a_first_visit_is_one_that_no_earlier_step_made(states):
    expected = [state not in states[:step] for step, state in enumerate(states)]
    assert first_visits(jnp.array(states)).tolist() == expected


@eqx.filter_jit
def _decisions(agent, world, sheet, goals):
    def one(key, level):
        return decide(key, agent, world, level, stack(goals), num_steps=NUM_STEPS)

    return jax.vmap(one)(jax.random.split(jax.random.key(1), 12), sheet.levels)


def test_what_is_done_against_a_wall_counts_once(world, sheet, goals, agent):
    decisions = _decisions(agent("always up"), world, sheet, goals)
    for states, counted in zip(decisions.states, decisions.counted, strict=True):
        steps = len(np.unique(states[np.asarray(counted)]))
        assert counted.sum() == steps <= world.size
    assert jnp.all(decisions.actions == 0)


def test_nothing_counts_after_a_candidate_has_paid(world, sheet, goals, agent):
    decisions = _decisions(agent("cheese", 8.0), world, sheet, goals)
    ended = 0
    for level in range(12):
        table = jax.tree.map(lambda leaf, level=level: leaf[level], sheet.tables)
        seen, over = set(), False
        steps = zip(
            decisions.states[level], decisions.actions[level], decisions.counted[level],
            strict=True,
        )  # fmt: skip
        for state, action, counted in steps:
            assert bool(counted) == (int(state) not in seen and not over)
            seen.add(int(state))
            over |= bool(jnp.any(table.features[state, action, :2] != 0))
        ended += over
    assert ended >= 8
