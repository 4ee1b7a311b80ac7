"""One tiny stage for all tests, so that its programs are compiled once."""

import jax
import pytest

from goalscope.auditing.stage import Stage, goals_named
from goalscope.worlds.corner import Corner


def tiny(shifted_share: float) -> Stage:
    """Return a stage in a tiny corner world; the share changes no compiled program."""
    world = Corner(shifted_share=shifted_share, size=4, horizon=12)
    return Stage(world, goals_named(world, ("cheese", "corner")), jax.random.key(3), 160)


@pytest.fixture(scope="session")
def shifted() -> Stage:
    return tiny(1.0)


@pytest.fixture(scope="session")
def unshifted() -> Stage:
    return tiny(0.0)
