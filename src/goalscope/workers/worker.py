"""A worker process: does one request at a time and dies with its driver.

A worker is started by `goalscope.workers.engine` and finds its functions by reference, as
"module:function", so it needs nothing from the driver's program but its import path:

    plan(request) -> dict
    judge(request) -> dict
    compute(request, report) -> None     # commits what it computed by itself

`compute` calls `report({...})` now and then, with plain JSON: the driver shows it, and if
the run is to stop, `report` raises `Stopped`.
"""

import ctypes
import importlib
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from goalscope.errors import UserError, raised
from goalscope.storage.sealed import canonical_bytes
from goalscope.workers.messages import Inbox, send

REPORTING = "compute"
_PR_SET_PDEATHSIG = 1


class Stopped(BaseException):
    """Raised by `report` if the run is to stop; no error, so beyond `except Exception`."""


def main(handle: int) -> None:
    """Answer the requests that arrive at a socket, until the other side is gone.

    The first message says which functions there are.

    Args:
        handle: number of the open socket.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()
    connection = socket.socket(fileno=handle)
    connection.set_inheritable(False)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, requests, stop), daemon=True).start()

    def report(value: Mapping[str, Any]) -> None:
        send(connection, {"kind": "progress", "value": dict(value)})
        if stop.is_set():
            raise Stopped

    functions = requests.get()["functions"]
    _import_early(functions)
    while True:
        message = requests.get()
        request = message["request"]
        arguments = (request, report) if message["kind"] == REPORTING else (request,)
        reply = _answer(functions[message["kind"]], arguments)
        sys.stdout.flush()
        send(connection, reply)


def _die_with_parent() -> None:
    """Ask the kernel to end us with our driver; elsewhere than on Linux, `_listen` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _listen(
    connection: socket.socket, requests: queue.SimpleQueue, stop: threading.Event
) -> None:
    inbox = Inbox(connection)
    try:
        while (messages := inbox.wait()) is not None:
            for message in messages:
                stop.set() if message["kind"] == "stop" else requests.put(message)
    finally:
        os._exit(0)


def _import_early(functions: Mapping[str, str]) -> None:
    """Import what will be needed while the driver still prepares the first request."""
    for reference in functions.values():
        try:
            importlib.import_module(reference.partition(":")[0])
        except Exception:
            return  # said in the answer to the request that needs it


def _answer(reference: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    try:
        value = _function(reference)(*arguments)
        value = {} if value is None else value
        if not isinstance(value, dict):
            raise TypeError(f"{reference} returned a {type(value).__name__}, not a dict")
        canonical_bytes(value)
    except Stopped:
        return {"kind": "stopped"}
    except UserError as error:
        return {"kind": "user_error", "message": str(error), "exit_code": error.exit_code}
    except BaseException as error:
        traceback.print_exc()
        sys.stderr.flush()
        return {"kind": "failed", "message": raised(error)}
    return {"kind": "done", "value": value}


def _function(reference: str) -> Callable[..., Any]:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
