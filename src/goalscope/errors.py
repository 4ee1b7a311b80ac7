"""The exception that tells a user's mistake from a defect of ours; how errors are told."""

import sysconfig
import traceback
from pathlib import Path

from goalscope.arguments import explained

LONGEST = 400
_OURS = Path(__file__).parent
_PYTHON = Path(sysconfig.get_paths()["stdlib"])
_INSTALLED = {"site-packages", "dist-packages"}


class UserError(Exception):
    """Something the user gave or the machine lacks; shown as one message, no traceback.

    Fields:
        exit_code: 2 for bad usage, 3 for damaged files, 4 for the environment (disk,
            permissions, devices).
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        Exception.__init__(self, message)
        self.exit_code = exit_code


def raised(error: BaseException) -> str:
    """Return in one line what was raised, and in which line of the user's files, if any.

    >>> raised(ValueError("too many"))
    'ValueError: too many'
    """
    lines = explained(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:LONGEST]}".rstrip(": ") + user_line(error)


def user_line(error: BaseException) -> str:
    """Return the line of the user's files in which an error arose, " (...)" or ""."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_users(frame.filename)]
    if not own:
        return ""
    where = f"{own[-1].filename}, line {own[-1].lineno}, in {own[-1].name}"
    return f" ({where}: {own[-1].line})" if own[-1].line else f" ({where})"


def _is_users(filename: str) -> bool:
    path = Path(filename)
    foreign = path.is_relative_to(_OURS) or path.is_relative_to(_PYTHON)
    return path.is_absolute() and not foreign and not _INSTALLED & set(path.parts)
