"""Arrays in files: the safetensors format, with the checks that its readers leave to us.

The bytes of a file are a function of the arrays and the metadata alone, so equal results
have equal checksums. Nothing that is read can run code or name a path.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import safetensors
from safetensors.numpy import load as load_safetensors

from goalscope.errors import UserError
from goalscope.storage.disk import environment_errors, read_bytes, write_new
from goalscope.storage.sealed import canonical_bytes, parse_json

MAX_HEADER = 1 << 24
MAX_BYTES = 1 << 34
NAME = re.compile(r"[A-Za-z0-9._/-]{1,120}")

# What the safetensors format calls the types that are stored here.
DTYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
    "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64",
    "float32": "F32", "float64": "F64",
}  # fmt: skip


class FileStamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file must be: its size in bytes and the sha256 of its content."""

    sha256: str
    size: int


def stamp(data: bytes) -> FileStamp:
    """Return the stamp of a file with this content."""
    return FileStamp(hashlib.sha256(data).hexdigest(), len(data))


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> FileStamp:
    """Write arrays to a new file, flushed to the disk, and return its stamp.

    Raises:
        ValueError: an array's name is not 1 to 120 of the letters `A-Za-z0-9._/-`.
        TypeError: an array is of another type than bool, integer, float32 or float64.
        UserError: exit code 4, if it cannot be written.
    """
    data = encode_tensors(tensors, metadata)
    with environment_errors(path):
        write_new(path, data)
    return stamp(data)


def encode_tensors(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """Return arrays as the bytes of a safetensors file.

    Wider types come first, so that every array is aligned; then names decide the order.

    Raises:
        ValueError, TypeError: as `write_tensors`.
    """
    arrays = {name: _little_endian(name, array) for name, array in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name in order:
        array = arrays[name]
        start, end = end, end + array.nbytes
        entries[name] = {
            "data_offsets": [start, end],
            "dtype": DTYPES[array.dtype.name],
            "shape": list(array.shape),
        }
    header = canonical_bytes(entries)
    header += b" " * (-len(header) % 8)
    parts = (
        len(header).to_bytes(8, "little"),
        header,
        *(arrays[n].tobytes() for n in order),
    )
    return b"".join(parts)


def _little_endian(name: str, array: np.ndarray) -> np.ndarray:
    _check_name(name)
    if array.dtype.name not in DTYPES:
        allowed = ", ".join(DTYPES)
        raise TypeError(f"array {name!r} is of {array.dtype}; stored are {allowed}")
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"array name {name[:130]!r} is not 1 to 120 of A-Za-z0-9._/-")


def read_tensors(path: Path, *, expected: FileStamp | None = None) -> dict[str, np.ndarray]:
    """Return the arrays in a file, if it is whole and, where given, as `expected`.

    Raises:
        UserError: exit code 3, if the file is missing, not regular, of another size or
            checksum, not safetensors, or has duplicate or forbidden names or types.
    """
    data = read_bytes(path, at_most=expected.size if expected else MAX_BYTES)
    if expected is not None and stamp(data) != expected:
        raise UserError(f"{path} is damaged: its size or checksum differs", exit_code=3)
    try:
        return decode_tensors(data)
    except (ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} is no file of arrays: {error}", exit_code=3) from None


def decode_tensors(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays in the bytes of a safetensors file.

    Raises:
        ValueError, SafetensorError: they are not a whole safetensors file of allowed types
            with distinct, allowed names.
    """
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, MAX_HEADER):
        raise ValueError(
            f"its header says {size} bytes, more than there are or are allowed"
        )
    header = parse_json(data[8 : 8 + size])
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        _check_name(name)
        if not isinstance(entry, dict) or entry.get("dtype") not in DTYPES.values():
            raise ValueError(f"array {name!r} is not of a type that is stored here")
    return load_safetensors(data)
