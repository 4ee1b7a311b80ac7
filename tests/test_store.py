"""Result folders: nothing is lost, nothing damaged believed, nothing foreign touched."""

import json
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

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goalscope.errors import UserError
from goalscope.sealed import MAX_DEPTH, canonical_bytes, parse_json, seal
from goalscope.store import Folder, create_or_open, lock, open_folder
from goalscope.study import CellPlan, Study, cell_key

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner),
    max_leaves=8,
)


def plan_of(number: int) -> CellPlan:
    agents = (2 * number, 2 * number + 1)
    return CellPlan(
        description={"arm": f"alpha={number}", "agents": list(agents), "width": 8},
        kind="arm",
        arm=f"alpha={number}",
        agents=agents,
        block_width=8,
    )


def study_of(num_cells: int = 3, **changes: Any) -> Study:
    study = Study(
        experiment="goalscope.experiments.corner_mixture:corner_mixture",
        name="corner_mixture",
        question="What is learnt?",
        size="small",
        seed=0,
        settings={"alphas": (0, 0.5)},
        command="goalscope run corner_mixture",
        cells=tuple(plan_of(number) for number in range(num_cells)),
        fingerprint={"python": "3"},
    )
    return msgspec.structs.replace(study, **changes)


def arrays_of(plan: CellPlan) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(plan.agents)
    return {
        "curves": {"return": rng.normal(size=(2, 5)).astype(np.float32)},
        "readings": {"cheese": rng.normal(size=2), "included": np.array([True, False])},
    }


def commit(folder: Folder, plan: CellPlan, seconds: float = 1.0) -> None:
    folder.commit(
        plan, arrays_of(plan), seconds=seconds, fingerprint={}, metadata={"unit": "share"}
    )


def whole(path: Path, num_cells: int = 3) -> Folder:
    folder = create_or_open(path, study_of(num_cells))
    with lock(folder):
        for plan in folder.missing():
            commit(folder, plan)
        folder.write_summary({"verdict": "mixed"})
    return folder


def refusal(code: int, call: Any, *arguments: Any) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    assert error.value.exit_code == code
    return str(error.value)


def snapshot(path: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()
    }


def leftovers(path: Path) -> list[str]:
    folder = path / ".tmp"
    return [entry.name for entry in folder.iterdir()] if folder.exists() else []


# ---- JSON


@given(PLAIN)
def test_canonical_bytes_come_back(value: object):
    data = canonical_bytes(value)
    assert canonical_bytes(parse_json(data)) == data
    assert json.loads(data) == msgspec.json.decode(data)


def test_half_characters_are_named():
    with pytest.raises(ValueError, match=r"\$\.a\[0\] holds half a character"):
        canonical_bytes({"a": ["\ud800"]})
    with pytest.raises(ValueError, match="half a character"):
        parse_json(b'"\\ud800"')


@given(st.permutations(["seed", "arm", "width", "agents"]))
def test_a_key_does_not_depend_on_the_order_of_its_description(order: list[str]):
    values = {"seed": 0, "arm": "ä", "width": 8, "agents": (0, 1)}
    assert cell_key({name: values[name] for name in order}) == cell_key(values)
    assert cell_key(values | {"width": 16}) != cell_key(values)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [float("nan")]}, r"\$\.a\[0\] is nan"),
        ({"a": float("inf")}, r"\$\.a is inf"),
        ({"a": 1 << 63}, "does not fit into 64 bits"),
        ({1: 2}, r"\$ holds a int"),
        ({"a": np.float32(1)}, r"\$\.a holds a float32"),
        ({"a": b"x"}, r"\$\.a holds a bytes"),
    ],
)
def test_what_is_not_json_is_named_with_its_place(value: dict[Any, Any], message: str):
    with pytest.raises((ValueError, TypeError), match=message):
        canonical_bytes(value)


DAMAGED_JSON = {
    "empty": b"",
    "nothing of ours": b'{"name": "another program"}\n',
    "list": b"[]",
    "torn": b'{"format_version":1,"record":{',
    "duplicate keys": b'{"format_version":1,"format_version":1}',
    "NaN": b'{"format_version":NaN}',
    "overflow": b'{"format_version":1e999}',
    "huge integer": b'{"format_version":' + b"9" * 5000 + b"}",
    "deep": b"[" * 200_000,
    "nested more than allowed": b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
    "not UTF-8": b'{"format_version":"\xff"}',
    "half a character": b'{"format_version":"\\ud800"}',
    "wrong record": b'{"format_version":1,"record":5,"sha256":"x"}\n',
}


