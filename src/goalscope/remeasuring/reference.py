"""Which instrument a user means, found without importing it. No JAX."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from goalscope.discovery import Entry, find_in, find_instrument
from goalscope.errors import UserError
from goalscope.suggestions import suggest


class InstrumentReference(msgspec.Struct, frozen=True, kw_only=True):
    """Which instrument is meant.

    Fields:
        name: in snake case, what to call it in results.
        stored: the name under which the experiment has it; "" if it is asked for anew.
        kind: name of its class; "" if it is stored.
        module: what to import to get the class; "" for a file.
        path: the file, absolute; "" for a module.
    """

    name: str
    stored: str = ""
    kind: str = ""
    module: str = ""
    path: str = ""


def resolve_instrument(reference: str, stored: Sequence[str]) -> InstrumentReference:
    """Return the instrument that a user means.

    Args:
        reference: a name that the experiment uses, which means its instrument as it is; a
            class or a module of `goalscope list instruments`; or the path of a file,
            followed by `:Class` where the file defines several.
        stored: the names that the experiment uses.

    Raises:
        UserError: there is no such instrument, or several.

    >>> resolve_instrument("GoalScore", ()).module
    'goalscope.instruments.goal_score'
    >>> resolve_instrument("score", ("score",)).stored
    'score'
    """
    if reference in stored:
        return InstrumentReference(name=reference, stored=reference)
    path, _, kind = reference.partition(":")
    if path.endswith(".py") or "/" in path:
        return _in_file(Path(path).absolute(), kind)
    try:
        meant = find_instrument(reference)
    except UserError as error:
        here = f"This result has: {', '.join(stored)}. " if stored else ""
        own = "An instrument of your own is named by its path, like ./mine.py."
        raise UserError(f"{error} {here}{own}") from error
    return _reference(meant, module=meant.module)


def _in_file(path: Path, kind: str) -> InstrumentReference:
    if not path.is_file():
        there = [other.name for other in path.parent.glob("*.py")]
        raise UserError(f"there is no file {str(path)!r}. {suggest(path.name, there)}")
    entries = find_in("instruments", path)
    names = [entry.name for entry in entries]
    meant = [entry for entry in entries if kind in ("", entry.name)]
    if not entries:
        raise UserError(
            f"{path} defines no instrument; write a class that inherits from "
            "AbstractInstrument, see docs/examples/goal_advantage.py"
        )
    if not meant:
        raise UserError(f"{path} defines no instrument {kind!r}. {suggest(kind, names)}")
    if len(meant) > 1:
        raise UserError(
            f"{path} defines {', '.join(names)}; say which, like {path.name}:{names[0]}"
        )
    return _reference(meant[0], path=str(path))


def _reference(entry: Entry, *, module: str = "", path: str = "") -> InstrumentReference:
    return InstrumentReference(
        name=snake_case(entry.name), kind=entry.name, module=module, path=path
    )


def snake_case(name: str) -> str:
    """Return the name of a class as that of a module.

    >>> snake_case("GoalPosterior")
    'goal_posterior'
    """
    parts = ["_" + letter.lower() if letter.isupper() else letter for letter in name]
    return "".join(parts).lstrip("_")
