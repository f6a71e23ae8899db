"""One writer at a time: a lock file in the data directory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import StoreError
from retrieval.messages import notice

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_NAME = "fundstelle.lock"


class WriterLock:
    """Held by a process while it changes the collection in ``home`` over many transactions.

    SQLite lets one process write at a time too, but only for a transaction: two ``index`` runs would both load, split
    and embed, and each wait for the other's disk again and again. Readers never ask for this lock. It is advisory
    (``flock``) and goes with the process that holds it, however that ends.

    The file is locked by filelock. Two things are added here. Who holds the lock and since when is written into the
    file, for the message to those who wait. And the threads that share a WriterLock take turns without a limit to the
    wait: filelock would count a second thread as the same holder. A thread that holds the lock may take it again.
    """

    def __init__(self, home: Path, *, wait_seconds: float, notify: Callable[[str], None]) -> None:
        self._path = home / LOCK_NAME
        self._wait_seconds = wait_seconds
        self._notify = notify
        self._thread = threading.RLock()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for the lock for at most ``wait_seconds``; ``notify`` is told once who holds it.

        Raises:
            StoreError: another process holds it all the time, or the file cannot be written.
        """
        with self._thread:
            self._acquire()
            try:
                yield
            finally:
                self._file_lock.release()

    @cached_property
    def _file_lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(self._path, mode=0o600, thread_local=False, on_acquired=_write_holder)

    def _acquire(self) -> None:
        from filelock import Timeout

        try:
            with suppress(Timeout):
                self._file_lock.acquire(blocking=False)
                return
            if self._wait_seconds:
                self._notify(notice("store.waiting", holder=self._holder(), seconds=self._wait_seconds))
            self._file_lock.acquire(timeout=self._wait_seconds)
        except Timeout as error:
            raise StoreError(notice("store.locked", holder=self._holder())) from error
        except OSError as error:
            raise StoreError(notice("store.cannot_open_file", path=self._path, error=error.strerror)) from error

    def _holder(self) -> str:
        """Who holds the lock and since when, as a sentence; just after the lock was taken, less is known."""
        try:
            with self._path.open("rb") as file:
                process, since = file.read(100).split()
            return notice("store.holder", process=int(process), since=datetime.fromtimestamp(int(since)))
        except (ValueError, OverflowError, OSError):
            return notice("store.some_holder")


def _write_holder(file: int) -> None:
    with suppress(OSError):  # a full disk: the lock holds all the same
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()} {time.time():.0f}\n".encode(), 0)
