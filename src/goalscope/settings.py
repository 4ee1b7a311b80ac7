"""How an experiment is asked: its function, its sizes, and what `--set` may change."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

import msgspec

from goalscope.errors import UserError, raised
from goalscope.suggestions import suggest

SIZES = ("smoke", "standard", "full")


@dataclass(frozen=True)
class Asked:
    """An experiment function with the arguments it is called with.

    Fields:
        function: returns the experiment.
        settings: its resolved keyword arguments.
    """

    function: Callable[..., Any]
    settings: Mapping[str, Any]


def resolve(module: ModuleType, size: str, overrides: Mapping[str, str]) -> Asked:
    """Return the experiment function of a module and its arguments.

    The function has the module's name. Its keyword parameters are the settings; the
    module's `SIZES` says which of them differ from their defaults at which size;
    `overrides` has the last word, each value as text: numbers, or lists with commas.

    Raises:
        UserError: unknown size or setting, or a value of the wrong type.
    """
    name = module.__name__.rpartition(".")[2]
    function = getattr(module, name, None)
    if not callable(function):
        raise UserError(
            f"{name} defines no function {name!r}; add one that returns an Experiment"
        )
    sizes = getattr(module, "SIZES", {})
    allowed = tuple(sizes) or SIZES
    if size not in allowed:
        raise UserError(f"size {size!r}: {suggest(size, allowed)}")
    parameters = inspect.signature(function).parameters
    settings = {key: parameter.default for key, parameter in parameters.items()}
    settings |= sizes.get(size, {})
    for key, text in overrides.items():
        if key not in parameters:
            raise UserError(
                f"{name} has no setting {key!r}. {suggest(key, tuple(parameters))}"
            )
        settings[key] = value_of(key, text, parameters[key].annotation)
    return Asked(function, settings)


def load_module(name: str, path: str | None) -> ModuleType:
    """Return the experiment's module: a built-in by name, or a user's file by path.

    A user's file may import its neighbours; they come last, so that they hide nothing.
    """
    if path is None:
        return importlib.import_module(name)
    if (folder := str(Path(path).parent)) not in sys.path:
        sys.path.append(folder)
    specification = importlib.util.spec_from_file_location(Path(path).stem, path)
    if specification is None or specification.loader is None:
        raise UserError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} cannot be imported: {raised(error)}") from error
    return module


def value_of(key: str, text: str, annotation: Any) -> Any:
    """Return `text` as a value of the annotated type, a scalar or a tuple of them."""
    many = get_origin(annotation) is tuple
    parts = [part.strip() for part in text.split(",")] if many else [text.strip()]
    parts = [] if many and parts == [""] else parts
    kind = get_args(annotation)[0] if many else annotation
    try:
        values = tuple(_scalar(part, kind) for part in parts)
    except (ValueError, msgspec.ValidationError):
        wanted = (
            f"{kind.__name__}s, separated by commas" if many else f"one {kind.__name__}"
        )
        raise UserError(f"{key}={text!r}: expected {wanted}") from None
    return values if many else values[0]


def _scalar(text: str, kind: type) -> Any:
    if kind is str:
        return text
    value = msgspec.json.decode(text.encode(), type=kind)
    return value
