"""What to ask, of a worker or in a shell, to get a stored study again. No JAX."""

import os
import shlex
from typing import Any

from goalscope.storage.folder import Folder
from goalscope.storage.study import Study

OUT = "--out"


def command_here(folder: Folder) -> str:
    """Return the command that continues or repairs a folder where it lies now.

    It is the command that the folder was begun with, pointed at the folder: results are
    renamed, copied and moved, and the command of their first day would begin another.
    """
    words = shlex.split(folder.study.command)
    if OUT in words:
        del words[words.index(OUT) : words.index(OUT) + 2]
    if words[1:2] == ["measure"]:
        source = folder.path / str(folder.study.settings["result"])
        words[2] = os.path.normpath(source)
    return shlex.join([*words, OUT, str(folder.path)])


def asked_again(study: Study) -> dict[str, Any]:
    """Return the request that makes a worker build the study's experiment again."""
    is_file = study.experiment.endswith(".py")
    overrides = {name: _text(value) for name, value in study.settings.items()}
    return {
        "name": study.name,
        "module": None if is_file else study.experiment,
        "path": study.experiment if is_file else "",
        "size": study.size,
        "seed": study.seed,
        "overrides": overrides,
    }


def _text(value: Any) -> str:
    many = isinstance(value, list | tuple)
    return ",".join(map(str, value)) if many else str(value)
