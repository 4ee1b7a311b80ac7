"""Where everything that the user sees goes out: text, tables, JSON, one-line errors."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from goalscope.errors import UserError
from goalscope.report.cleaning import clean


def console(*, quiet: bool = False) -> Console:
    """Return the terminal for results; `NO_COLOR` and pipes are respected by rich."""
    return Console(quiet=quiet, highlight=False, soft_wrap=not sys.stdout.isatty())


def say(terminal: Console, text: str, style: str = "") -> None:
    """Print a line of text in which nothing is markup and no character controls."""
    terminal.print(Text(clean(text), style=style))


def show(terminal: Console, *parts: RenderableType) -> None:
    """Print tables and other parts, one below the other."""
    for part in parts:
        terminal.print(part)


def print_json(value: Any) -> None:
    """Print `value` as JSON, readable by people too."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def complain(message: str) -> None:
    """Print an error, as one message without a traceback."""
    terminal = Console(stderr=True, highlight=False, soft_wrap=True)
    terminal.print(Text("error: ", style="bold red") + Text(clean(message)))


def guarded(action: Callable[[], int]) -> int:
    """Return the exit code of `action`, its user errors told in one message."""
    try:
        return action()
    except UserError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain("stopped. What was finished is kept; the same command continues.")
        return 130
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader has gone
        return 0
