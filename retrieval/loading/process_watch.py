"""Ends a process that takes too long."""

from __future__ import annotations

import math
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOOK_EVERY_SECONDS: Final = 1.0


class Watch:
    """Ends a process that has not answered in time. One thread a process: one a file would cost more than the file."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._deadline = math.inf
        self._closed = threading.Event()
        self.has_ended = False
        threading.Thread(target=self._run, daemon=True).start()

    @contextmanager
    def ending_after(self, seconds: float) -> Iterator[None]:
        """Ends the process if the block takes longer, to within a second."""
        self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = math.inf

    def close(self) -> None:
        """The process is gone."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(_LOOK_EVERY_SECONDS):
            if time.monotonic() > self._deadline:
                self.has_ended = True
                self._process.kill()
                return
