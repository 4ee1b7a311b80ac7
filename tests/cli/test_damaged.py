"""A result that is not whole says so, keeps what is whole, and names what repairs it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from goalscope.cli.showing import show_result, write_report
from goalscope.cli.verifying import verify_results
from goalscope.errors import UserError
from goalscope.storage.store import open_folder

TINY = str(Path(__file__).parent / "tiny.py")
RUN = ("run", TINY, "--size", "smoke")
CLAIM, OTHER = "They do.", "Without the corner first."


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cell_of(folder: Path, arm: str) -> Path:
    plan = next(plan for plan in open_folder(folder).study.cells if plan.arm == arm)
    return folder / "cells" / plan.key


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated readings": lambda cell: truncate(cell / "readings.safetensors"),
    "a flipped bit in the readings": lambda cell: flip(cell / "readings.safetensors"),
    "a truncated record": lambda cell: truncate(cell / "cell.json"),
    "no record": lambda cell: (cell / "cell.json").unlink(),
    "no readings": lambda cell: (cell / "readings.safetensors").unlink(),
    "no cell": shutil.rmtree,
}


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "moved here")


def shown(folder: Path, capsys) -> tuple[int, dict]:
    code = show_result(folder, as_json=True)
    return code, json.loads(capsys.readouterr().out)


def outcomes(told: dict) -> dict[str, str]:
    return {verdict["claim"]: verdict["outcome"] for verdict in told["verdicts"]}


@pytest.mark.parametrize("arm", ["alpha=0", "planner"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_verdict_is_invalid_where_its_cells_are_damaged(copy, capsys, damage, arm):
    """OTHER rests on `alpha=0` alone; CLAIM on `alpha=1` and all planted agents."""
    before = outcomes(shown(copy, capsys)[1])
    DAMAGES[damage](cell_of(copy, arm))
    code, told = shown(copy, capsys)
    assert code == 3
    lost, kept = (OTHER, CLAIM) if arm == "alpha=0" else (CLAIM, OTHER)
    by_claim = {verdict["claim"]: verdict for verdict in told["verdicts"]}
    assert by_claim[lost]["outcome"] == "invalid"
    assert by_claim[lost]["reason"].startswith(f"damaged: the cells of {arm} ")
    assert by_claim[lost]["estimate"] is None
    assert f"--out '{copy}'" in by_claim[lost]["reason"]
    assert by_claim[kept]["outcome"] == before[kept]
    assert arm not in [each["name"] for each in told["arms"]]
    assert {each["name"] for each in told["damage"]} == {arm}
    assert verify_results([copy], 0, workers=1, as_json=True) == 3


def test_what_is_damaged_is_named_in_the_terminal_and_on_the_page(copy, tmp_path, capsys):
    truncate(cell_of(copy, "alpha=0") / "readings.safetensors")
    assert show_result(copy, as_json=False) == 3
    told = capsys.readouterr().out
    assert "100 bytes, expected" in told
    assert f"--size smoke --seed 0 --out '{copy}'" in told
    page = tmp_path / "page.html"
    assert write_report(copy, page) == 3
    html = page.read_text()
    assert "damaged: the cells of alpha=0" in html
    assert html.index("Damaged or missing: alpha=0.") < html.index(OTHER)
    assert "100 bytes, expected" in capsys.readouterr().out


def test_a_garbled_conclusion_is_no_conclusion_and_the_run_mends_it(copy, capsys):
    before = shown(copy, capsys)[1]
    truncate(copy / "summary.json")
    code, told = shown(copy, capsys)
    assert (code, told["verdicts"]) == (3, [])
    assert [each["path"] for each in told["damage"]] == ["summary.json"]
    command = [sys.executable, "-m", "goalscope", *RUN, "--out", str(copy)]
    subprocess.run([*command, "--workers", "1", "--quiet"], check=True)
    after = shown(copy, capsys)
    assert after == (0, before)


def test_a_conclusion_that_is_gone_is_missed(copy, capsys):
    (copy / "summary.json").unlink()
    code, told = shown(copy, capsys)
    assert (code, told["verdicts"]) == (3, [])
    assert verify_results([copy], 0, workers=1, as_json=True) == 3


def test_a_verdict_of_other_cells_than_are_there_is_invalid(copy, capsys):
    """As between a cell's being computed again, otherwise, and the claims' being judged."""
    folder = open_folder(copy)
    summary = folder.summary()
    assert summary is not None
    key = cell_of(copy, "alpha=0").name
    shutil.move(copy / "cells" / key, copy / "aside")
    folder.write_summary(summary.content)
    shutil.move(copy / "aside", copy / "cells" / key)
    code, told = shown(copy, capsys)
    assert code == 3
    assert outcomes(told)[OTHER] == "invalid"
    assert "alpha=0" in [each["name"] for each in told["arms"]]


def test_a_result_of_which_no_arm_is_whole_is_refused_as_damaged(copy):
    for arm in ("alpha=0", "alpha=1"):
        truncate(cell_of(copy, arm) / "readings.safetensors")
    with pytest.raises(UserError, match="To repair it: goalscope run") as error:
        show_result(copy, as_json=True)
    assert error.value.exit_code == 3


def test_a_lost_study_is_refused_with_the_remedy(copy):
    truncate(copy / "study.json")
    with pytest.raises(UserError, match="ask again, into another folder") as error:
        show_result(copy, as_json=True)
    assert error.value.exit_code == 3


def test_verify_says_what_a_run_lacks_and_how_to_go_on(copy, capsys):
    (copy / "summary.json").unlink()
    for plan in open_folder(copy).study.cells:
        if plan.arm in ("alpha=1", "uniform"):
            shutil.rmtree(copy / "cells" / plan.key)
    assert verify_results([copy], 0, workers=1, as_json=False) == 1
    told = capsys.readouterr().out
    assert "all is well" not in told
    assert "missing: alpha=1: 2 of 2 cells" in told
    assert "missing: uniform: 1 of 1 cells" in told
    assert f"To compute what is missing: goalscope run {TINY}" in told
    assert f"--out '{copy}'" in told
    assert verify_results([copy], 0, workers=1, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)["results"][0]
    assert (found["cells"], found["planned"], len(found["missing"])) == (5, 8, 2)


def test_several_results_are_verified_and_what_is_none_is_passed_over(copy, capsys):
    page, other = copy.with_suffix(".html"), copy.parent / "other"
    page.write_text("<!doctype html>")
    shutil.copytree(copy, other)
    assert verify_results([copy, page, other], 0, workers=1, as_json=False) == 0
    told = capsys.readouterr().out
    assert f"{page}: holds no result, passed over" in told
    assert told.count("all is well") == 2
    truncate(cell_of(other, "alpha=0") / "cell.json")
    assert verify_results([copy, page, other], 0, workers=1, as_json=False) == 3
    with pytest.raises(UserError, match="Give the folder that a run wrote"):
        verify_results([page, page], 0, workers=1, as_json=False)
