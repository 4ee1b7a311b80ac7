"""Processes: both kinds agree, and expecting is the transpose of pushing."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.tabular.process import (
    DeterministicProcess,
    StochasticProcess,
    side_by_side,
)

S, A = 5, 3


def drawn(seed: int) -> tuple[DeterministicProcess, StochasticProcess]:
    rng = np.random.default_rng(seed)
    successors = rng.integers(0, S, (S, A))
    going = rng.integers(0, 2, (S, A)).astype(np.float32)
    start = rng.dirichlet(np.ones(S)).astype(np.float32)
    dense = (np.eye(S)[successors] * going[..., None]).astype(np.float32)
    one = DeterministicProcess(
        jnp.asarray(start), jnp.asarray(successors), jnp.asarray(going)
    )
    return one, StochasticProcess(jnp.asarray(start), jnp.asarray(dense))


@given(st.integers(0, 2**31))
@settings(deadline=None, max_examples=15)
def test_a_deterministic_process_is_a_stochastic_one(seed):
    one, other = drawn(seed)
    rng = np.random.default_rng(seed)
    values = jnp.asarray(rng.normal(size=(S, 2)), jnp.float32)
    flow = jnp.asarray(rng.random((S, A, 2)), jnp.float32)
    np.testing.assert_allclose(one.expect(values), other.expect(values), atol=1e-6)
    np.testing.assert_allclose(one.push(flow), other.push(flow), atol=1e-6)
    given = jnp.sum(flow * one.expect(values))
    np.testing.assert_allclose(given, jnp.sum(one.push(flow) * values), rtol=1e-4)


def test_each_of_several_may_end_elsewhere():
    one, _ = drawn(0)
    going = jnp.stack([one.going, 1 - one.going], axis=-1)
    both = DeterministicProcess(one.start, one.successors, going)
    values = jnp.arange(2.0 * S).reshape(S, 2)
    first = one.expect(values[:, 0])
    np.testing.assert_allclose(both.expect(values)[..., 0], first)


def test_side_by_side_levels_do_not_meet():
    parts = [drawn(seed)[0] for seed in (1, 2)]
    leaves = (jnp.stack(leaf) for leaf in zip(*map(jax.tree.leaves, parts), strict=True))
    whole = side_by_side(*leaves)
    flow = jnp.asarray(np.random.default_rng(3).random((2, S, A)), jnp.float32)
    pushed = whole.push(flow.reshape(2 * S, A)).reshape(2, S)
    apart = jnp.stack([part.push(each) for part, each in zip(parts, flow, strict=True)])
    np.testing.assert_allclose(pushed, apart, rtol=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    refused = (ValueError, TypeError)  # by the class, or before it by the types of tests
    with pytest.raises(refused):
        StochasticProcess(jnp.ones(4), jnp.ones((4, 2, 3)))
    with pytest.raises(refused):
        StochasticProcess(jnp.ones(3), jnp.ones((4, 2, 4)))
