"""The worker process that measures audited agents, asked within a time limit. No JAX."""

import selectors
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from goalscope.auditing.refusal import RefusedError
from goalscope.workers.process import WorkerProcess
from goalscope.workers.worker_log import WorkerLog

FUNCTIONS = {
    name: f"goalscope.auditing.tasks:{name}"
    for name in ("questions", "audit_table", "audit_checkpoint")
}


class Measurer:
    """One worker process at a time; a `with` block long.

    A worker that dies or takes too long costs the agent that it was measuring its verdict,
    and no other: the next question starts a new one.
    """

    def __init__(self, environment: Mapping[str, str], *, seconds: float) -> None:
        """Start the worker, which begins to import what it needs.

        Args:
            environment: set in the worker.
            seconds: the most that one question may take.
        """
        self._environment, self._seconds = dict(environment), seconds
        self._worker: WorkerProcess | None = None
        self._start()

    def __enter__(self) -> "Measurer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._worker is not None:
            self._worker.end()

    @property
    def number(self) -> int | None:
        """The worker's process id, or None if there is none at present."""
        return None if self._worker is None else self._worker.number

    def ask(self, kind: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a question.

        Raises:
            RefusedError: the agent or its world cannot be audited.
        """
        worker = self._worker or self._start()
        worker.send({"kind": kind, "request": dict(request)})
        message = self._answer(worker)
        if message["kind"] != "done":
            raise RefusedError(f"measuring it failed: {message.get('message', 'stopped')}")
        if reason := message["value"].get("refused"):
            raise RefusedError(reason)
        return message["value"]

    def _start(self) -> WorkerProcess:
        self._worker = WorkerProcess(FUNCTIONS, self._environment, WorkerLog("auditor"))
        return self._worker

    def _answer(self, worker: WorkerProcess) -> Mapping[str, Any]:
        """Return the next message of the worker that is no progress."""
        deadline = time.monotonic() + self._seconds
        with selectors.DefaultSelector() as selector:
            selector.register(worker.connection, selectors.EVENT_READ)
            selector.register(worker.output, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = {key.fileobj for key, _ in selector.select(left)}
                if worker.output in ready and not worker.keep_output():
                    selector.unregister(worker.output)
                if worker.connection not in ready:
                    continue
                messages = worker.receive()
                if messages is None:
                    raise RefusedError(f"the process that measures {self._end()}")
                if messages:
                    return messages[0]
        self._end()
        raise RefusedError(
            f"measuring it took more than {self._seconds:g} s, so it was stopped; take a "
            "smaller world, a shorter horizon or fewer --num-levels"
        )

    def _end(self) -> str:
        worker, self._worker = self._worker, None
        return worker.end() if worker else "ended"