@pytest.mark.parametrize("data", DAMAGED_JSON.values(), ids=DAMAGED_JSON.keys())
@pytest.mark.parametrize("name", ["study.json", "summary.json", "cell.json"])
def test_foreign_json_is_refused_with_its_path(name: str, data: bytes, tmp_path: Path):
    folder = whole(tmp_path, num_cells=1)
    file = next(tmp_path.rglob(name))
    file.write_bytes(data)
    if name == "study.json":
        assert str(file) in refusal(3, open_folder, tmp_path)
        assert str(file) in refusal(3, create_or_open, tmp_path, study_of(1))
    elif name == "summary.json":
        assert str(file) in refusal(3, folder.summary)
    else:
        assert str(file) in refusal(3, folder.read, plan_of(0).key)
        assert folder.finished_cells() == ()


def test_unknown_fields_and_wrong_types_are_refused(tmp_path: Path):
    folder = whole(tmp_path, num_cells=1)

    class Other(msgspec.Struct):
        content: int
        cells: dict[str, str]

    (tmp_path / "summary.json").write_bytes(seal(Other(5, {})))
    assert "content" in refusal(3, folder.summary)


def test_another_format_is_refused_by_number(tmp_path: Path):
    whole(tmp_path, num_cells=1)
    file = tmp_path / "study.json"
    file.write_bytes(
        file.read_bytes().replace(b'"format_version":1', b'"format_version":7')
    )
    message = refusal(3, open_folder, tmp_path)
    assert "format version 7" in message
    assert "reads version 1" in message


# ---- a folder


def test_what_is_committed_comes_back(tmp_path: Path):
    folder = whole(tmp_path / "new" / "result")
    again = open_folder(folder.path)
    assert again.finished_cells() == tuple(plan.key for plan in study_of().cells)
    assert again.missing() == ()
    assert again.verify() == []
    for plan in study_of().cells:
        record = again.read(plan.key)
        assert cell_key(record.description) == plan.key
        assert (record.agents, record.arm, record.kind) == (plan.agents, plan.arm, "arm")
        assert record.metadata == {"unit": "share"}
        for name, arrays in arrays_of(plan).items():
            loaded = again.load(plan.key, name)
            assert {n: a.tobytes() for n, a in loaded.items()} == {
                n: a.tobytes() for n, a in arrays.items()
            }
    summary = again.summary()
    assert summary is not None
    assert summary.content == {"verdict": "mixed"}
    assert summary.cells == again.content()
    assert leftovers(folder.path) == []


def test_the_same_study_is_continued(tmp_path: Path):
    folder = create_or_open(tmp_path, study_of())
    commit(folder, plan_of(1))
    asked = study_of(
        command="another way", question="New words?", fingerprint={"python": "4"}
    )
    again = create_or_open(tmp_path, asked)
    assert again.missing() == (plan_of(0), plan_of(2))
    assert again.missing([plan_of(1), plan_of(2)]) == (plan_of(2),)
    assert again.study.fingerprint == {"python": "3"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "seed: 0 there, 1 asked"),
        ({"settings": {"alphas": [0, 0.25]}}, 'settings: {"alphas":[0,0.5]} there'),
        ({"cells": study_of(2).cells}, "cells: 3 there, 2 asked, 2 in both"),
    ],
)
def test_another_study_is_refused(changes: dict[str, Any], words: str, tmp_path: Path):
    whole(tmp_path)
    before = snapshot(tmp_path)
    message = refusal(2, create_or_open, tmp_path, study_of(**changes))
    assert words in message
    assert "Choose another folder" in message
    assert snapshot(tmp_path) == before


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "thesis.tex" in refusal(2, create_or_open, tmp_path, study_of())
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_lost_study_keeps_its_cells(tmp_path: Path):
    whole(tmp_path)
    (tmp_path / "study.json").unlink()
    assert "no study.json" in refusal(2, open_folder, tmp_path)
    assert create_or_open(tmp_path, study_of()).missing() == ()


def test_no_result_is_said_so(tmp_path: Path):
    assert "is not a folder" in refusal(2, open_folder, tmp_path / "typo")
    (tmp_path / "file").touch()
    assert "is not a folder" in refusal(2, open_folder, tmp_path / "file")


@pytest.mark.parametrize("name", ["cells", ".tmp", "events.jsonl", ".lock", "summary.json"])
def test_links_lead_nowhere(name: str, tmp_path: Path):
    whole(tmp_path / "result")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").touch()
    part = tmp_path / "result" / name
    shutil.rmtree(part, ignore_errors=True)
    part.unlink(missing_ok=True)
    part.symlink_to(victim)
    assert "is a link" in refusal(3, open_folder, tmp_path / "result")
    assert "is a link" in refusal(3, create_or_open, tmp_path / "result", study_of())
    assert (victim / "precious").exists()


