"""The documents say what is true: code runs, links lead somewhere, nothing is left out."""

import doctest
import re
import runpy
import shlex
from pathlib import Path

import pytest
from cyclopts import CycloptsError

from goalscope.cli.app import app
from goalscope.discovery import find

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> list[tuple[int, str]]:
    """Return the line number and the text of every fenced block in one language."""
    text = path.read_text("utf-8")
    return [
        (text.count("\n", 0, match.start()) + 1, match[2])
        for match in BLOCK.finditer(text)
        if match[1] == language
    ]


def commands() -> list[tuple[str, list[str]]]:
    """Return every command line shown: what follows `$ ` in console blocks, and where."""
    return [
        (f"{ids(path)}:{line}", shlex.split(shown.removeprefix("$ "), comments=True))
        for path in DOCUMENTS
        for line, block in blocks(path, "console")
        for shown in block.replace("\\\n", " ").splitlines()
        if shown.startswith("$ ")
    ]


def with_python() -> list[Path]:
    return [path for path in DOCUMENTS if blocks(path, "python")]


@pytest.mark.parametrize("path", with_python(), ids=ids)
def test_code_in_documents_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": path.stem}
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    for line, block in blocks(path, "python"):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(
                block, names, ids(path), str(path), line
            )
            runner.run(test, clear_globs=False)
            names |= test.globs
        else:
            exec(compile("\n" * line + block, str(path), "exec"), names)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_links_lead_somewhere(path: Path):
    targets = LINK.findall(path.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not leads_somewhere(path, target)] == []


def leads_somewhere(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (path.parent / name) if name else path
    if not anchor:
        return file.exists()
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
    return anchor in slugs


def defines(path: Path, name: str) -> bool:
    return path.exists() and f"\ndef {name}(" in path.read_text("utf-8")


def test_tests_that_are_named_exist():
    named = {
        match
        for path in DOCUMENTS
        for match in re.findall(r"`(tests/\S+\.py)::(\w+)`", path.read_text("utf-8"))
    }
    lost = [(file, name) for file, name in named if not defines(ROOT / file, name)]
    assert named
    assert lost == []


def test_make_commands_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    asked = [
        (where, word)
        for where, words in commands()
        for word in words[1:]
        if words[0] == "make"
    ]
    assert [a for a in asked if a[1] not in targets and "=" not in a[1]] == []


def test_commands_of_goalscope_can_be_typed():
    for where, words in commands():
        if words[0] == "goalscope":
            try:
                app.parse_args(words[1:], exit_on_error=False, print_error=False)
            except CycloptsError as error:
                pytest.fail(f"{where}: {error}")


def test_the_zoo_has_as_many_kinds_as_the_documents_say():
    said = [
        int(number)
        for path in DOCUMENTS
        for number in re.findall(r"(\d+) kinds of (?:them|agents)", path.read_text("utf-8"))
    ]
    assert said
    assert set(said) == {len(find("zoo"))}


def test_the_reference_is_current():
    page = runpy.run_path(str(ROOT / "docs" / "write_reference.py"))["page"]
    assert page() == (ROOT / "docs" / "reference.md").read_text("utf-8"), "run `make docs`"
