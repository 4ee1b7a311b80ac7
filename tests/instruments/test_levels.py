import equinox as eqx
import jax
import pytest
from jax import numpy as jnp

from goalscope.goals import reach
from goalscope.instruments.levels import check_candidates, draw_levels, solvable
from goalscope.worlds.base import AbstractWorld


def test_two_keys_draw_different_levels(world, sheet):
    draw = eqx.filter_jit(lambda key: draw_levels(key, world, num_levels=12))
    assert not jnp.array_equal(draw(jax.random.key(6)).levels.walls, sheet.levels.walls)


def test_a_world_without_numbered_states_is_refused(world):
    def nothing(self):
        return None

    missing = dict.fromkeys(AbstractWorld.__abstractmethods__, nothing)
    unsolved = type("Unsolved", (AbstractWorld,), {**missing, "horizon": 3})
    with pytest.raises(TypeError, match="inherit from AbstractSolvableWorld"):
        solvable(eqx.filter_eval_shape(unsolved))
    assert solvable(world) is world


def test_candidates_need_names_of_their_own(world):
    cheese = reach(world, "cheese")
    check_candidates((cheese,))
    with pytest.raises(ValueError, match="at least one"):
        check_candidates(())
    with pytest.raises(ValueError, match="must differ"):
        check_candidates((cheese, cheese))
    with pytest.raises(ValueError, match="cheese is a reading"):
        check_candidates((cheese,), ("cheese",))
