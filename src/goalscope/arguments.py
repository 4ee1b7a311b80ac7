"""What to say of an argument that whatever is built does not have. No JAX."""

import inspect
import re
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

from goalscope.suggestions import suggest

_UNKNOWN = re.compile(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'")


def explained(error: BaseException) -> str:
    r"""Return what an error says; of an unknown argument, the right ones as well.

    This holds for whatever Python calls: worlds, claims, arms, instruments, functions.

    >>> def corner(shifted_share=0.0, size=7): ...
    >>> try:
    ...     corner(shiftd_share=1)
    ... except TypeError as error:
    ...     print(explained(error).replace(". ", ".\n"))
    corner() has no argument 'shiftd_share'.
    Did you mean shifted_share? There are: shifted_share, size.
    """
    found = _UNKNOWN.search(str(error)) if isinstance(error, TypeError) else None
    if found is None:
        return str(error)
    name, argument = found[1].removesuffix(".__init__"), found[2]
    parameters = next(_parameters(name, list(_frames(error))), None)
    if parameters is None:
        return str(error)
    allowed = [each for each in parameters if each != "self" and not each.startswith("_")]
    return f"{name}() has no argument {argument!r}. {suggest(argument, allowed)}"


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames that an error came through, the outermost first."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _parameters(name: str, frames: list[FrameType]) -> Iterator[Mapping[str, Any]]:
    """Yield the parameters of what has a name where an error came from."""
    first, *rest = name.split(".")
    for frame in reversed(frames):
        seen = {**frame.f_globals, **frame.f_locals}
        modules = [vars(each) for each in seen.values() if isinstance(each, ModuleType)]
        for names in (seen, *modules):
            found = names.get(first)
            for part in rest:
                found = getattr(found, part, None)
            if callable(found):
                yield inspect.signature(found).parameters
