"""A finished run of the tiny experiment, computed once for all test processes."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TINY = str(Path(__file__).parent / "tiny.py")


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Path:
    """The run that all share, computed by one worker process, with its page beside it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "once" / "tiny"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.with_suffix(".html").exists():
            command = ("run", TINY, "--size", "smoke", "--out", str(folder))
            done = subprocess.run(
                [sys.executable, "-m", "goalscope", *command, "--workers", "1"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "They do." in done.stdout
            assert str(folder.with_suffix(".html")) in done.stdout
    return folder


@pytest.fixture(scope="module")
def finished(once: Path, tmp_path_factory) -> Path:
    """A copy of the finished run, for one module."""
    return shutil.copytree(once, tmp_path_factory.mktemp("runs") / "tiny")
