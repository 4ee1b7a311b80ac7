"""Arrays travel in messages bit by bit, and nothing else passes for one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from goalscope.auditing.arrays import ALLOWED, pack, unpack

KINDS = st.sampled_from([np.dtype(name) for name in ALLOWED])
shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(KINDS.flatmap(lambda kind: arrays.arrays(kind, shapes)))
def test_an_array_arrives_as_it_was_sent(array: np.ndarray):
    back = unpack(json.loads(json.dumps(pack(array))))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


GOOD = pack(np.zeros((2, 3)))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {**GOOD, "data": "not base64!"},
        {**GOOD, "data": GOOD["data"][:-4]},
        {**GOOD, "data": 7},
        {**GOOD, "shape": [2, 4]},
        {**GOOD, "shape": [-2, -3]},
        {**GOOD, "shape": ["2", 3]},
        {**GOOD, "shape": 6},
        {**GOOD, "shape": [1 << 62, 1 << 62]},
        {**GOOD, "dtype": "object"},
        {**GOOD, "dtype": ["float64"]},
        {**GOOD, "dtype": "float32"},
    ],
)
def test_what_is_no_array_is_refused(message: dict):
    with pytest.raises(ValueError, match=r"array"):
        unpack(message)


def test_only_numbers_are_packed():
    with pytest.raises(TypeError, match="object"):
        pack(np.array([None]))
