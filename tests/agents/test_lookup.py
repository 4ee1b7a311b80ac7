import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents import lookup
from goalscope.agents.lookup import LookupTable, row_of


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_every_combination_of_tokens_has_its_own_row(sizes):
    combinations = np.array(list(itertools.product(*map(range, sizes))))
    rows = row_of(jnp.asarray(combinations), tuple(sizes))
    np.testing.assert_array_equal(rows, np.arange(len(combinations)))


def test_the_table_answers_with_its_rows(table):
    logits = np.arange(36, dtype=np.float32).reshape(9, 4)
    agent = LookupTable(logits, np.arange(9, dtype=np.float32), (9,))
    response = agent(agent.embed(table.view), jnp.array([7]), ())
    np.testing.assert_array_equal(response.logits, logits[7])
    assert float(response.value) == 7


def test_an_untrained_table_is_nearly_uniform_and_ignores_the_level(world, tables, rng):
    agent = LookupTable.init(rng, world)
    same = eqx.tree_at(lambda all: all.tokens, tables, jnp.stack([tables.tokens[0]] * 4))
    policies = np.asarray(jax.vmap(solve.policy_of, (None, 0))(agent, same))
    np.testing.assert_array_equal(policies, np.broadcast_to(policies[0], policies.shape))
    np.testing.assert_allclose(policies, 0.25, atol=0.02)


def test_a_world_with_too_many_combinations_is_refused(world, rng, monkeypatch):
    monkeypatch.setattr(lookup, "MAX_ROWS", 8)
    with pytest.raises(ValueError, match=r"144 combinations.*use MLP"):
        LookupTable.init(rng, world)
