"""Tasks on worker processes that may die: run, watched, retried, stopped.

The driver imports no JAX; its workers do, all at once, while the driver goes on. A task is
a request to a function that a worker imports (see `worker`). A worker that is killed costs
its own task one attempt and nothing else: a new worker tries again. So a task must bear to
be done twice, as committing a cell does.

    with Pool(FUNCTIONS, num_workers=2, environment={"XLA_FLAGS": flags}) as pool:
        plan = pool.run([Task("plan", {...})])[0].value
        pool.log_folder = folder.logs
        pool.run([Task("compute", {...}) for plan in folder.missing()], show)
        if pool.interrupted: ...             # exit code 130; run the same command again
"""

import selectors
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from goalscope.errors import UserError
from goalscope.storage.sealed import canonical_bytes
from goalscope.workers.interrupts import Interrupts
from goalscope.workers.process import WorkerProcess, share_cores
from goalscope.workers.tasks import Job, Message, Run, Task, TaskResult, next_for
from goalscope.workers.worker_log import WorkerLog

__all__ = ["Pool", "Task", "TaskResult"]

MAX_RETRIES = 2
POLL_SECONDS = 0.2


def _ignore(task: Task, message: Message) -> None:
    """Take a message and do nothing with it."""
    del task, message


class Pool:
    """Worker processes for the length of a `with` block.

    In the main thread it takes SIGINT and SIGTERM: at the first, no task is begun any more
    and tasks under way are asked to stop at their next report; at the second,
    KeyboardInterrupt is raised. However the block is left, no worker outlives it; and if
    the driver is killed, its workers die too. Use a pool in one thread.
    """

    def __init__(
        self,
        functions: Mapping[str, str],
        *,
        num_workers: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare a pool; entering it starts all workers.

        Args:
            functions: kind of task -> "module:function".
            num_workers: processes at a time.
            environment: set in the workers before they import anything, on top of ours.
        """
        if num_workers < 1:
            raise UserError(f"{num_workers} workers cannot do anything; ask for 1 or more")
        self._functions = dict(functions)
        self._environment = dict(environment or {})
        self._logs = [WorkerLog(f"worker-{slot}") for slot in range(num_workers)]
        self._jobs: dict[WorkerProcess, Job | None] = {}
        self._near: dict[WorkerProcess, set[str]] = {}
        self._selector = selectors.DefaultSelector()
        self._interrupts = Interrupts()
        self._stopping = False

    @property
    def interrupted(self) -> bool:
        """Whether the user asked to stop."""
        return self._interrupts.asked

    @property
    def log_folder(self) -> Path | None:
        """Where workers' output goes; until it is set, its end is kept in memory."""
        return self._logs[0].folder

    @log_folder.setter
    def log_folder(self, folder: Path) -> None:
        for log in self._logs:
            log.folder = folder
            log.write(b"")

    @property
    def processes(self) -> list[int]:
        """Process ids of the workers that live."""
        return [worker.number for worker in self._jobs]

    def __enter__(self) -> "Pool":
        self._interrupts.take()
        try:
            for log in self._logs:
                self._start(log)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._interrupts.hold()
        for worker in self._jobs:
            worker.end()
        self._jobs.clear()
        self._selector.close()
        self._interrupts.give_back()

    def _start(self, log: WorkerLog) -> WorkerProcess:
        worker = WorkerProcess(self._functions, self._environment, log)
        share_cores(worker.number, self._logs.index(log), len(self._logs))
        self._jobs[worker] = None
        self._selector.register(worker.connection, selectors.EVENT_READ, worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def run(
        self,
        tasks: Sequence[Task],
        on_message: Callable[[Task, Message], None] = _ignore,
    ) -> list[TaskResult]:
        """Return what became of tasks, in their order, when all are done or given up.

        Args:
            tasks: what to do; given out in this order but for `Task.near`.
            on_message: called with a task and a message of kind "started" (`attempt`),
                "progress" (`value`), "retrying" (`message`), and "done", "failed" or
                "stopped" (`message`, `seconds`).

        Raises:
            UserError: a task raised it; others were stopped first, as by Ctrl-C.
            KeyboardInterrupt: at the second signal.
            TypeError, ValueError: a request is not plain JSON, or of no known kind.
        """
        for task in tasks:
            canonical_bytes(dict(task.request))
            if task.kind not in self._functions:
                raise ValueError(
                    f"no kind {task.kind!r} among {', '.join(self._functions)}"
                )
        run = Run(on_message, deque(Job(index, task) for index, task in enumerate(tasks)))
        while len(run.results) < len(tasks):
            if self.interrupted:
                self._stop()
            self._give_out(run)
            self._listen(run)
        if run.error is not None:
            raise run.error
        return [run.results[index] for index in range(len(tasks))]

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            for worker in self._jobs:
                worker.send({"kind": "stop"})

    def _give_out(self, run: Run) -> None:
        while run.pending and self._stopping:
            run.finish(run.pending.popleft(), "stopped")
        while run.pending and (worker := self._idle_worker()) is not None:
            job = self._jobs[worker] = self._next(worker, run)
            job.begin()
            worker.send({"kind": job.task.kind, "request": dict(job.task.request)})
            run.on_message(job.task, {"kind": "started", "attempt": job.attempts})

    def _next(self, worker: WorkerProcess, run: Run) -> Job:
        """Take from what is pending what this worker is to do next."""
        own = self._near.setdefault(worker, set())
        living = (self._near[each] for each in self._jobs if each in self._near)
        others = set().union(*living) - own
        index = next_for([job.task for job in run.pending], own, others)
        job = run.pending[index]
        del run.pending[index]
        own |= {job.task.near} - {""}
        return job

    def _idle_worker(self) -> WorkerProcess | None:
        idle = [worker for worker, job in self._jobs.items() if job is None]
        if idle:
            return idle[0]
        used = {worker.log.name for worker in self._jobs}
        free = [log for log in self._logs if log.name not in used]
        return self._start(free[0]) if free else None

    def _listen(self, run: Run) -> None:
        busy = any(job is not None for job in self._jobs.values())
        for key, _ in self._selector.select(POLL_SECONDS if busy else 0):
            worker: WorkerProcess = key.data
            if worker not in self._jobs:
                continue
            if key.fileobj is worker.output:
                if not worker.keep_output():
                    self._selector.unregister(worker.output)
            elif (messages := worker.receive()) is None:
                self._bury(worker, run)
            else:
                for message in messages:
                    self._take(worker, message, run)

    def _take(self, worker: WorkerProcess, message: Message, run: Run) -> None:
        job = self._jobs[worker]
        if job is None:
            return
        if message["kind"] == "progress":
            run.on_message(job.task, message)
            return
        self._jobs[worker] = None
        if message["kind"] == "done":
            run.finish(job, "done", value=message["value"])
        elif message["kind"] == "stopped":
            run.finish(job, "stopped")
        else:
            run.finish(job, "failed", message=_with_log(message["message"], worker.log))
        if message["kind"] == "user_error" and run.error is None:
            run.error = UserError(message["message"], exit_code=message["exit_code"])
            self._stop()

    def _bury(self, worker: WorkerProcess, run: Run) -> None:
        job = self._jobs.pop(worker)
        self._selector.unregister(worker.connection)
        if worker.output in self._selector.get_map():
            self._selector.unregister(worker.output)
        how = f"its worker {worker.end()}"
        if job is None:
            return
        if self._stopping:
            run.finish(job, "stopped", message=how)
        elif job.attempts <= MAX_RETRIES:
            run.pending.appendleft(job)
            run.on_message(job.task, {"kind": "retrying", "message": how})
        else:
            how = f"{how}; tried {job.attempts} times"
            run.finish(job, "failed", message=_with_log(how, worker.log))


def _with_log(message: str, log: WorkerLog) -> str:
    return f"{message} (see {log.path})" if log.path else message
