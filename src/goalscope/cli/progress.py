"""How a run is going: a live table on a terminal, one line a cell elsewhere."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from goalscope.cli.console import say
from goalscope.cli.tally import Tally
from goalscope.report.cleaning import clean
from goalscope.storage.folder import Folder
from goalscope.workers.engine import Task

COLUMNS = ("arm", "agents", "cells", "updates", "checkpoints", "training return")


class Progress:
    """Takes what workers report and shows it; a `with` block long."""

    def __init__(self, terminal: Console, folder: Folder) -> None:
        self._terminal = terminal
        self._tally = Tally(folder.study.cells, folder.finished_cells())
        self._begun = time.monotonic()
        self._live = Live(
            console=terminal, get_renderable=self._table, refresh_per_second=4
        )

    def __enter__(self) -> "Progress":
        if self._terminal.is_terminal and not self._terminal.quiet:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print a line above the table."""
        say(self._terminal, text)

    def take(self, task: Task, message: dict[str, Any]) -> None:
        """Note a message of a worker about a cell."""
        name = self._tally.arm_of(task.name)
        if name is None:
            return
        if message["kind"] == "progress":
            if self._tally.note(task.name, message["value"]):
                self._tell(f"{name}: first curve point")
        elif message["kind"] == "done":
            arm = self._tally.finish(task.name)
            self._tell(f"{name}: {arm.done} of {arm.cells} cells done")
        elif message["kind"] == "retrying":
            self.say(f"{name}: {message['message']}; trying again")

    def _tell(self, text: str) -> None:
        """Print a line where there is no live table."""
        if not self._live.is_started:
            say(self._terminal, f"[{self._elapsed():6.1f} s] {text}{self._left()}")

    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def _left(self) -> str:
        left = self._tally.seconds_left(self._elapsed())
        return f"; about {left:.0f} s left" if left else ""

    def _table(self) -> Table:
        elapsed = self._elapsed()
        title = Text(f"{elapsed:.0f} s, {self._tally.pace(elapsed)}{self._left()}")
        table = Table(box=None, title=title, title_justify="left", padding=(0, 2, 0, 0))
        for column in COLUMNS:
            table.add_column(column, justify="left" if column == "arm" else "right")
        for name, arm in self._tally.arms.items():
            cells = f"{arm.done}/{arm.cells}"
            updates = f"{arm.updates}/{arm.of}" if arm.of else ""
            kept = f"{arm.checkpoint}/{arm.checkpoints}" if arm.checkpoints else ""
            mean = "" if arm.mean_return is None else f"{arm.mean_return:.3f}"
            table.add_row(Text(clean(name)), str(arm.agents), cells, updates, kept, mean)
        return table
