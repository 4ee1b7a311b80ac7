"""`goalscope replay`: watch one agent act."""

import time
from pathlib import Path
from typing import Any

from goalscope.cli.console import console, say
from goalscope.cli.measured import refuse_measured
from goalscope.cli.running import worker_environment
from goalscope.errors import UserError
from goalscope.storage.again import asked_again
from goalscope.storage.disk import environment_errors
from goalscope.storage.store import open_folder
from goalscope.suggestions import suggest
from goalscope.workers.engine import Pool, Task
from goalscope.worlds.drawing import episode_svg, level_terminal

LEVELS = ("shifted", "train")
SECONDS_A_STEP = 0.12


def replay_agent(path: Path, wanted: dict[str, Any], *, svg: Path | None) -> int:
    """Show episodes of an agent in the terminal, or write the first as SVG; return 0.

    Args:
        path: the result folder.
        wanted: agent, arm (None for the first), checkpoint, levels, episodes, greedy.
        svg: where the drawing goes, or None.
    """
    folder = open_folder(path)
    refuse_measured(folder)
    arms = list(dict.fromkeys(p.arm for p in folder.study.cells if p.kind == "arm"))
    if not arms:
        raise UserError(f"{path} holds no trained agents")
    arm = arms[0] if wanted["arm"] is None else wanted["arm"]
    if arm not in arms:
        raise UserError(f"{path} has no arm {arm!r}. {suggest(arm, arms)}")
    if wanted["levels"] not in LEVELS:
        raise UserError(f"--levels {wanted['levels']}: {suggest(wanted['levels'], LEVELS)}")
    if wanted["episodes"] < 1:
        raise UserError(f"--episodes {wanted['episodes']}: at least 1")
    request = {
        "asked": asked_again(folder.study),
        "folder": str(path.resolve()),
        **wanted,
        "arm": arm,
    }
    functions = {"replay": "goalscope.replay:replay"}
    with Pool(functions, num_workers=1, environment=worker_environment()) as pool:
        answer = pool.run([Task("replay", request, "replay")])[0]
    if answer.status != "done":
        raise UserError(f"the agent cannot be replayed: {answer.message}", exit_code=1)
    _show(answer.value, svg)
    return 0


def _show(value: Any, svg: Path | None) -> None:
    terminal = console()
    say(terminal, value["title"], style="bold")
    if svg is not None:
        first = value["episodes"][0]
        with environment_errors(svg):
            svg.write_text(episode_svg(first["text"], first["places"]), encoding="utf-8")
        say(terminal, f"drawing: {svg}")
        return
    for episode in value["episodes"]:
        moving = terminal.is_terminal
        for step in range(
            1 if moving else len(episode["places"]), len(episode["places"]) + 1
        ):
            if moving and step > 1:
                terminal.control(_back(episode["text"]))
                time.sleep(SECONDS_A_STEP)
            picture = level_terminal(episode["text"], episode["places"][:step])
            terminal.file.write(picture + "\n")
        say(terminal, episode["end"])


def _back(text: str) -> Any:
    from rich.control import Control

    return Control.move(0, -len(text.strip("\n").split("\n")))
