"""One writer at a time: a lock file in the data directory."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from retrieval.errors import StoreError
from retrieval.messages import notice

LOCK_NAME = "fundstelle.lock"
_PAUSE_SECONDS = 0.05


class WriterLock:
    """Held by a process while it changes the collection in ``home`` over many transactions.

    SQLite lets one process write at a time too, but only for a transaction: two ``index`` runs would both load, split
    and embed, and each wait for the other's disk again and again. Readers never ask for this lock. It is advisory
    (``flock``) and goes with the process that holds it, however that ends. A thread that holds it may take it again.
    """

    def __init__(self, home: Path, *, wait_seconds: float, notify: Callable[[str], None]) -> None:
        self._path = home / LOCK_NAME
        self._wait_seconds = wait_seconds
        self._notify = notify
        self._thread = threading.RLock()
        self._depth = 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for the lock for at most ``wait_seconds``; who holds it is said once.

        Raises:
            StoreError: another process holds it all the time, or the file cannot be written.
        """
        with self._thread:
            if self._depth:
                yield
                return
            file = self._take()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                os.close(file)  # and with it goes the lock

    def _take(self) -> int:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(notice("store.cannot_open_file", path=self._path, error=error.strerror)) from error
        try:
            self._wait(file)
            with suppress(OSError):  # a full disk: the lock holds all the same
                os.truncate(file, 0)
                os.pwrite(file, f"{os.getpid()} {time.time():.0f}\n".encode(), 0)
        except BaseException:
            os.close(file)
            raise
        return file

    def _wait(self, file: int) -> None:
        deadline = time.monotonic() + self._wait_seconds
        is_said = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = _holder(file)
            if time.monotonic() >= deadline:
                raise StoreError(notice("store.locked", holder=holder))
            if not is_said:
                self._notify(notice("store.waiting", holder=holder, seconds=self._wait_seconds))
                is_said = True
            time.sleep(min(_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))


def _holder(file: int) -> str:
    """Who holds the lock and since when, as a sentence; between taking the lock and saying so, less is known."""
    try:
        process, since = os.pread(file, 100, 0).split()
        return notice("store.holder", process=int(process), since=datetime.fromtimestamp(int(since)))
    except (ValueError, OverflowError, OSError):
        return notice("store.some_holder")
