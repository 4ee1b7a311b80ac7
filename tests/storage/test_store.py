"""Result folders: nothing is lost, nothing foreign touched, names are not paths."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored import arrays_of, commit, leftovers, plan_of, refusal, snapshot, study_of, whole

from goalscope.storage.store import create_or_open, open_folder
from goalscope.storage.study import cell_key


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
