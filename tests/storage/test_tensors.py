"""Arrays on disk: every bit comes back, and nothing else is let in."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError
from safetensors.numpy import load, save

from goalscope.errors import UserError
from goalscope.storage.tensors import (
    DTYPES,
    FileStamp,
    decode_tensors,
    encode_tensors,
    read_tensors,
    stamp,
    write_tensors,
)

NAMES = st.from_regex(r"[A-Za-z0-9._/-]{1,20}", fullmatch=True)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = st.sampled_from(sorted(DTYPES)).flatmap(lambda name: hnp.arrays(name, SHAPES))
SAMPLE = {
    "agents/weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "alive": np.array([True, False]),
    "none": np.zeros((0, 4)),
    "step": np.array(7, np.int64),
}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    def bits(arrays: dict[str, np.ndarray]) -> dict[str, tuple[str, object, bytes]]:
        return {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in arrays.items()}

    return bits(one) == bits(other)


@given(st.dictionaries(NAMES, ARRAYS, max_size=4))
def test_every_bit_comes_back(tensors: dict[str, np.ndarray]):
    data = encode_tensors(tensors, {"cell": "x"})
    assert same(decode_tensors(data), tensors)
    assert same(load(data), tensors)


@given(st.dictionaries(NAMES, ARRAYS, max_size=4))
def test_files_of_the_reference_writer_are_read(tensors: dict[str, np.ndarray]):
    assert same(decode_tensors(save(tensors)), tensors)


@given(st.permutations(sorted(SAMPLE)))
def test_bytes_depend_on_content_alone(order: list[str]):
    metadata = {"a": "1", "b": "2", "c": "3"}
    turned = dict(reversed(metadata.items()))
    shuffled = {name: SAMPLE[name] for name in order}
    assert encode_tensors(shuffled, turned) == encode_tensors(SAMPLE, metadata)


def test_memory_layout_does_not_matter():
    other = SAMPLE | {
        "agents/weights": np.asfortranarray(SAMPLE["agents/weights"]),
        "step": SAMPLE["step"].astype(">i8"),
    }
    assert encode_tensors(other, {}) == encode_tensors(SAMPLE, {})


def test_not_a_number_survives_with_its_payload():
    strange = np.array([0x7FF80000DEADBEEF, 0xFFF0000000000000], np.uint64).view(np.float64)
    back = decode_tensors(encode_tensors({"x": strange}, {}))["x"]
    assert back.tobytes() == strange.tobytes()


def test_a_file_is_written_once(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    expected = write_tensors(path, SAMPLE, {})
    assert expected == stamp(path.read_bytes())
    assert same(read_tensors(path, expected=expected), SAMPLE)
    with pytest.raises(UserError, match="File exists") as error:
        write_tensors(path, {}, {})
    assert error.value.exit_code == 4
    assert same(read_tensors(path), SAMPLE)


@pytest.mark.parametrize(
    "name", ["", "a b", "a\n", "ä", "x" * 121, "a\x00", "__metadata__ "]
)
def test_forbidden_names_are_not_written(name: str):
    with pytest.raises(ValueError, match="is not 1 to 120 of"):
        encode_tensors({name: np.zeros(1)}, {})


@pytest.mark.parametrize(
    "array",
    [np.array([object()]), np.array(["text"]), np.zeros(1, complex), np.zeros(1, "M8[s]")],
)
def test_forbidden_types_are_not_written(array: np.ndarray):
    with pytest.raises(TypeError, match="stored are bool, uint8"):
        encode_tensors({"x": array}, {})


def forged(header: str | bytes, data: bytes = b"", size: int | None = None) -> bytes:
    raw = header.encode() if isinstance(header, str) else header
    return (len(raw) if size is None else size).to_bytes(8, "little") + raw + data


def entry(dtype: str = "F32", shape: str = "[1]", offsets: str = "[0,4]") -> str:
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'


FOUR = bytes(4)
HOSTILE = {
    "empty": b"",
    "short": b"\x01\x00",
    "huge header": forged("{}", size=1 << 60),
    "header longer than the file": forged("{}", size=3),
    "header is a list": forged("[]"),
    "not JSON": forged("{"),
    "not UTF-8": forged(b"\xff\xfe"),
    "duplicate name": forged(f'{{"a":{entry()},"a":{entry()}}}', FOUR),
    "NaN in the header": forged(f'{{"a":{entry(shape="[NaN]")}}}', FOUR),
    "deep nesting": forged('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "name with an escape": forged(f'{{"a\\u001b":{entry()}}}', FOUR),
    "parent folder and space": forged(f'{{"../ x":{entry()}}}', FOUR),
    "half precision": forged(f'{{"a":{entry("F16", "[2]")}}}', FOUR),
    "unknown type": forged(f'{{"a":{entry("PICKLE")}}}', FOUR),
    "entry without type": forged('{"a":{"shape":[1],"data_offsets":[0,4]}}', FOUR),
    "entry is a number": forged('{"a":4}', FOUR),
    "shape larger than data": forged(f'{{"a":{entry(shape="[2]")}}}', FOUR),
    "shape overflows": forged(
        f'{{"a":{entry(shape=json.dumps([1 << 62, 1 << 62]))}}}', FOUR
    ),
    "negative shape": forged(f'{{"a":{entry(shape="[-1]")}}}', FOUR),
    "offsets overlap": forged(f'{{"a":{entry()},"b":{entry()}}}', FOUR),
    "offsets leave a hole": forged(f'{{"a":{entry(offsets="[4,8]")}}}', bytes(8)),
    "offsets backwards": forged(f'{{"a":{entry(offsets="[4,0]")}}}', FOUR),
    "trailing bytes": forged(f'{{"a":{entry()}}}', FOUR + b"x"),
    "truncated data": forged(f'{{"a":{entry()}}}', FOUR[:3]),
    "metadata is a list": forged(f'{{"__metadata__":[1],"a":{entry()}}}', FOUR),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused(data: bytes, tmp_path: Path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"x\.safetensors is no file of arrays") as error:
        read_tensors(path)
    assert error.value.exit_code == 3


def test_the_forger_can_also_write_a_good_file():
    assert decode_tensors(forged(f'{{"a":{entry()}}}', FOUR))["a"].tolist() == [0.0]


@given(st.data())
def test_any_change_of_a_file_is_noticed(data: st.DataObject):
    whole = encode_tensors(SAMPLE, {})
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "extend"]))
    other = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    changed = {
        "flip": whole[:place] + other + whole[place + 1 :],
        "cut": whole[:place],
        "extend": whole + whole[:place] + b"\0",
    }[change]
    assert stamp(changed) != stamp(whole)
    if change != "flip":
        with pytest.raises((ValueError, SafetensorError)):
            decode_tensors(changed)


def test_size_and_checksum_are_compared(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    right = write_tensors(path, SAMPLE, {})
    for wrong in (
        FileStamp(right.sha256, right.size - 1),
        FileStamp(right.sha256, right.size + 1),
        FileStamp("0" * 64, right.size),
    ):
        with pytest.raises(UserError, match="damaged") as error:
            read_tensors(path, expected=wrong)
        assert error.value.exit_code == 3


def test_only_regular_files_are_read(tmp_path: Path):
    good = tmp_path / "good"
    write_tensors(good, SAMPLE, {})
    (tmp_path / "link").symlink_to(good)
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "link", "pipe", "."):
        with pytest.raises(UserError, match=r"cannot read|not a regular file") as error:
            read_tensors(tmp_path / name)
        assert error.value.exit_code == 3
