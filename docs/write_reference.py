"""Write docs/reference.md: commands, public names, and whatever can be listed."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import goalscope
from goalscope.cli.app import app
from goalscope.discovery import KINDS, find

PAGE = Path(__file__).with_name("reference.md")
INTRODUCTION = """# Reference

Written by `make docs` from the docstrings. `goalscope COMMAND --help` and `goalscope list`
print the same; a module's docstring says the rest: `python -m pydoc goalscope.solve`.
"""


def page() -> str:
    """Return the text of the page."""
    typed = ((f"`goalscope {name}`", first_line(app[name].help)) for name in commands())
    sections = [
        INTRODUCTION,
        section("Commands", ("command", "what it does"), typed),
        section("Names of `goalscope`", ("name", "module", "what it is"), public_names()),
    ]
    for kind in KINDS:
        found = ((f"`{e.name}`", f"`{e.module}`", e.summary) for e in find(kind))
        sections.append(section(kind.capitalize(), ("name", "module", "what it is"), found))
    return "\n".join(sections)


def section(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a heading and a table."""
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *escaped]
    table = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([f"## {title}", "", *table, ""])


def commands() -> Iterator[str]:
    """Yield the commands of the command line."""
    return (name for name in sorted(app) if not name.startswith("-"))


def first_line(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").partition("\n")[0]


def public_names() -> Iterator[tuple[str, str, str]]:
    """Yield name, module and summary of everything that `goalscope` itself offers."""
    for name in goalscope.__all__:
        module = home(name)
        tree = ast.parse(source(module).read_text("utf-8"))
        (node,) = (node for node in tree.body if getattr(node, "name", "") == name)
        assert isinstance(node, ast.ClassDef | ast.FunctionDef)
        yield f"`{name}`", f"`{module}`", first_line(ast.get_docstring(node))


def home(name: str) -> str:
    """Return the module from which `goalscope` takes a public name."""
    tree = ast.parse(source("goalscope").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    (module,) = (i.module for i in imports for alias in i.names if alias.asname == name)
    assert module is not None
    return module


def source(module: str) -> Path:
    """Return the file of a module."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
