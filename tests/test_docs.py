"""The documents say what is true: code runs, links lead somewhere, nothing is left out."""

import ast
import doctest
import re
import runpy
from functools import cache
from pathlib import Path

import pytest

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


def commands() -> list[tuple[str, str]]:
    """Return every command line shown: what follows `$ ` in console blocks, and where."""
    return [
        (f"{ids(path)}:{line}", shown.removeprefix("$ ").strip())
        for path in DOCUMENTS
        for line, block in blocks(path, "console")
        for shown in block.replace("\\\n", " ").splitlines()
        if shown.startswith("$ ")
    ]


@cache
def everything_written() -> str:
    written = [p for p in DOCUMENTS if p.name != "CHANGELOG.md"]
    return "\n".join(path.read_text("utf-8") for path in written)


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


def test_make_commands_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    asked = {
        (where, word)
        for where, command in commands()
        if command.startswith("make")
        for word in command.split()[1:]
        if "=" not in word
    }
    assert {(where, word) for where, word in asked if word not in targets} == set()


def test_the_reference_is_current():
    page = runpy.run_path(str(ROOT / "docs" / "write_reference.py"))["page"]
    assert page() == (ROOT / "docs" / "reference.md").read_text("utf-8"), "run `make docs`"


def test_every_public_name_is_written_about():
    tree = ast.parse((ROOT / "src" / "goalscope" / "__init__.py").read_text("utf-8"))
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("goalscope")
        for alias in node.names
    }
    public = {name for name in names if not name.startswith("_")}
    assert {name for name in public if name not in everything_written()} == set()
