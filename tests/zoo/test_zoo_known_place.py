"""Networks that a place drives, or not: by what they do when a thing is moved."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.written import WrittenNetwork
from goalscope.goals import reach
from goalscope.instruments.levels import draw_levels
from goalscope.instruments.places import moves_to, place_of
from goalscope.worlds.corner import Corner
from goalscope.worlds.keys import Keys
from goalscope.zoo.known_place import PlaceIgnoredKind, PlaceStoredKind, PlaceUsedKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
CHEESE = reach(WORLD, "cheese")


@pytest.fixture(scope="module")
def heads_there():
    """Return what says how often the likeliest action leads soonest to the cheese."""
    draw = eqx.filter_jit(lambda key: draw_levels(key, WORLD, num_levels=16).tables)
    tables = draw(jax.random.key(0))

    @eqx.filter_jit
    def share(agent):
        def one(table):
            place, _ = place_of(table, CHEESE)
            right = moves_to(table, place, num_steps=16)
            action = jnp.argmax(solve.policy_of(agent, table), axis=-1)
            hits = jnp.take_along_axis(right, action[:, None], axis=-1)[:, 0]
            return table.start @ hits

        return jnp.mean(jax.lax.map(one, tables))

    def of(kind, feature="corner"):
        rng = np.random.default_rng(0)
        return float(share(kind.plant(rng, WORLD, feature=feature, dose=kind.doses[-1])))

    return of


@pytest.mark.parametrize("feature", ["cheese", "corner"])
def test_only_where_it_is_used_does_the_place_drive(heads_there, feature):
    assert heads_there(PlaceUsedKind(), feature) == pytest.approx(1.0)
    assert heads_there(PlaceIgnoredKind(), feature) < 0.75
    assert heads_there(PlaceStoredKind(), feature) < 0.75


def test_who_ignores_a_place_has_no_weight_on_it():
    rng = np.random.default_rng(0)
    kernels = []
    for kind in (PlaceUsedKind(), PlaceIgnoredKind()):
        agent = kind.plant(rng, WORLD, feature="cheese", dose=8.0)
        assert isinstance(agent, WrittenNetwork)
        kernels.append(np.asarray(agent.kernel))
    used, ignored = kernels
    assert np.any(used)
    assert not np.any(ignored[used != 0])


def test_worlds_that_cannot_be_read_are_left_out():
    assert not PlaceUsedKind().supports(Keys(size=4))
    assert not PlaceIgnoredKind().supports(Keys(size=4))
