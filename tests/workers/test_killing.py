"""Workers and drivers may be killed at any moment; the result is the same bytes."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fake_tasks import FUNCTIONS

from goalscope.storage.store import open_folder
from goalscope.workers.process import WorkerProcess
from goalscope.workers.worker_log import WorkerLog

DRIVER = Path(__file__).with_name("fake_tasks.py")
PATIENCE = 60.0
SEEDS = [0, *(pytest.param(n, marks=pytest.mark.science) for n in range(1, 25))]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


def alive(mark: str) -> list[int]:
    """Return the processes that carry a mark in their environment and are no zombies."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark.encode() in (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if marked and state not in "ZX" and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def wait_until_dead(mark: str) -> None:
    end = time.monotonic() + PATIENCE
    while left := alive(mark):
        assert time.monotonic() < end, left
        time.sleep(0.02)


@contextmanager
def driver(
    folder: Path, num_workers: int = 2, seconds: float = 0.2
) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start a driver; give it and the mark of its processes, all dead in the end."""
    mark = f"goalscope-test-{uuid4().hex}"
    command = [sys.executable, str(DRIVER), str(folder), str(num_workers), str(seconds)]
    environment = {**os.environ, "MARK": mark}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process, mark
        finally:
            process.kill()
    wait_until_dead(mark)


def lines(process: subprocess.Popen) -> Iterator[Any]:
    assert process.stdout is not None
    return (json.loads(line) for line in process.stdout if line.endswith(b"\n"))


def finish(folder: Path, num_workers: int = 2, seconds: float = 0.0) -> str:
    """Run a study to its end and return its digest, having checked what lies there."""
    with driver(folder, num_workers, seconds) as (process, _):
        digest = list(lines(process))[-1]
        assert process.wait() == 0
    result = open_folder(folder)
    assert result.digest() == digest
    assert result.missing() == ()
    assert result.verify() == []
    tmp = folder / ".tmp"
    assert not tmp.exists() or list(tmp.iterdir()) == []
    return digest


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return finish(tmp_path_factory.mktemp("undisturbed") / "result", num_workers=1)


def test_a_busy_worker_ends_when_its_driver_is_gone():
    worker = WorkerProcess(
        FUNCTIONS, {"MARK": (mark := uuid4().hex)}, WorkerLog("worker-0")
    )
    worker.send({"kind": "compute", "request": {"do": "wait"}})
    while not worker.receive():
        pass
    assert alive(mark) == [worker.number]
    worker.connection.shutdown(socket.SHUT_RDWR)
    wait_until_dead(mark)
    assert worker.end() == "ended with exit code 0"


def test_the_number_of_workers_changes_nothing(undisturbed: str, tmp_path: Path):
    assert finish(tmp_path / "result", num_workers=3, seconds=0.02) == undisturbed


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_workers_change_nothing(seed: int, undisturbed: str, tmp_path: Path):
    rng = random.Random(seed)
    with driver(tmp_path / "result", num_workers=2, seconds=0.1) as (process, _):
        moments = rng.sample(range(1, 60), 2)
        for number, line in enumerate(lines(process)):
            if number in moments:
                time.sleep(rng.uniform(0, 0.02))
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(line[1:]), signal.SIGKILL)
        assert process.wait() == 0
    assert open_folder(tmp_path / "result").digest() == undisturbed
    assert finish(tmp_path / "result") == undisturbed
    kinds = [event["event"] for event in open_folder(tmp_path / "result").events()]
    assert kinds.count("failed") == 0
    assert kinds.count("retrying") <= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_drivers_change_nothing(seed: int, undisturbed: str, tmp_path: Path):
    rng = random.Random(seed)
    for _ in range(2):
        with driver(tmp_path / "result", num_workers=2, seconds=0.1) as (process, mark):
            stream = lines(process)
            for _ in range(rng.randrange(25)):
                next(stream, None)
            time.sleep(rng.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_until_dead(mark)
        if (tmp_path / "result" / "study.json").exists():
            assert open_folder(tmp_path / "result").verify() == []
    assert finish(tmp_path / "result") == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_at_the_next_report(
    number: signal.Signals, undisturbed: str, tmp_path: Path
):
    with driver(tmp_path / "result", seconds=0.5) as (process, mark):
        stream = lines(process)
        for _ in range(5):
            next(stream)
        process.send_signal(number)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 130
        assert alive(mark) == []
    folder = open_folder(tmp_path / "result")
    assert folder.missing() != ()
    assert folder.verify() == []
    assert "stopped" in [event["event"] for event in folder.events()]
    assert finish(tmp_path / "result") == undisturbed


def test_the_second_signal_stops_at_once(undisturbed: str, tmp_path: Path):
    with driver(tmp_path / "result", seconds=6000) as (process, mark):
        next(lines(process))
        process.send_signal(signal.SIGINT)
        time.sleep(0.6)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 131
        assert alive(mark) == []
    assert finish(tmp_path / "result") == undisturbed


def test_a_second_driver_is_refused(tmp_path: Path):
    with driver(tmp_path / "result", seconds=6000) as (first, _):
        next(lines(first))
        with driver(tmp_path / "result") as (second, _):
            (message,) = lines(second)
            assert second.wait() == 4
    assert f"in use by process {first.pid} on {socket.gethostname()}" in message
