"""Write docs/reference.md: whatever can be listed, as its own docstring sums it up."""

from pathlib import Path

from goalscope.discovery import KINDS, find

PAGE = Path(__file__).with_name("reference.md")
INTRODUCTION = """# Reference

Written by `make docs` from the docstrings; `goalscope list` prints the same. The docstring
of each module says the rest: `python -m pydoc goalscope.worlds.corner`.
"""


def page() -> str:
    """Return the text of the page."""
    return "\n".join([INTRODUCTION, *(section(kind) for kind in KINDS)])


def section(kind: str) -> str:
    """Return the table of one kind of thing."""
    rows = [f"| `{e.name}` | `{e.module}` | {cell(e.summary)} |" for e in find(kind)]
    head = [
        f"## {kind.capitalize()}",
        "",
        "| name | module | what it is |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def cell(text: str) -> str:
    """Return text that stays within one cell of a table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
