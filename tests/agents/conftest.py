"""One small world and a few of its levels, shared so that programs compile once."""

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope import solve
from goalscope.worlds.corner import Corner


@pytest.fixture(scope="session")
def world():
    return Corner(shifted_share=1.0, size=3, horizon=16)


@pytest.fixture(scope="session")
def tables(world):
    """Four levels, written out, with a leading axis."""
    keys = jax.random.split(jax.random.key(3), 4)
    make = eqx.filter_jit(jax.vmap(lambda k: solve.tabulate(world, world.sample_level(k))))
    return make(keys)


@pytest.fixture(scope="session")
def table(tables):
    return jax.tree.map(lambda leaf: leaf[0], tables)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
