"""Any damage is found, and a full disk or a second driver does none."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import commit, leftovers, plan_of, refusal, study_of, whole

from goalscope.errors import UserError
from goalscope.storage.store import Folder, create_or_open, lock, open_folder


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return whole(tmp_path_factory.mktemp("stored") / "result", num_cells=2)


@settings(max_examples=200)
@given(data=st.data())
def test_any_change_of_any_byte_is_found(stored: Folder, data: st.DataObject):
    files = sorted(p for p in stored.path.rglob("*") if p.is_file() and p.name != ".lock")
    file = data.draw(st.sampled_from(files))
    before = file.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "extend", "remove"]))
    other = bytes([before[place] ^ data.draw(st.integers(1, 255))])
    try:
        if change == "remove":
            file.unlink()
        else:
            file.write_bytes(
                {
                    "flip": before[:place] + other + before[place + 1 :],
                    "cut": before[:place],
                    "extend": before + other,
                }[change]
            )
        problems = stored.verify()
    finally:
        file.write_bytes(before)
    relative = str(file.relative_to(stored.path))
    found = {problem.path for problem in problems}
    removed_summary = change == "remove" and relative == "summary.json"
    assert relative in found or removed_summary


def test_extra_files_and_links_are_found(tmp_path: Path):
    folder = whole(tmp_path)
    cells = tmp_path / "cells"
    first = cells / plan_of(0).key
    (first / ".tmpAbC123").write_bytes(b"zeros")
    (first / "curves.safetensors").rename(tmp_path / "elsewhere")
    (first / "curves.safetensors").symlink_to(tmp_path / "elsewhere")
    (cells / plan_of(1).key).rename(tmp_path / "cell")
    (cells / plan_of(1).key).symlink_to(tmp_path / "cell")
    (cells / plan_of(2).key).rename(cells / ("0" * 16))
    found = {problem.path: problem.message for problem in folder.verify()}
    name = f"cells/{plan_of(0).key}"
    assert found[f"{name}/.tmpAbC123"] == "not in the cell's record"
    assert found[f"{name}/curves.safetensors"] == "not a regular file"
    assert found[f"cells/{plan_of(1).key}"] == "not a folder"
    assert found[f"cells/{'0' * 16}"] == "not in the study"
    assert "gone or another" in found["summary.json"]
    assert folder.finished_cells() == ()


def test_a_cell_under_another_name_is_damaged(tmp_path: Path):
    folder = create_or_open(tmp_path, study_of())
    commit(folder, plan_of(0))
    cells = tmp_path / "cells"
    shutil.copytree(cells / plan_of(0).key, cells / plan_of(1).key)
    assert folder.finished_cells() == (plan_of(0).key,)
    assert "another cell" in folder.verify()[0].message


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/goalscope")):
        assert str(path) in refusal(4, create_or_open, path, study_of())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path):
    folder = whole(tmp_path)
    tmp_path.chmod(0o500)
    try:
        refusal(4, create_or_open, tmp_path, study_of())
        assert open_folder(tmp_path).digest() == folder.digest()
    finally:
        tmp_path.chmod(0o700)


def test_too_little_space_is_said_before(tmp_path: Path):
    with pytest.raises(UserError, match="MB are needed") as error:
        create_or_open(tmp_path, study_of(), bytes_needed=1 << 60)
    assert error.value.exit_code == 4


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(path)]
    if (
        not shutil.which("mount")
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


@contextmanager
def small_files(path: Path) -> Iterator[None]:
    path.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [small_disk, small_files])
def test_a_full_disk_costs_only_the_cell_that_did_not_fit(limit: Any, tmp_path: Path):
    path = tmp_path / "disk"
    with limit(path):
        folder = create_or_open(path / "result", study_of())
        commit(folder, plan_of(0))
        big = {"curves": {"return": np.zeros(1 << 17, np.float32)}}
        with pytest.raises(UserError, match="no space left to write") as error:
            folder.commit(plan_of(1), big, seconds=1.0, fingerprint={}, metadata={})
        assert error.value.exit_code == 4
        assert "run the same command again" in str(error.value)
        assert leftovers(folder.path) == []
        assert folder.finished_cells() == (plan_of(0).key,)
        assert folder.verify() == []
        commit(folder, plan_of(1))
        assert folder.verify() == []


def test_a_full_disk_keeps_the_old_summary(tmp_path: Path):
    folder = whole(tmp_path / "result")
    with small_files(tmp_path / "unused"), pytest.raises(UserError, match="no space left"):
        folder.write_summary({"verdict": "x" * (1 << 17)})
    summary = folder.summary()
    assert summary is not None
    assert summary.content == {"verdict": "mixed"}
    assert folder.verify() == []


HOLD = """
import sys, time
from pathlib import Path
from goalscope.storage.store import lock, open_folder
with lock(open_folder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_driver_is_told_who_is_first(tmp_path: Path):
    folder = whole(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        (tmp_path / ".tmp").mkdir(exist_ok=True)
        (tmp_path / ".tmp" / "work of the first").mkdir()
        message = refusal(4, lock(folder).__enter__)
        assert f"process {first.pid} on {os.uname().nodename}" in message
        assert f"process {first.pid} on" in refusal(4, lock(folder).__enter__)
        create_or_open(tmp_path, study_of())
        assert leftovers(tmp_path) == ["work of the first"]
        first.send_signal(signal.SIGKILL)
    with lock(folder):
        assert leftovers(tmp_path) == []
        assert f"process {os.getpid()} on" in refusal(4, lock(folder).__enter__)
    with lock(folder):
        pass
