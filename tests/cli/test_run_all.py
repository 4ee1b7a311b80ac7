"""`goalscope run all`: failures are told and passed over, and what is finished is kept."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from tests.report import computed
from tests.report.html_reading import read

from goalscope.cli import running_all
from goalscope.cli.app import main
from goalscope.cli.running import Asked
from goalscope.cli.running_all import run_all
from goalscope.discovery import Entry
from goalscope.errors import UserError
from goalscope.result import Outcome

EXPERIMENT = '''"""{question}"""

from pathlib import Path

import numpy as np

from goalscope.claims.means import Above
from goalscope.experiment import ComputedArm, Experiment, Readout
from goalscope.procedure import Findings, Procedure, measured

SIZES = {{"smoke": {{"agents": 8}}, "standard": {{}}}}


def draw(numbers, seed, report, *, high=1.0):
    if Path(__file__).with_name("{name}.broken").exists():
        raise RuntimeError("this arm cannot be computed")
    values = high - 0.01 * np.asarray(numbers, float)[:, None, None]
    return Findings((0,), {{"kit": measured(values)}})


def {name}(*, agents: int = 16) -> Experiment:
    return Experiment(
        arms={{"a": ComputedArm(title="a", procedure=Procedure(draw), agents=agents)}},
        readouts={{"kit": Readout(readings=("flip",), unit="share")}},
        claims=(
            Above(
                text="{name} flips.", arm="a", on="kit.flip", threshold=0.5,
                source="{source}",
            ),
        ),
    )
'''
SOURCES = {"first": "001 K1", "second": "000 S10", "third": "000 S2"}
SMOKE = Asked("all", "smoke", 0, ())


def entries(folder: Path, names: Iterable[str] = tuple(SOURCES)) -> list[Entry]:
    """Return experiments that are the files of a folder."""
    return [
        Entry(name, str(folder / f"{name}.py"), f"Does {name}?", folder / f"{name}.py")
        for name in names
    ]


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three experiments, of which the second is broken."""
    for name, source in SOURCES.items():
        question = f"Does {name} flip?"
        text = EXPERIMENT.format(name=name, source=source, question=question)
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "second.broken").touch()
    monkeypatch.setattr(running_all, "find", lambda kind: entries(tmp_path))
    return tmp_path


def cells(folder: Path) -> dict[str, int]:
    found = sorted(folder.glob("*/cells/*/cell.json"))
    return {str(path): path.stat().st_mtime_ns for path in found}


def test_one_that_fails_is_passed_over_and_tried_again(three: Path, capsys):
    out = three / "out"
    command = ["run", "all", "--size", "smoke", "--out", str(out), "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    told, failed = capsys.readouterr()
    assert ended.value.code == 1
    assert "[2 of 3] second" in told
    assert "this arm cannot be computed" in failed
    assert "- second: some cells failed" in told
    assert (out / "third-smoke-seed0.html").exists()
    page = read((out / "all-smoke-seed0.html").read_text())
    assert [a.text for a in page.named("claims").all("a")] == ["third", "first"]
    before = cells(out)
    assert len(before) == 2

    (three / "second.broken").unlink()
    with pytest.raises(SystemExit) as ended:
        main([*command, "--json"])
    assert ended.value.code == 0
    after = cells(out)
    assert len(after) == 3
    assert before == {path: after[path] for path in before}
    found = json.loads(capsys.readouterr().out)
    assert [row["source"] for row in found["claims"]] == ["000 S2", "000 S10", "001 K1"]
    assert {row["verdict"] for row in found["claims"]} == {"supported"}
    assert found["claims"][1]["experiment"] == "second"
    assert found["failed"] == {}
    page = read((out / "all-smoke-seed0.html").read_text())
    links = [a.attributes["href"] for a in page.named("experiments").all("a")]
    assert links == [f"./{name}-smoke-seed0.html" for name in SOURCES]
    assert all((out / link).exists() for link in links)


@pytest.fixture
def pretend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Mapping[str, object]], Path]:
    """Let experiments end as they are told: with an exit code, or with an error."""

    def prepare(ends: Mapping[str, object]) -> Path:
        for name in ends:
            text = EXPERIMENT.format(name=name, source="", question="")
            (tmp_path / f"{name}.py").write_text(text)

        def complete(wanted, terminal, *, out, workers):
            end = ends[Path(wanted.reference).stem]
            if isinstance(end, BaseException):
                raise end
            return out, end

        def reported(path: Path):
            arms = {"a": computed.Condition({"kit.flip": computed.agents(0.5)})}
            return computed.result(arms, name=path.name.partition("-")[0])

        monkeypatch.setattr(running_all, "find", lambda kind: entries(tmp_path, ends))
        monkeypatch.setattr(running_all, "complete", complete)
        monkeypatch.setattr(running_all, "reported", reported)
        return tmp_path / "out"

    return prepare


def ended(out: Path, *, as_json: bool = False) -> int:
    return run_all(SMOKE, out=out, workers=1, as_json=as_json, quiet=True)


def test_a_stop_ends_the_run_and_shows_what_is_there(pretend, capsys):
    out = pretend({"first": 0, "second": 130, "third": 0})
    assert ended(out) == 130
    told = " ".join(capsys.readouterr().out.split())
    assert "1 experiment of 3, then stopped; 1 claim: 1 supported." in told
    assert "goalscope run all --size smoke --seed 0" in told
    assert "third" not in told


def test_every_kind_of_failure_is_passed_over(pretend, capsys):
    errors = {
        "first": UserError("the folder holds another study"),
        "second": ZeroDivisionError("by accident"),
        "third": 1,
        "fourth": 0,
    }
    out = pretend(errors)
    assert ended(out, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["failed"] == {
        "first": "the folder holds another study",
        "second": "ZeroDivisionError: by accident",
        "third": f"some cells failed; see {out / 'third-smoke-seed0'}",
    }
    assert [row["experiment"] for row in found["claims"]] == ["fourth"]
    assert found["claims"][0]["verdict"] == Outcome.SUPPORTED.value


def test_a_second_ctrl_c_is_not_passed_over(pretend):
    out = pretend({"first": KeyboardInterrupt(), "second": 0})
    with pytest.raises(KeyboardInterrupt):
        ended(out)


@pytest.mark.parametrize(
    ("wanted", "workers", "message"),
    [
        (SMOKE._replace(overrides=("agents=3",)), 1, "--set changes one experiment"),
        (SMOKE._replace(size="smok"), 1, "Did you mean smoke"),
        (SMOKE._replace(seed=-1), 1, "a seed is 0 or more"),
        (SMOKE._replace(seed=2**63), 1, "at most 4294967295"),
        (SMOKE, 0, "ask for 1 or more"),
    ],
)
def test_mistakes_are_told_before_anything_is_run(pretend, wanted, workers, message):
    out = pretend({"first": AssertionError("it was run")})
    with pytest.raises(UserError, match=message):
        run_all(wanted, out=out, workers=workers, as_json=False, quiet=True)


def test_a_result_folder_is_no_place_for_many(pretend):
    out = pretend({"first": 0})
    out.mkdir()
    (out / "study.json").write_text("{}")
    with pytest.raises(UserError, match="choose a folder that can hold many"):
        ended(out)
