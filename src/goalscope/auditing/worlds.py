"""A world as an auditor or a policy file writes it: `Corner(shifted_share=1)`."""

import ast
import importlib
from pathlib import Path
from typing import Any

from goalscope.arguments import explained
from goalscope.auditing.refusal import RefusedError
from goalscope.discovery import find
from goalscope.settings import load_module
from goalscope.suggestions import suggest
from goalscope.worlds.base import AbstractSolvableWorld

EXAMPLE = "write it like Corner(shifted_share=1)"


def world_of(text: str, *, may_be_a_file: bool = False) -> AbstractSolvableWorld:
    """Return the world that a text names, with its settings.

    Nothing in the text is run: it is a name, and numbers in brackets.

    Args:
        text: `Corner`, `Corner(size=5)`; with `may_be_a_file` also `./mine.py:Mine(n=5)`.
        may_be_a_file: whether the text comes from somebody who may name files to import.

    Raises:
        RefusedError: it names no world that can be solved.

    >>> world_of("Corner(size=5)").size
    5
    """
    path, _, rest = text.rpartition(":")
    name, options = _parsed(rest)
    if path and not may_be_a_file:
        raise RefusedError(
            f"world {text!r}: a policy file names no other file; use --world"
        )
    module = load_module(Path(path).stem, path) if path else _module(name)
    kind = getattr(module, name, None)
    if not (isinstance(kind, type) and issubclass(kind, AbstractSolvableWorld)):
        raise RefusedError(
            f"{name} is no world whose states are numbered, so none of its levels can be "
            "solved; inherit from AbstractSolvableWorld"
        )
    try:
        return kind(**options)
    except (ValueError, TypeError) as error:
        raise RefusedError(f"world {text!r} cannot be built: {explained(error)}") from error


def _module(name: str) -> Any:
    entries = {entry.name: entry for entry in find("worlds")}
    if name not in entries:
        raise RefusedError(f"there is no world {name!r}. {suggest(name, entries)}")
    return importlib.import_module(entries[name].module)


def _parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return name and settings of a text like `Corner(size=5)`."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise RefusedError(f"world {text[:60]!r} cannot be read; {EXAMPLE}") from error
    if isinstance(tree, ast.Name):
        return tree.id, {}
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)) or tree.args:
        raise RefusedError(f"world {text[:60]!r} cannot be read; {EXAMPLE}")
    options = {}
    for keyword in tree.keywords:
        try:
            options[keyword.arg or "**"] = ast.literal_eval(keyword.value)
        except ValueError as error:
            raise RefusedError(f"world {text[:60]!r} cannot be read; {EXAMPLE}") from error
    return tree.func.id, options
