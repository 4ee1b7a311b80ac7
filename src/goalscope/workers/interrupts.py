"""Ctrl-C once: finish what is under way. Ctrl-C twice: now. SIGTERM counts as Ctrl-C."""

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# One Ctrl-C may arrive twice: from the terminal, and passed on by the program above us.
SAME_SIGNAL_SECONDS = 0.3


class Interrupts:
    """Signals of the user between `take` and `give_back`, in the main thread only.

    The first is remembered; the second raises KeyboardInterrupt wherever the program is.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether the user asked to stop."""
        return self._first is not None

    def take(self) -> None:
        """Begin to take signals."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on) for number in SIGNALS}

    def hold(self) -> None:
        """Let no signal disturb the cleaning up that ends in `give_back`."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def give_back(self) -> None:
        """Let signals do again what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _on(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
        elif now - self._first > SAME_SIGNAL_SECONDS:
            raise KeyboardInterrupt
