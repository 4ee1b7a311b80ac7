"""What worker processes print: the end of it, in a file of bounded size."""

from contextlib import suppress
from pathlib import Path

KEPT_IN_MEMORY = 1 << 16
KEPT_ON_DISK = 1 << 19


class WorkerLog:
    """The last output of one worker and of those that replaced it.

    Until there is a folder for it, the end is kept in memory. On the disk there are at most
    two files of `KEPT_ON_DISK` bytes: `<name>.log` and, before it, `<name>.old.log`. Errors
    in writing are ignored: no result depends on a log.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder: Path | None = None
        self._waiting = bytearray()

    @property
    def path(self) -> str:
        """Where to look, for messages; empty while there is no file."""
        return "" if self.folder is None else str(self.folder / f"{self.name}.log")

    def write(self, data: bytes) -> None:
        """Add output."""
        self._waiting += data
        if self.folder is None:
            del self._waiting[:-KEPT_IN_MEMORY]
            return
        with suppress(OSError):
            self._append(self.folder)
        self._waiting.clear()

    def _append(self, folder: Path) -> None:
        path = folder / f"{self.name}.log"
        folder.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(self._waiting[-KEPT_ON_DISK:])
            size = file.tell()
        if size > KEPT_ON_DISK:
            path.replace(path.with_suffix(".old.log"))
