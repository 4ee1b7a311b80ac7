"""JSON as it is stored: canonical, strict, and sealed with its own checksum.

A sealed file is one line,

    {"format_version":1,"record":{...},"sha256":"<of the canonical bytes of the record>"}

and is read only if it is, byte for byte, what sealing its record again would write. So one
changed, missing or added byte anywhere in it is noticed, and so are duplicate keys, NaN and
numbers that only look equal.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from goalscope.errors import UserError
from goalscope.storage.disk import read_bytes

FORMAT_VERSION = 1
MAX_DEPTH = 64
MAX_BYTES = 1 << 28

Record = TypeVar("Record", bound=msgspec.Struct)


def canonical_bytes(value: object) -> bytes:
    """Return the one JSON encoding of a plain value: sorted keys, no spaces, UTF-8.

    Allowed are None, bool, int (64 bits), finite float, str, list or tuple, and dict with
    str keys, nested at most 64 deep.

    Raises:
        TypeError: something else is in it; the message has its path.
        ValueError: a number, a text or the nesting is out of bounds; the same.

    >>> canonical_bytes({"b": 1.0, "a": (True, None)})
    b'{"a":[true,null],"b":1.0}'
    """
    _require_plain(value, "$", 0)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def _require_plain(value: object, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"{where[:80]}... is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            _require_text(key, where)
            _require_plain(inner, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _require_plain(inner, f"{where}[{index}]", depth + 1)
    elif not (value is None or isinstance(value, bool)):
        _require_scalar(value, where)


def _require_scalar(value: object, where: str) -> None:
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{where} does not fit into 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}; JSON has finite numbers only, use null")
    else:
        _require_text(value, where)


def _require_text(value: object, where: str) -> None:
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(
            f"{where} holds a {kind}; allowed are plain JSON values with str keys"
        )
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"{where} holds half a character (a lone surrogate)")


def parse_json(data: bytes) -> object:
    """Return the value of strict JSON: what `canonical_bytes` could have written.

    Raises:
        ValueError: not UTF-8, not JSON, a duplicate key, NaN, an infinite or overflowing
            number, or nested too deep.

    >>> parse_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'a' is there twice
    """
    value = _parse(data)
    _require_plain(value, "$", 0)
    return value


def _parse(data: bytes) -> Any:
    """Return the value of JSON whose numbers, texts and depth are still to be checked."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError(f"nested more than {MAX_DEPTH} deep") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def seal(record: msgspec.Struct) -> bytes:
    """Return the sealed bytes of a record.

    Raises:
        TypeError, ValueError: the record holds what JSON cannot; see `canonical_bytes`.
    """
    return _seal_plain(msgspec.to_builtins(record))


def _seal_plain(plain: object) -> bytes:
    record = canonical_bytes(plain)
    version, checksum = str(FORMAT_VERSION), hashlib.sha256(record).hexdigest()
    before, after = f'{{"format_version":{version},"record":', f',"sha256":"{checksum}"}}\n'
    return before.encode() + record + after.encode()


def unseal(data: bytes, record_type: type[Record], path: Path) -> Record:
    """Return the record in sealed bytes; `path` is where they come from, for messages.

    Raises:
        UserError: exit code 3, if they are damaged, edited, foreign or of another format.
    """
    try:
        value = _parse(data)
        version = value.get("format_version") if isinstance(value, dict) else None
        unchanged = version == FORMAT_VERSION and _seal_plain(value.get("record")) == data
    except ValueError as error:
        raise UserError(f"{path} is damaged or foreign: {error}", exit_code=3) from None
    if version is None:
        raise UserError(f"{path} was not written by goalscope: no version", exit_code=3)
    if version != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {str(version)[:20]}; this goalscope reads version "
            f"{FORMAT_VERSION}. Use the goalscope that wrote it, or a newer one.",
            exit_code=3,
        )
    if not unchanged:
        raise UserError(f"{path} is damaged or edited: its checksum differs", exit_code=3)
    try:
        return msgspec.convert(value["record"], record_type)
    except msgspec.ValidationError as error:
        raise UserError(f"{path} is not what it should be: {error}", exit_code=3) from None


def read_sealed(path: Path, record_type: type[Record]) -> Record:
    """Return the record stored in a file.

    Raises:
        UserError: exit code 3, if it is missing, damaged, edited or of another format.
    """
    return unseal(read_bytes(path, at_most=MAX_BYTES), record_type, path)
