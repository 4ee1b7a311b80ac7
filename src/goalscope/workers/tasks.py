"""What workers are asked to do, and what became of it."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
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
        near: a process that has done one task keeps what helps with others that have the
            same word here; they are given to it if it can be. Empty: there is none.
    """

    kind: str
    request: Mapping[str, Any]
    name: str = ""
    near: str = ""


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


def next_for(pending: Sequence[Task], own: Set[str], others: Set[str]) -> int:
    """Return which task a worker is to do next: the first near one, else the first.

    Args:
        pending: what is to be done, at least one task.
        own: words of tasks that this worker has done, see `Task.near`.
        others: those that other workers have done; left to them while anything else is.

    >>> tasks = [Task("compute", {}, near=word) for word in ("a", "a", "b", "")]
    >>> next_for(tasks, {"b"}, {"a"}), next_for(tasks, set(), {"a", "b"})
    (2, 3)
    >>> next_for(tasks, set(), {"a", "b", ""}), next_for(tasks, set(), set())
    (0, 0)
    """
    for number, task in enumerate(pending):
        if task.near in own:
            return number
    for number, task in enumerate(pending):
        if task.near not in others:
            return number
    return 0


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
