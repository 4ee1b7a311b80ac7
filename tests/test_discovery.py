"""Finding things by reading them: what counts, what is refused, and that nothing runs."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.discovery import KINDS, find, find_instrument, resolve_experiment
from goalscope.errors import UserError
from goalscope.suggestions import suggest

NEVER_RUN = 'raise RuntimeError("this file was imported")\n'
EXPERIMENT = f'''"""Does a plug-in ask questions?

More about it.
"""
{NEVER_RUN}
def asking(num_agents: int = 8) -> Experiment: ...
'''
THINGS = f'''{NEVER_RUN}
class Maze(base.AbstractGridWorld[Level, State]):
    """A maze."""

class AbstractMaze(AbstractWorld): ...
class _Hidden(AbstractWorld): ...
class Walls: ...
class Eye(AbstractInstrument):
    def read(self): ...
'''


def install(folder: Path, distribution: str, modules: str) -> None:
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[goalscope.plugins]\n{modules}\n")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution whose package holds two modules, and a module on its own."""
    package = tmp_path / "askers" / "inner"
    package.mkdir(parents=True)
    for parent in (package, package.parent):
        (parent / "__init__.py").write_text(NEVER_RUN)
    (package / "asking.py").write_text(EXPERIMENT)
    (tmp_path / "askers_things.py").write_text(THINGS)
    install(tmp_path, "askers", "one = askers.inner\ntwo = askers_things")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_plugin_is_found_without_being_imported(plugin: Path):
    (asking,) = (e for e in find("experiments") if e.module.startswith("askers"))
    assert (asking.name, asking.module) == ("asking", "askers.inner.asking")
    assert asking.summary == "Does a plug-in ask questions?"
    assert asking.path == plugin / "askers" / "inner" / "asking.py"
    assert not any(name.startswith("askers") for name in sys.modules)


def test_only_public_final_classes_are_found(plugin: Path):
    names = {
        kind: [entry.name for entry in find(kind) if entry.module == "askers_things"]
        for kind in KINDS
    }
    assert names.pop("worlds") == ["Maze"]
    assert names.pop("instruments") == ["Eye"]
    assert not any(names.values())


def test_a_plugin_experiment_is_meant_by_name_or_module(plugin: Path):
    by_name, by_module = (
        resolve_experiment("asking"),
        resolve_experiment("askers.inner.asking"),
    )
    assert by_name == by_module
    assert by_name.path.is_absolute()


def test_two_experiments_of_one_name_must_be_told_apart(plugin: Path):
    (plugin / "asking.py").write_text(EXPERIMENT)
    install(plugin, "more", "one = asking")
    with pytest.raises(UserError, match=r"may be askers\.inner\.asking or asking"):
        resolve_experiment("asking")
    assert resolve_experiment("askers.inner.asking").module == "askers.inner.asking"


def test_a_plugin_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install(tmp_path, "gone", "lost = no.such.module")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"'lost' names the module 'no\.such\.module'"):
        find("worlds")


def test_a_plugin_that_is_not_python_is_named(plugin: Path):
    (plugin / "askers_things.py").write_text("class class")
    with pytest.raises(UserError, match=r"askers_things\.py cannot be read as Python"):
        find("worlds")


def test_every_builtin_says_what_it_is():
    silent = [entry for kind in KINDS for entry in find(kind) if not entry.summary]
    assert silent == []


def test_every_builtin_with_sizes_is_an_experiment():
    folder = Path(__file__).parents[1] / "src" / "goalscope" / "experiments"
    sized = {path.stem for path in folder.glob("*.py") if "\nSIZES" in path.read_text()}
    assert {e.name for e in find("experiments") if e.path.parent == folder} == sized


def test_builtins_are_found_by_name():
    for entry in find("experiments"):
        found = resolve_experiment(entry.name)
        assert (found.module, found.path) == (entry.module, entry.path)


def test_an_unknown_name_brings_the_nearest_and_all(plugin: Path):
    with pytest.raises(UserError, match=r"Did you mean asking.*run by its path"):
        resolve_experiment("askng")
    with pytest.raises(UserError, match="Did you mean worlds"):
        find("world")


def test_a_file_of_ones_own_is_meant_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mine.py").write_text(NEVER_RUN)
    monkeypatch.chdir(tmp_path)
    for reference in ("mine.py", "./mine.py", str(tmp_path / "mine.py")):
        found = resolve_experiment(reference)
        assert (found.name, found.module, found.path) == (
            "mine",
            None,
            tmp_path / "mine.py",
        )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("./mien.py", r"Did you mean mine\.py"),
        ("nowhere/mine.py", "There are none"),
        ("./", "is a folder"),
        ("folder.py", "is a folder"),
        ("./notes.txt", r"must end in \.py"),
        ("./my-file.py", "called like the function in it"),
        ("./" + "x" * 300 + ".py", "cannot be opened"),
    ],
)
def test_a_path_that_cannot_be_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
):
    (tmp_path / "folder.py").mkdir()
    for name in ("mine.py", "notes.txt", "my-file.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        resolve_experiment(reference)


@given(st.text())
def test_no_reference_brings_anything_but_a_message(reference: str):
    try:
        found = resolve_experiment(reference)
    except UserError as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert found.path.is_file()


@given(st.sampled_from(["corner_mixture", "corner_size", "dish"]), st.data())
def test_one_wrong_letter_is_understood(word: str, data: st.DataObject):
    position = data.draw(st.integers(0, len(word) - 1))
    typo = word[:position] + data.draw(st.characters()) + word[position + 1 :]
    assert suggest(typo, ["corner_mixture", "dish", "corner_size"]).startswith(
        "Did you mean "
    )


@pytest.mark.parametrize(
    "name", ["GoalKind", "goal_kind", "goalscope.instruments.goal_kind"]
)
def test_an_instrument_goes_by_its_class_and_by_its_module(name: str):
    assert find_instrument(name).name == "GoalKind"


@pytest.mark.parametrize("name", ["GoalKnd", "goal_knd"])
def test_a_misspelt_instrument_is_answered_with_the_names_of_classes(name: str):
    with pytest.raises(UserError, match=r"Did you mean GoalKind\? There are: CodeLength, "):
        find_instrument(name)


def test_instruments_can_be_chosen_from_some():
    assert find_instrument("GoalScore", ("goal_score",)).name == "GoalScore"
    with pytest.raises(UserError, match="There are: GoalScore"):
        find_instrument("goal_kind", ("goal_score",))
