"""What workers are asked to do, and what became of it."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from goalscope.errors import UserError

Message = dict[str, Any]
Status = Literal["done", "failed", "stopped"]


@dataclass(frozen=True)
class Task:
    """Something for a worker to do.

    Fields:
        kind: which function, a key of the pool's `functions`.
        request: its argument, plain JSON.
        name: for messages.
    """

    kind: str
    request: Mapping[str, Any]
    name: str = ""


@dataclass(frozen=True)
class TaskResult:
    """What became of a task.

    Fields:
        task: the task.
        status: "done"; "failed" if it raised an error or its worker died three times;
            "stopped" if the run was interrupted before it was done.
        value: what its function returned, if done.
        message: one line for the reader, if failed.
        attempts: workers that tried; 0 if none.
        seconds: of the last attempt.
    """

    task: Task
    status: Status
    value: Mapping[str, Any]
    message: str
    attempts: int
    seconds: float


@dataclass
class Job:
    """A task on its way: its place in its run, and how often it was tried."""

    index: int
    task: Task
    attempts: int = 0
    started: float = 0.0

    def begin(self) -> None:
        """Count an attempt."""
        self.attempts += 1
        self.started = time.monotonic()


@dataclass
class Run:
    """Tasks of one call of `Pool.run`: what is pending and what became of the others."""

    on_message: Callable[[Task, Message], None]
    pending: deque[Job]
    results: dict[int, TaskResult] = field(default_factory=dict)
    error: UserError | None = None

    def finish(
        self,
        job: Job,
        status: Status,
        *,
        message: str = "",
        value: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what became of a task and say so."""
        seconds = time.monotonic() - job.started if job.attempts else 0.0
        result = TaskResult(job.task, status, value or {}, message, job.attempts, seconds)
        self.results[job.index] = result
        self.on_message(job.task, {"kind": status, "message": message, "seconds": seconds})
