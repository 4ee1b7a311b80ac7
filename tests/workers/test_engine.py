"""Tasks on workers: results, errors, retries and logs."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_tasks import FUNCTIONS
from hypothesis import given
from hypothesis import strategies as st

from goalscope.errors import UserError
from goalscope.workers.engine import Pool, Task, TaskResult
from goalscope.workers.messages import Inbox, send
from goalscope.workers.tasks import Message, next_for
from goalscope.workers.worker_log import KEPT_IN_MEMORY, KEPT_ON_DISK, WorkerLog

HERE = Path(__file__).parent


def do(what: str, **request: Any) -> Task:
    return Task("compute", {"do": what, **request}, name=what)


def deed(task: Task, num_workers: int = 1) -> TaskResult:
    with Pool(FUNCTIONS, num_workers=num_workers) as pool:
        return pool.run([task])[0]


@given(
    st.lists(st.dictionaries(st.text(), st.text() | st.integers(0, 9)), min_size=1),
    st.data(),
)
def test_messages_arrive_whole_however_they_are_cut(
    messages: list[dict[str, Any]], data: st.DataObject
):
    one, other = socket.socketpair()
    relay, end = socket.socketpair()
    with one, other, relay, end:
        for message in messages:
            send(one, message)
        one.shutdown(socket.SHUT_WR)
        stream = b"".join(iter(lambda: other.recv(1 << 16), b""))
        inbox, arrived = Inbox(end), []
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            relay.sendall(stream[:size])
            stream = stream[size:]
            arrived += inbox.wait() or []
        relay.close()
        assert arrived == messages
        assert inbox.wait() is None


def test_a_huge_length_is_no_reason_to_allocate():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"\xff\xff\xff\xff{}")
        assert Inbox(other).wait() == []


def test_results_come_in_the_order_of_tasks():
    with Pool(FUNCTIONS, num_workers=2) as pool:
        results = pool.run([Task("plan", {"number": n}) for n in range(7)])
    assert [result.value["asked"]["number"] for result in results] == list(range(7))
    assert {result.status for result in results} == {"done"}
    assert len({result.value["process"] for result in results}) <= 2
    assert os.getpid() not in {result.value["process"] for result in results}


def test_a_worker_goes_on_with_what_it_has_begun():
    tasks = [Task("plan", {"number": n}, near=near) for n, near in enumerate("aabbaabb")]
    begun: list[str] = []

    def take(task: Task, message: Message) -> None:
        if message["kind"] == "started":
            begun.append(task.near)

    with Pool(FUNCTIONS, num_workers=2) as pool:
        results = pool.run(tasks, take)
    assert begun[:2] == ["a", "b"]
    assert [result.value["asked"]["number"] for result in results] == list(range(8))
    with Pool(FUNCTIONS, num_workers=1) as pool:
        pool.run(tasks, take)
    assert "".join(begun[8:]) == "aaaabbbb"


WORDS = st.sampled_from(["", "a", "b", "c"])


@given(st.lists(WORDS, min_size=1), st.sets(WORDS), st.sets(WORDS))
def test_what_is_near_comes_first_and_what_is_near_to_others_last(words, own, others):
    def rank(word: str) -> int:
        return 0 if word in own else 1 if word not in others else 2

    tasks = [Task("plan", {}, near=word) for word in words]
    expected = min(range(len(words)), key=lambda n: (rank(words[n]), n))
    assert next_for(tasks, own, others) == expected


def test_workers_are_kept_between_runs():
    with Pool(FUNCTIONS, num_workers=1) as pool:
        first, second = (pool.run([Task("plan", {})])[0].value["process"] for _ in range(2))
        assert [first] == pool.processes
        assert pool.run([]) == []
    assert first == second


def test_a_worker_has_its_environment_and_ignores_ctrl_c():
    seen: list[Message] = []
    flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true"}
    with Pool(FUNCTIONS, num_workers=1, environment=flags) as pool:
        pool.run([do("look")], lambda task, message: seen.append(message))
    (value,) = [message["value"] for message in seen if message["kind"] == "progress"]
    assert value == {
        "flags": flags["XLA_FLAGS"], "ignored": [True, True], "main": None, "jax": False
    }  # fmt: skip
    assert [message["kind"] for message in seen] == ["started", "progress", "done"]


def test_a_task_that_raises_fails_alone(tmp_path: Path):
    with Pool(FUNCTIONS, num_workers=1) as pool:
        pool.log_folder = tmp_path
        bad, good = pool.run([do("raise_error", lack="sense"), Task("plan", {})])
    assert bad.status == "failed"
    what, where = "ArithmeticError: no sense", "fake_tasks.py, line 101, in raise_error: "
    assert bad.message.startswith(f"{what} (")
    assert where in bad.message
    assert bad.message.endswith(f"(see {tmp_path}/worker-0.log)")
    assert "\n" not in bad.message
    assert bad.attempts == 1
    assert good.status == "done"
    log = (tmp_path / "worker-0.log").read_text()
    assert "Traceback" in log
    assert "in raise_error" in log


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no_such_module:plan", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("fake_tasks:nothing", "AttributeError: module 'fake_tasks' has no"),
        ("builtins:len", "TypeError: builtins:len returned a int, not a dict"),
        ("fake_tasks:not_finite", "ValueError: $.value is nan"),
    ],
)
def test_a_function_that_does_not_fit_is_named(reference: str, message: str):
    with Pool({"plan": reference}, num_workers=1) as pool:
        result = pool.run([Task("plan", {})])[0]
    assert result.status == "failed"
    assert result.message.startswith(message)


def test_leaving_the_interpreter_is_a_failure():
    result = deed(do("exit_quietly"))
    assert result.status == "failed"
    assert result.message.startswith("SystemExit: 3 (")


def test_a_user_error_crosses_intact_and_stops_the_others():
    kinds: list[str] = []
    tasks = [do("wait"), do("user_error"), do("wait")]
    with Pool(FUNCTIONS, num_workers=2) as pool, pytest.raises(UserError) as error:
        pool.run(
            tasks, lambda task, message: kinds.append(f"{task.name} {message['kind']}")
        )
    assert str(error.value) == "the disk of the worker is full"
    assert error.value.exit_code == 4
    ends = [kind for kind in kinds if not kind.endswith(("started", "progress"))]
    assert sorted(ends) == ["user_error failed", "wait stopped", "wait stopped"]


def test_what_cannot_be_asked_is_said_before_anything_runs():
    with pytest.raises(UserError, match="ask for 1 or more"):
        Pool(FUNCTIONS, num_workers=0)
    with Pool(FUNCTIONS, num_workers=1) as pool:
        with pytest.raises(ValueError, match="no kind 'cook' among plan, compute, judge"):
            pool.run([Task("cook", {})])
        with pytest.raises(ValueError, match=r"\$\.x is nan"):
            pool.run([Task("plan", {"x": float("nan")})])


def test_an_error_of_the_driver_leaves_no_workers():
    def fail(task: Task, message: Message) -> None:
        raise ZeroDivisionError(f"{task.name} {message['kind']}")

    def drive(numbers: list[int]) -> None:
        with Pool(FUNCTIONS, num_workers=2) as pool:
            numbers += pool.processes
            pool.run([do("wait")], fail)

    numbers: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError, match="wait started"):
        drive(numbers)
    assert len(numbers) == 2
    assert not any(Path(f"/proc/{number}").exists() for number in numbers)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("start", ["file", "-c", "stdin"])
def test_a_program_needs_no_main_guard(start: str, tmp_path: Path):
    program = (
        "from goalscope.workers.engine import Pool, Task\n"
        f"with Pool({FUNCTIONS!r}, num_workers=2) as pool:\n"
        "    print(*[r.status for r in pool.run([Task('plan', {})] * 3)])\n"
    )
    (tmp_path / "program.py").write_text(program)
    words = {"file": str(tmp_path / "program.py"), "-c": "-c", "stdin": "-"}
    rest = [program] if start == "-c" else []
    done = subprocess.run(
        [sys.executable, words[start], *rest],
        input=program, capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("done done done\n", "")


def test_a_killed_worker_costs_one_attempt(tmp_path: Path):
    kinds: list[str] = []
    tasks = [do("die", count=str(tmp_path / "count"), times=2), Task("plan", {})]
    with Pool(FUNCTIONS, num_workers=1) as pool:
        first, other = pool.run(tasks, lambda task, message: kinds.append(message["kind"]))
    assert (first.status, first.attempts) == ("done", 3)
    assert (other.status, other.attempts) == ("done", 1)
    assert kinds == [
        "started", "retrying", "started", "retrying", "started", "done", "started", "done"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGKILL, "SIGKILL: probable out of memory, it had used up to"),
     (signal.SIGSEGV, "SIGSEGV; tried 3 times")],
)  # fmt: skip
def test_a_task_that_kills_its_worker_is_given_up(
    number: signal.Signals, words: str, tmp_path: Path
):
    task = do("die", count=str(tmp_path / "count"), times=99, signal=int(number))
    with Pool(FUNCTIONS, num_workers=2) as pool:
        bad, good = pool.run([task, Task("plan", {})])
    assert (bad.status, bad.attempts) == ("failed", 3)
    assert f"its worker was killed by {words}" in bad.message
    assert good.status == "done"
    assert (tmp_path / "count").read_text() == "3"


def test_a_worker_killed_while_idle_is_replaced():
    with Pool(FUNCTIONS, num_workers=1) as pool:
        first = pool.run([Task("plan", {})])[0].value["process"]
        os.kill(first, signal.SIGKILL)
        again = pool.run([Task("plan", {})])[0]
    assert again.status == "done"
    assert again.value["process"] != first


def test_workers_that_cannot_start_fail_their_tasks():
    with Pool(FUNCTIONS, num_workers=1, environment={"PYTHONHOME": "/nowhere"}) as pool:
        result = pool.run([Task("plan", {})])[0]
    assert result.status == "failed"
    assert "its worker ended with exit code 1; tried 3 times" in result.message


def test_nothing_begins_after_a_signal():
    with Pool(FUNCTIONS, num_workers=1) as pool:
        os.kill(os.getpid(), signal.SIGTERM)
        results = pool.run([Task("plan", {})] * 2)
        assert pool.interrupted
    assert [(result.status, result.attempts) for result in results] == [("stopped", 0)] * 2


def test_logs_are_bounded_and_end_with_the_last_words(tmp_path: Path):
    with Pool(FUNCTIONS, num_workers=1) as pool:
        pool.log_folder = tmp_path / "logs"
        pool.run([do("shout", lines=2000)])
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["worker-0.log", "worker-0.old.log"]
    assert sum(file.stat().st_size for file in files) <= 2 * KEPT_ON_DISK + (1 << 16)
    text = files[1].read_bytes() + files[0].read_bytes()
    assert text.endswith(b"x\nthe last words\n")


def test_what_was_said_before_there_was_a_folder_is_kept(tmp_path: Path):
    with Pool(FUNCTIONS, num_workers=1) as pool:
        pool.run([do("shout", lines=200)])
        pool.log_folder = tmp_path
        assert pool.log_folder == tmp_path
    text = (tmp_path / "worker-0.log").read_bytes()
    assert text.endswith(b"the last words\n")
    assert len(text) <= KEPT_IN_MEMORY


def test_a_log_that_cannot_be_written_harms_nothing(tmp_path: Path):
    (tmp_path / "file").touch()
    log = WorkerLog("worker-0")
    log.folder = tmp_path / "file"
    log.write(b"lost")
    assert log.path == f"{tmp_path}/file/worker-0.log"
