"""A user's policy as its auditor sees it: a process to ask, within a time limit. No JAX."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec

from goalscope.auditing.refusal import RefusedError
from goalscope.workers.messages import send
from goalscope.workers.process import death

BOOT = (
    "import sys; handle, path, sys.path[:] = int(sys.argv[1]), sys.argv[2], sys.argv[3:]; "
    "from goalscope.auditing.asking import main; main(handle, path)"
)
QUIET = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MAX_OFFER = 1 << 16
LENGTH = 4
NO_ANSWER = "its process answered something that is no answer"


class Offer(msgspec.Struct, frozen=True):
    """What a policy file says about its policy.

    Fields:
        world: where it acts, as text; None if it does not say.
        goals: names of the candidates; None for all that the world offers.
        returns: what its answers are.
        batch: whether it answers for several states of a level at once.
    """

    world: str | None
    goals: list[str] | None
    returns: Literal["probabilities", "logits"]
    batch: bool


class PolicyProcess:
    """A process in which a user's policy runs; a `with` block long.

    However the block is left, the process and what it started are killed. Nothing that the
    file prints is shown. The time limit is for loading the file, and again for its answers.
    """

    def __init__(self, path: Path, *, seconds: float) -> None:
        """Start the process; it begins to load the file at once."""
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._connection, theirs = socket.socketpair()
        handle = theirs.fileno()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-P", "-u", "-c", BOOT, str(handle),
                    str(path.absolute()), *sys.path,
                ],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env={**os.environ, **QUIET}, pass_fds=(handle,),
                process_group=0,
            )  # fmt: skip
        except OSError as error:
            self._connection.close()
            raise RefusedError(f"no process can be started for it: {error}") from error
        finally:
            theirs.close()

    def __enter__(self) -> "PolicyProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()
        self._connection.close()

    @property
    def number(self) -> int:
        """Its process id."""
        return self._process.pid

    def load(self) -> Offer:
        """Return what the file offers.

        Raises:
            RefusedError: it cannot be loaded, or not in time.
        """
        message = self._receive("offer", MAX_OFFER, "loading it")
        try:
            return msgspec.convert(message, Offer)
        except msgspec.ValidationError as error:
            raise RefusedError(NO_ANSWER) from error

    def ask(self, questions: Mapping[str, Any], *, max_bytes: int) -> Mapping[str, Any]:
        """Return the answers to questions, as they come: unchecked.

        Raises:
            RefusedError: it fails to answer, or not in time, or with more than `max_bytes`.
        """
        self._deadline = time.monotonic() + self._seconds
        self._connection.settimeout(self._left())
        with contextlib.suppress(OSError):
            send(self._connection, dict(questions))
        answer = self._receive("answers", max_bytes, "asking it")
        found = answer.get("answers")
        if not isinstance(found, dict):
            raise RefusedError(NO_ANSWER)
        return found

    def _receive(self, kind: str, max_bytes: int, doing: str) -> dict[str, Any]:
        size = int.from_bytes(self._read(LENGTH, doing), "big")
        if size > max_bytes:
            raise RefusedError(
                f"{doing} gave {size:,} bytes; at most {max_bytes:,} are right"
            )
        try:
            message = msgspec.json.decode(self._read(size, doing), type=dict[str, Any])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RefusedError(NO_ANSWER) from error
        if message.get("kind") == "refused":
            raise RefusedError(str(message.get("message"))[:500])
        if message.get("kind") != kind:
            raise RefusedError(NO_ANSWER)
        return message

    def _read(self, count: int, doing: str) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                self._connection.settimeout(self._left())
                part = self._connection.recv(min(count - len(data), 1 << 20))
            except TimeoutError:
                raise RefusedError(
                    f"{doing} took more than {self._seconds:g} s, so it was stopped; "
                    "--timeout allows more"
                ) from None
            except OSError:
                part = b""
            if not part:
                raise RefusedError(f"its process {self._ending()} while {doing}")
            data += part
        return bytes(data)

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 1e-3)

    def _ending(self) -> str:
        """Return in words how the process ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=1.0)
            if code == -signal.SIGKILL:
                return "was killed (probably it needed too much memory)"
            return death(code, 0)
        return "closed its connection"

    def _kill(self) -> None:
        """End the process and everything that it started and that stayed in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
