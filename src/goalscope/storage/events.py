"""What happened in a run, in order: one line of JSON each, only ever appended.

A killed process may leave half a line at the end: it is ignored when reading, and the next
event begins a new line. No result depends on this file.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goalscope.storage.disk import environment_errors, read_bytes
from goalscope.storage.sealed import canonical_bytes, parse_json

MAX_LINE = 4096
MAX_BYTES = 1 << 28


def append_event(path: Path, event: str, fields: dict[str, Any]) -> None:
    """Append one event with the time (UTC), in a single write of at most 4096 bytes.

    Raises:
        TypeError, ValueError: the fields are not plain JSON.
        UserError: exit code 4, if it cannot be written.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = canonical_bytes({**fields, "event": event, "time": time}) + b"\n"
    if len(line) > MAX_LINE:
        kept = {name: _shortened(value) for name, value in fields.items()}
        line = canonical_bytes({**kept, "event": event, "time": time}) + b"\n"
    with environment_errors(path):
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o666)
        try:
            os.write(handle, (b"" if _ends_a_line(handle) else b"\n") + line)
        finally:
            os.close(handle)


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _ends_a_line(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return the events of a file in order, without lines that are torn or not JSON.

    Raises:
        UserError: exit code 3, if it is not a regular file or larger than 256 MB.
    """
    if not os.path.lexists(path):
        return []
    events = []
    for line in read_bytes(path, at_most=MAX_BYTES).split(b"\n"):
        try:
            event = parse_json(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events
