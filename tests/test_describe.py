"""A record as plain JSON."""

import json

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.describe import describe
from goalscope.goals import reach
from goalscope.worlds.corner import Corner


@given(st.floats(0, 1, width=32), st.integers(2, 5))
def test_the_description_of_a_world_tells_values_apart(share, size):
    world = Corner(shifted_share=share, size=size)
    again = Corner(shifted_share=np.float32(share), size=size)
    other = Corner(shifted_share=share, size=size + 1)
    assert describe(world) == describe(again)
    assert describe(world) != describe(other)
    assert json.loads(json.dumps(describe(world))) == describe(world)


def test_arrays_keep_shape_and_values():
    assert describe(np.zeros((1, 2), np.float32)) == {"shape": [1, 2], "values": [0.0, 0.0]}
    goal = describe(reach(Corner(), "corner"))
    assert goal["weights"]["values"] == [0.0, 1.0, 0.0, 0.0]
    assert goal["once"] is True


def test_what_has_no_faithful_form_is_refused():
    with pytest.raises(TypeError, match="cannot be described"):
        describe(lambda: None)
    with pytest.raises(TypeError, match="cannot be described"):
        describe(jax.random.key(0))
