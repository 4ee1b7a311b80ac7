"""An instrument as a user asks for it: its class by name, and its fields as text."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import equinox as eqx
import msgspec
import numpy as np

from goalscope.errors import UserError
from goalscope.experiment import Experiment
from goalscope.goals import Goal, reach
from goalscope.instruments.base import AbstractInstrument
from goalscope.remeasuring.reference import InstrumentReference
from goalscope.settings import load_module, value_of
from goalscope.suggestions import suggest

Kind = TypeVar("Kind", bound=AbstractInstrument)

CANDIDATES = "goals"
"""The field that gets the experiment's candidate goals unless they are given."""


def instrument_of(
    experiment: Experiment, asked: InstrumentReference, texts: Mapping[str, str]
) -> AbstractInstrument:
    """Return the instrument that is asked for, about the experiment's candidate goals.

    Args:
        experiment: whose candidates, and whose instrument if it is a stored one.
        asked: which instrument.
        texts: field -> value as text, what `--set` gives.

    Raises:
        UserError: a field is missing or unknown, or a value not allowed.
    """
    known = goals_of(experiment)
    if asked.stored:
        stored = experiment.instruments[asked.stored].instrument
        return construct(type(stored), known, texts, {}, based_on=stored)
    module = load_module(asked.module or _stem(asked.path), asked.path or None)
    kind = getattr(module, asked.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, AbstractInstrument)):
        raise UserError(f"{asked.kind} of {module.__name__} is no instrument")
    given = {CANDIDATES: candidates_of(experiment)}
    return construct(kind, known, texts, given)


def candidates_of(experiment: Experiment) -> tuple[Goal, ...]:
    """Return the candidate goals of the instrument that names the agents' goals."""
    order = [experiment.labels, *experiment.instruments]
    for name in (name for name in order if name is not None):
        goals = getattr(experiment.instruments[name].instrument, CANDIDATES, ())
        if goals:
            return tuple(goals)
    raise UserError(
        "no instrument of this experiment has candidate goals; it cannot be measured anew"
    )


def goals_of(experiment: Experiment) -> dict[str, Goal]:
    """Return every goal that can be named: the candidates, then the world's features."""
    goals = {goal.name: goal for goal in candidates_of(experiment)}
    world = experiment.planted_world
    names = () if world is None else world.feature_names
    return goals | {n: reach(world, n) for n in names if world and n not in goals}


def construct(
    kind: type[Kind],
    goals: Mapping[str, Goal],
    texts: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    based_on: Kind | None = None,
) -> Kind:
    """Return an instrument with the fields that `texts` says.

    Args:
        kind: its class.
        goals: name -> goal, for fields that hold goals.
        texts: field -> value as text.
        given: values of fields, for those that are there and not in `texts`.
        based_on: an instrument whose other fields it shares.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    annotations = typing.get_type_hints(kind)
    values = {name: value for name, value in given.items() if name in fields}
    if based_on is not None:
        values |= {name: getattr(based_on, name) for name in fields}
    for name, text in texts.items():
        if name not in fields:
            raise UserError(
                f"{kind.__name__} has no field {name!r}. {suggest(name, fields)}"
            )
        values[name] = _value(name, text, annotations[name], goals)
    missing = [
        name
        for name, field in fields.items()
        if name not in values and _has_no_default(field)
    ]
    if missing:
        raise UserError(_missing(kind, missing, annotations, goals))
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:
        raise UserError(f"{kind.__name__} cannot be built: {error}") from error


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


def _has_no_default(field: dataclasses.Field) -> bool:
    none = dataclasses.MISSING
    return field.default is none and field.default_factory is none


def _missing(
    kind: type, names: list[str], annotations: Mapping[str, Any], goals: Mapping[str, Goal]
) -> str:
    wanted = [
        f"{name} (a goal: {', '.join(goals)})" if annotations[name] is Goal else name
        for name in names
    ]
    remedy = " ".join(f"--set {name}=..." for name in names)
    return f"{kind.__name__} also needs {' and '.join(wanted)}: give {remedy}"


def _value(name: str, text: str, annotation: Any, goals: Mapping[str, Goal]) -> Any:
    """Return a field's value from text."""
    options = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    if text.strip().lower() == "none" and type(None) in options:
        return None
    annotation = next(each for each in options if each is not type(None))
    if annotation is Goal:
        return _goal(name, text, goals)
    if _is(annotation, tuple) and typing.get_args(annotation)[0] is Goal:
        return tuple(_goal(name, part, goals) for part in text.split(","))
    if annotation in (bool, int, float, str) or _is(annotation, tuple):
        return value_of(name, text, annotation)
    if hasattr(annotation, "array_type"):
        return _array(name, text)
    raise UserError(
        f"{name} is a {getattr(annotation, '__name__', annotation)} and cannot be given as "
        "text; build the instrument in a file of your own"
    )


def _is_union(annotation: Any) -> bool:
    return isinstance(annotation, types.UnionType) or _is(annotation, typing.Union)


def _is(annotation: Any, origin: Any) -> bool:
    return typing.get_origin(annotation) is origin


def _goal(name: str, text: str, goals: Mapping[str, Goal]) -> Goal:
    if text.strip() not in goals:
        raise UserError(f"{name}={text}: no such goal. {suggest(text.strip(), goals)}")
    return goals[text.strip()]


def _array(name: str, text: str) -> np.ndarray | np.generic:
    """Return the numbers of a text: one, or several separated by commas."""
    parts = [part.strip().lower() for part in text.split(",")]
    try:
        numbers = [msgspec.json.decode(part.encode()) for part in parts]
        array = np.asarray(numbers if len(parts) > 1 else numbers[0])
    except (ValueError, msgspec.DecodeError):
        array = np.asarray(text)
    if array.dtype.kind not in "bif":
        raise UserError(f"{name}={text}: expected a number, or several with commas")
    return array


def as_given(instrument: AbstractInstrument) -> dict[str, str]:
    """Return the fields of an instrument as a reader would write them."""
    shown = {}
    for field in dataclasses.fields(instrument):
        value = getattr(instrument, field.name)
        shown[field.name] = _shown(value)
    return shown


def _shown(value: Any) -> str:
    if isinstance(value, Goal):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in value)
    if eqx.is_array(value) or isinstance(value, np.ndarray):
        return ", ".join(f"{each:g}" for each in np.ravel(np.asarray(value, float)))
    return type(value).__name__ if isinstance(value, eqx.Module) else str(value)
