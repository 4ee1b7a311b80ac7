"""What the settings of a study mean, in the words of the classes that they belong to."""

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from goalscope.agents.base import Build
from goalscope.worlds.base import AbstractWorld

_FIELD = re.compile(r"^    (\w+(?:, \w+)*): (.*)$")


def meanings(value: Any) -> dict[str, dict[str, str]]:
    """Return class, as descriptions name it -> field -> what it means, of all in `value`.

    A world's story, the docstring of its module, stands under "".
    """
    found: dict[str, dict[str, str]] = {}
    for kind in dict.fromkeys(_kinds(value)):
        about = {"": _story(kind)} if issubclass(kind, AbstractWorld) else {}
        found[f"{kind.__module__}:{kind.__qualname__}"] = about | field_meanings(kind)
    return found


def field_meanings(kind: type) -> dict[str, str]:
    """Return what the docstrings of a class and of those it inherits from say of fields.

    >>> from goalscope.worlds.corner import Corner
    >>> field_meanings(Corner)["shifted_share"]
    'probability that a level is shifted, in [0, 1] (α).'
    """
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        if parent.__module__ not in ("builtins", "typing", "abc"):
            found |= _below_fields(parent) | _listed(parent)
    return found


def _kinds(value: Any) -> Iterator[type]:
    """Yield the classes of records in `value`, and of the agents that it builds."""
    if isinstance(value, Build):
        # `Planner.init` stands for its class.
        name = value.kind.__qualname__.split(".")[0]
        owner = getattr(sys.modules[value.kind.__module__], name, None)
        if isinstance(owner, type):
            yield owner
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _kinds(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield type(value)
        for each in dataclasses.fields(value):
            yield from _kinds(getattr(value, each.name, None))


def _story(kind: type) -> str:
    return inspect.cleandoc(sys.modules[kind.__module__].__doc__ or "")


def _listed(kind: type) -> dict[str, str]:
    """Return the entries under "Fields:" in the docstring of a class itself."""
    text = inspect.cleandoc(vars(kind).get("__doc__") or "")
    _, _, listed = text.partition("\nFields:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in listed.split("\n"):
        if match := _FIELD.match(line):
            names = match[1].split(", ")
            found |= dict.fromkeys(names, match[2])
        elif line.startswith(" " * 8):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        else:
            break
    return found


def _below_fields(kind: type) -> dict[str, str]:
    """Return the strings that stand below fields in the body of a class."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(below.value.value, str)
    }