def test_names_are_never_paths(tmp_path: Path):
    folder = create_or_open(tmp_path / "result", study_of())
    plan = plan_of(0)
    for name in ("../out", "/etc/out", "a/b", "..", ".hidden", "a\n", "", "x" * 80):
        with pytest.raises(ValueError, match="is not 1 to 80 of"):
            folder.commit(plan, {name: {}}, seconds=0.0, fingerprint={}, metadata={})
    for key in ("../../etc", "", ".", "0" * 16):
        with pytest.raises(KeyError, match="has no cell"):
            folder.read(key)
    with pytest.raises(KeyError, match="has no cell"):
        commit(folder, plan_of(9))
    assert {entry.name for entry in tmp_path.iterdir()} == {"result"}
    assert leftovers(folder.path) == []
    assert folder.finished_cells() == ()


def test_a_cell_lists_its_files_when_asked_for_another(tmp_path: Path):
    folder = whole(tmp_path)
    with pytest.raises(
        KeyError, match=r"curves\.safetensors, readings\.safetensors; not a"
    ):
        folder.load(plan_of(0).key, "agents")


def test_the_digest_is_of_content_alone(tmp_path: Path):
    forwards, backwards = (create_or_open(tmp_path / n, study_of()) for n in ("a", "b"))
    for plan in study_of().cells:
        commit(forwards, plan, seconds=1.0)
    empty = backwards.digest()
    for plan in reversed(study_of().cells):
        commit(backwards, plan, seconds=2.0)
        assert backwards.digest() != empty
    backwards.write_summary({})
    assert forwards.digest() == backwards.digest()
    other = create_or_open(tmp_path / "c", study_of(1))
    arrays = arrays_of(plan_of(0))
    arrays["curves"]["return"][0, 0] += 1
    other.commit(plan_of(0), arrays, seconds=1.0, fingerprint={}, metadata={})
    assert other.content().keys() <= forwards.content().keys()
    assert other.content().items().isdisjoint(forwards.content().items())


def test_a_whole_cell_is_never_replaced(tmp_path: Path):
    folder = whole(tmp_path)
    before = snapshot(tmp_path / "cells")
    commit(folder, plan_of(0), seconds=99.0)
    assert snapshot(tmp_path / "cells") == before
    assert leftovers(tmp_path) == []


def test_a_damaged_cell_is_replaced_and_kept_aside(tmp_path: Path):
    folder = whole(tmp_path)
    digest = folder.digest()
    file = tmp_path / "cells" / plan_of(0).key / "curves.safetensors"
    file.write_bytes(b"damaged")
    assert folder.missing() == (plan_of(0),)
    commit(folder, plan_of(0))
    assert folder.verify() == []
    assert folder.digest() == digest
    aside = list((tmp_path / ".damaged").glob("*/curves.safetensors"))
    assert [path.read_bytes() for path in aside] == [b"damaged"]


def test_damaged_cells_can_be_discarded_without_loss(tmp_path: Path):
    folder = whole(tmp_path)
    cell = tmp_path / "cells" / plan_of(1).key
    data = bytearray((cell / "readings.safetensors").read_bytes())
    data[-1] ^= 1
    (cell / "readings.safetensors").write_bytes(data)
    (tmp_path / "cells" / "stray").mkdir()
    assert "damaged" in refusal(3, folder.load, plan_of(1).key, "readings")
    assert sorted(folder.discard_damaged()) == sorted([plan_of(1).key, "stray"])
    assert folder.missing() == (plan_of(1),)
    assert [problem.path for problem in folder.verify()] == ["summary.json"]
    assert len(list((tmp_path / ".damaged").iterdir())) == 2
    commit(folder, plan_of(1))
    assert folder.verify() == []
    assert folder.discard_damaged() == ()


# ---- damage


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


# ---- events


def test_events_are_kept_in_order(tmp_path: Path):
    folder = create_or_open(tmp_path, study_of())
    assert folder.events() == []
    for number in range(3):
        folder.log_event("progress", update=number)
    assert [event["update"] for event in folder.events()] == [0, 1, 2]
    assert all(event["time"].endswith("+00:00") for event in folder.events())


@given(cut=st.integers(1, 200))
def test_a_torn_last_line_is_ignored_and_repaired(
    tmp_path_factory: pytest.TempPathFactory, cut: int
):
    path = tmp_path_factory.mktemp("torn")
    folder = create_or_open(path, study_of())
    for number in range(3):
        folder.log_event("progress", update=number)
    data = (path / "events.jsonl").read_bytes()
    (path / "events.jsonl").write_bytes(data[:-cut])
    kept = [event["update"] for event in folder.events()]
    assert kept == [0, 1, 2][: len(kept)]
    folder.log_event("progress", update=9)
    assert [event["update"] for event in folder.events()] == [*kept, 9]


def test_long_events_are_shortened_to_one_write(tmp_path: Path):
    folder = create_or_open(tmp_path, study_of())
    folder.log_event("failed", message="x" * 10_000, cell="abc")
    assert (tmp_path / "events.jsonl").stat().st_size < 4096
    assert folder.events()[0]["cell"] == "abc"
    assert folder.events()[0]["message"].endswith("x…")


# ---- the environment


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
from goalscope.store import lock, open_folder
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
