"""One worker process as its driver sees it: started, spoken to, ended."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, cast

from goalscope.errors import UserError
from goalscope.workers.messages import Inbox, send
from goalscope.workers.worker_log import WorkerLog

# Nothing of the driver's program is run again: only its import path is handed over.
BOOT = (
    "import sys; handle, sys.path[:] = int(sys.argv[1]), sys.argv[2:]; "
    "from goalscope.workers.worker import main; main(handle)"
)


class WorkerProcess:
    """A worker process and both ways to it.

    It is in a process group of its own, so that Ctrl-C in a terminal reaches the driver
    only, and the driver decides.

    Fields:
        connection: socket for messages.
        output: pipe with what it prints; not blocking.
        log: where that goes.
    """

    def __init__(
        self, functions: Mapping[str, str], environment: Mapping[str, str], log: WorkerLog
    ) -> None:
        """Start it; it imports the modules of its functions at once."""
        self.log = log
        self.connection, theirs = socket.socketpair()
        handle = theirs.fileno()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-c", BOOT, str(handle), *sys.path],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**os.environ, **environment}, pass_fds=(handle,), process_group=0,
            )  # fmt: skip
        except OSError as error:
            self.connection.close()
            raise UserError(
                f"cannot start a worker process: {error}", exit_code=4
            ) from error
        finally:
            theirs.close()
        self.output = cast(IO[bytes], self._process.stdout)
        os.set_blocking(self.output.fileno(), False)
        self._inbox = Inbox(self.connection)
        self.send({"kind": "begin", "functions": dict(functions)})

    @property
    def number(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; if the process is dead, that is noticed when it is read from."""
        with suppress(OSError):
            send(self.connection, message)

    def receive(self) -> list[dict[str, Any]] | None:
        """Return messages that came, or None if the process is dead or dying."""
        return self._inbox.wait()

    def keep_output(self) -> bool:
        """Log what was printed since last time; False if nothing can come any more."""
        while True:
            try:
                data = os.read(self.output.fileno(), 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.log.write(data)

    def end(self) -> str:
        """Kill the process if it still lives and return in words how it ended."""
        with suppress(ProcessLookupError):
            os.kill(self.number, signal.SIGKILL)
        self._process.returncode, peak_bytes = _reap(self.number)
        self.keep_output()
        self.output.close()
        self.connection.close()
        return death(self._process.returncode, peak_bytes)


def _reap(number: int) -> tuple[int, int]:
    """Return exit code and peak memory of a child; zeros if others took them already."""
    try:
        _, status, usage = os.wait4(number, 0)
    except ChildProcessError:
        return 0, 0
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit


def share_cores(number: int, slot: int, num_workers: int) -> None:
    """Let the process of slot `slot` use its share of our cores, and no other.

    Workers that each spread small operations over all cores get in each other's way: with
    one core each they need a fifth less processor time. It changes no result.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if 1 < num_workers <= len(cores):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(number, cores[slot::num_workers])


def death(exit_code: int, peak_bytes: int) -> str:
    """Return in words how a process ended.

    >>> death(-9, 3_000_000_000)
    'was killed by SIGKILL: probable out of memory, it had used up to 3000 MB'
    >>> death(3, 0)
    'ended with exit code 3'
    """
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    if exit_code != -signal.SIGKILL:
        return f"was killed by {name}"
    used = f"it had used up to {peak_bytes / 1e6:.0f} MB"
    return f"was killed by {name}: probable out of memory, {used}"
