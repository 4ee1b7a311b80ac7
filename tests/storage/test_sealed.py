"""JSON on disk: one encoding, and no other is believed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored import plan_of, refusal, study_of, whole

from goalscope.storage.sealed import MAX_DEPTH, canonical_bytes, parse_json, seal
from goalscope.storage.store import create_or_open, open_folder
from goalscope.storage.study import cell_key

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner),
    max_leaves=8,
)


@given(PLAIN)
def test_canonical_bytes_come_back(value: object):
    data = canonical_bytes(value)
    assert canonical_bytes(parse_json(data)) == data
    assert json.loads(data) == msgspec.json.decode(data)


def test_half_characters_are_named():
    with pytest.raises(ValueError, match=r"\$\.a\[0\] holds half a character"):
        canonical_bytes({"a": ["\ud800"]})
    with pytest.raises(ValueError, match="half a character"):
        parse_json(b'"\\ud800"')


@given(st.permutations(["seed", "arm", "width", "agents"]))
def test_a_key_does_not_depend_on_the_order_of_its_description(order: list[str]):
    values = {"seed": 0, "arm": "ä", "width": 8, "agents": (0, 1)}
    assert cell_key({name: values[name] for name in order}) == cell_key(values)
    assert cell_key(values | {"width": 16}) != cell_key(values)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [float("nan")]}, r"\$\.a\[0\] is nan"),
        ({"a": float("inf")}, r"\$\.a is inf"),
        ({"a": 1 << 63}, "does not fit into 64 bits"),
        ({1: 2}, r"\$ holds a int"),
        ({"a": np.float32(1)}, r"\$\.a holds a float32"),
        ({"a": b"x"}, r"\$\.a holds a bytes"),
    ],
)
def test_what_is_not_json_is_named_with_its_place(value: dict[Any, Any], message: str):
    with pytest.raises((ValueError, TypeError), match=message):
        canonical_bytes(value)


DAMAGED_JSON = {
    "empty": b"",
    "nothing of ours": b'{"name": "another program"}\n',
    "list": b"[]",
    "torn": b'{"format_version":1,"record":{',
    "duplicate keys": b'{"format_version":1,"format_version":1}',
    "NaN": b'{"format_version":NaN}',
    "overflow": b'{"format_version":1e999}',
    "huge integer": b'{"format_version":' + b"9" * 5000 + b"}",
    "deep": b"[" * 200_000,
    "nested more than allowed": b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
    "not UTF-8": b'{"format_version":"\xff"}',
    "half a character": b'{"format_version":"\\ud800"}',
    "wrong record": b'{"format_version":1,"record":5,"sha256":"x"}\n',
}


@pytest.mark.parametrize("data", DAMAGED_JSON.values(), ids=DAMAGED_JSON.keys())
@pytest.mark.parametrize("name", ["study.json", "summary.json", "cell.json"])
def test_foreign_json_is_refused_with_its_path(name: str, data: bytes, tmp_path: Path):
    folder = whole(tmp_path, num_cells=1)
    file = next(tmp_path.rglob(name))
    file.write_bytes(data)
    if name == "study.json":
        assert str(file) in refusal(3, open_folder, tmp_path)
        assert str(file) in refusal(3, create_or_open, tmp_path, study_of(1))
    elif name == "summary.json":
        assert str(file) in refusal(3, folder.summary)
    else:
        assert str(file) in refusal(3, folder.read, plan_of(0).key)
        assert folder.finished_cells() == ()


def test_unknown_fields_and_wrong_types_are_refused(tmp_path: Path):
    folder = whole(tmp_path, num_cells=1)

    class Other(msgspec.Struct):
        content: int
        cells: dict[str, str]

    (tmp_path / "summary.json").write_bytes(seal(Other(5, {})))
    assert "content" in refusal(3, folder.summary)


def test_another_format_is_refused_by_number(tmp_path: Path):
    whole(tmp_path, num_cells=1)
    file = tmp_path / "study.json"
    file.write_bytes(
        file.read_bytes().replace(b'"format_version":1', b'"format_version":7')
    )
    message = refusal(3, open_folder, tmp_path)
    assert "format version 7" in message
    assert "reads version 1" in message
