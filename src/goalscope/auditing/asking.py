"""The process in which a user's policy runs, alone: loads its file, asks it, answers.

It knows NumPy and nothing of JAX. Whatever the file does happens here and nowhere else: the
process that measures never imports it, and believes nothing that comes from here unchecked.

A policy file defines

    world = "Corner(shifted_share=1)"   # where it acts, one of `goalscope list worlds`
    goals = ("cheese", "corner")        # candidates, if not all that the world offers
    def policy(view, tokens): ...       # -> probability of each action, [A]

with `view` the level part of the observation and `tokens` its state part, or instead
`policy_batch(view, tokens)`, which is given the tokens of several states of one level,
`[S, K]`, and returns `[S, A]`. With `returns = "logits"` it gives unnormalised
log-probabilities. It must give the same answer to the same input.
"""

import contextlib
import importlib.util
import os
import socket
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from goalscope.auditing.answering import Policy, level_by_level, one_by_one, short
from goalscope.auditing.arrays import pack, unpack
from goalscope.auditing.refusal import RefusedError
from goalscope.workers.messages import Inbox, send

MEMORY = 8 << 30
"""Most bytes of memory that the process may ask for."""
SHORT = 300
MODULE = "audited_policy"


def main(handle: int, path: str) -> None:
    """Load a policy file, tell what it offers, and answer one list of questions.

    Args:
        handle: number of the open socket.
        path: the file.
    """
    connection = socket.socket(fileno=handle)
    connection.set_inheritable(False)
    _limit_memory()
    try:
        module = _load(path)
        send(connection, {"kind": "offer", **_offer(module)})
        questions = _wait(Inbox(connection))
        answers = _answers(module, questions)
        send(connection, {"kind": "answers", "answers": pack(answers)})
    except BaseException as error:
        with contextlib.suppress(OSError):
            send(connection, {"kind": "refused", "message": _told(error, path)})
    finally:
        os._exit(0)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load(path: str) -> ModuleType:
    sys.path.append(str(Path(path).parent))
    specification = importlib.util.spec_from_file_location(MODULE, path)
    if specification is None or specification.loader is None:
        raise RefusedError("it is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[MODULE] = module
    specification.loader.exec_module(module)
    return module


def _offer(module: ModuleType) -> dict[str, Any]:
    """Return what the file says about its policy, as plain JSON."""
    names = ("policy", "policy_batch")
    found = [name for name in names if callable(getattr(module, name, None))]
    if len(found) != 1:
        has = "both `policy` and" if found else "neither `policy(view, tokens)` nor"
        raise RefusedError(f"it defines {has} `policy_batch(view, tokens)`; define one")
    world, goals = getattr(module, "world", None), getattr(module, "goals", None)
    if not (world is None or isinstance(world, str)):
        raise RefusedError(
            f"its `world` is a {type(world).__name__}; write text, like "
            'world = "Corner(shifted_share=1)"'
        )
    goals = (goals,) if isinstance(goals, str) else goals
    listed = isinstance(goals, tuple | list) and all(isinstance(g, str) for g in goals)
    if not (goals is None or (listed and goals)):
        raise RefusedError('its `goals` are no names; write goals = ("cheese", "corner")')
    returns = getattr(module, "returns", "probabilities")
    if returns not in ("probabilities", "logits"):
        raise RefusedError(f'returns = {returns!r}: say "probabilities" or "logits"')
    batch = found[0] == "policy_batch"
    return {"world": world, "goals": goals, "returns": returns, "batch": batch}


def _wait(inbox: Inbox) -> Mapping[str, Any]:
    while True:
        messages = inbox.wait()
        if messages is None:
            os._exit(0)
        if messages:
            return messages[0]


def _answers(module: ModuleType, questions: Mapping[str, Any]) -> np.ndarray:
    """Return the answers to all questions, in their order, `[M, A]`."""
    views, levels = unpack(questions["views"]), unpack(questions["levels"])
    tokens, actions = unpack(questions["tokens"]), questions["actions"]
    ask = one_by_one if hasattr(module, "policy") else level_by_level
    function: Policy = getattr(module, "policy", None) or module.policy_batch
    return ask(function, views, levels, tokens, actions)


def _told(error: BaseException, path: str) -> str:
    """Return in one line what went wrong, and in which line of the file."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})" if error.lineno else ""
        return f"it is no Python: {error.msg}"[:SHORT] + where
    if isinstance(error, SystemExit):
        what = f"it calls sys.exit({'' if error.code is None else short(error.code)})"
    else:
        text = (_text(error).splitlines() or [""])[0]
        what = f"it raises {type(error).__name__}" + (f": {text}" if text else "")
    frames = traceback.extract_tb(error.__traceback__)
    own = [f.lineno for f in frames if Path(f.filename) == Path(path)]
    return what[:SHORT] + (f" (line {own[-1]})" if own else "")


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "an error that cannot be shown"
