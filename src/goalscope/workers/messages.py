"""Messages between processes: JSON objects, each after its length, over a socket."""

import socket
from collections.abc import Mapping
from typing import Any

import msgspec

MAX_MESSAGE = 1 << 28
_LENGTH = 4


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message; numbers that are not finite arrive as None.

    Raises:
        OSError: the other side is gone.
        TypeError: the message is not made of JSON values.
    """
    data = msgspec.json.encode(dict(message))
    if len(data) > MAX_MESSAGE:
        raise TypeError(
            f"a message of {len(data)} bytes; at most {MAX_MESSAGE} are allowed"
        )
    connection.sendall(len(data).to_bytes(_LENGTH, "big") + data)


class Inbox:
    """The messages that arrive at one end of a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def wait(self) -> list[dict[str, Any]] | None:
        """Return the messages that the next data complete; None if the other side is gone.

        The list is empty if only a part of a message came.
        """
        try:
            data = self._connection.recv(1 << 16)
        except ConnectionError:
            return None
        if not data:
            return None
        self._buffer += data
        messages = []
        while (message := self._take()) is not None:
            messages.append(message)
        return messages

    def _take(self) -> dict[str, Any] | None:
        size = int.from_bytes(self._buffer[:_LENGTH], "big")
        if len(self._buffer) < _LENGTH + size or len(self._buffer) < _LENGTH:
            return None
        data = bytes(self._buffer[_LENGTH : _LENGTH + size])
        del self._buffer[: _LENGTH + size]
        return msgspec.json.decode(data, type=dict[str, Any])
