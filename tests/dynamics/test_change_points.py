"""Change points against all partitions, one by one, and against planted ones."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.dynamics.change_points import (
    change_p_value,
    one_change,
    partition,
    penalty_for,
)

LENGTH = 9
CURVES = st.lists(st.integers(-6, 6), min_size=LENGTH, max_size=LENGTH)
PARTITION = jax.jit(lambda curve, penalty: partition(curve, penalty=penalty))
ONE_CHANGE = jax.jit(one_change)


def cost(curve, begins, penalty):
    edges = [0, *begins, len(curve)]
    pieces = [curve[a:b] for a, b in itertools.pairwise(edges)]
    return sum(np.sum((p - p.mean()) ** 2) for p in pieces) + penalty * len(begins)


@given(CURVES, st.sampled_from([0.5, 3.0, 20.0]))
def test_no_partition_is_better(values, penalty):
    curve = np.array(values, np.float32)
    found = np.flatnonzero(np.asarray(PARTITION(jnp.asarray(curve), penalty)))
    inner = range(1, LENGTH)
    every = itertools.chain.from_iterable(
        itertools.combinations(inner, number) for number in range(LENGTH)
    )
    best = min(cost(curve, begins, penalty) for begins in every)
    assert cost(curve, list(found), penalty) == pytest.approx(best, abs=1e-3)


@given(CURVES)
def test_no_single_change_explains_more(values):
    curve = np.array(values, np.float32)
    index, gain = ONE_CHANGE(jnp.asarray(curve))
    total = np.sum((curve - curve.mean()) ** 2)
    best = min(cost(curve, [begin], 0.0) for begin in range(1, LENGTH))
    explained = 1 - best / total if total > 0 else 0.0
    assert gain == pytest.approx(explained, abs=1e-4)
    assert cost(curve, [int(index)], 0.0) == pytest.approx(best, abs=1e-3)


def planted(seed, jumps, noise=1.0):
    rng = np.random.default_rng(seed)
    levels = np.cumsum([0.0, *([4.0] * len(jumps))])
    where = np.searchsorted(jumps, np.arange(60), side="right")
    return jnp.asarray(levels[where] + noise * rng.standard_normal(60), jnp.float32)


@pytest.mark.parametrize("jumps", [(), (30,), (15, 40)])
def test_planted_changes_are_found_where_they_are(jumps):
    find = jax.jit(lambda curve: partition(curve, penalty=2 * penalty_for(curve)))
    exact = 0
    for seed in range(20):
        found = np.flatnonzero(np.asarray(find(planted(seed, jumps))))
        exact += len(found) == len(jumps) and np.all(np.abs(found - jumps) <= 2)
    assert exact >= 17


def test_noise_alone_is_called_a_change_no_more_often_than_it_should_be():
    curves = jnp.stack([planted(seed, ()) for seed in range(100)])
    test = jax.jit(
        jax.vmap(lambda key, curve: change_p_value(key, curve, num_permutations=39))
    )
    p_values = test(jax.random.split(jax.random.key(0), 100), curves)
    assert jnp.mean(p_values <= 0.05) <= 0.12
    changed = jnp.stack([planted(seed, (30,)) for seed in range(100)])
    assert jnp.max(test(jax.random.split(jax.random.key(1), 100), changed)) <= 0.05


def test_a_constant_curve_has_no_change():
    constant = jnp.full(LENGTH, 0.7)
    assert ONE_CHANGE(constant)[1] == 0
    assert change_p_value(jax.random.key(0), constant, num_permutations=9) == 1
    assert not jnp.any(PARTITION(constant, 0.1))


def test_one_point_is_no_curve():
    for ask in (one_change, penalty_for):
        with pytest.raises(ValueError, match="at least 2 points"):
            ask(jnp.zeros(1))
