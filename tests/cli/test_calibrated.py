"""The folder of a calibration is shown, reported and refused like that of a run."""

import json
from pathlib import Path

import pytest
from tests.scoring.made import arrays, perfect, words

from goalscope.cli.calibrated import CALIBRATION
from goalscope.cli.showing import show_result, write_report
from goalscope.errors import UserError
from goalscope.storage.folder import Folder
from goalscope.storage.store import create_or_open
from goalscope.storage.study import CellPlan, Study


@pytest.fixture
def calibration(tmp_path: Path) -> Folder:
    plan = CellPlan(
        description={"trial": "a_meter", "world": "corner", "half": "test"},
        kind="trial", arm="a_meter in corner", agents=tuple(range(24)), block_width=8,
    )  # fmt: skip
    study = Study(
        experiment=CALIBRATION, name="calibration", question="?", size="smoke", seed=0,
        settings={}, command="goalscope calibrate", cells=(plan,), fingerprint={},
    )  # fmt: skip
    return create_or_open(tmp_path / "found", study)


def finish(folder: Folder) -> None:
    kinds, required = perfect(8)
    folder.commit(
        folder.study.cells[0], {"readings": arrays(kinds)}, seconds=1.0, fingerprint={},
        metadata=words(kinds, **required),
    )  # fmt: skip


def test_its_scorecards_are_shown_and_reported(calibration: Folder, capsys):
    finish(calibration)
    assert show_result(calibration.path, as_json=True) == 0
    assert "a_meter" in json.dumps(json.loads(capsys.readouterr().out))
    page = calibration.path.with_suffix(".html")
    assert write_report(calibration.path, page) == 0
    assert "a_meter" in page.read_text()


def test_a_damaged_one_is_refused_with_the_remedy(calibration: Folder):
    finish(calibration)
    readings = next(calibration.path.glob("cells/*/readings.safetensors"))
    readings.write_bytes(readings.read_bytes()[:-1])
    with pytest.raises(UserError, match="To repair it: goalscope calibrate --out") as error:
        show_result(calibration.path, as_json=True)
    assert error.value.exit_code == 3


def test_an_empty_one_is_told_how_to_go_on(calibration: Folder):
    with pytest.raises(UserError, match="To finish it: goalscope calibrate --out"):
        show_result(calibration.path, as_json=False)
