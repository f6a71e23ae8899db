"""One thread that answers questions, one after the other, beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from bot.errors import BusyError
from bot.messages import notice

T = TypeVar("T")

#: More waiting questions are refused: whoever asks would have given up before their turn.
MAX_WAITING = 20


class ReaderThread:
    """Runs functions one at a time, in the order in which they come; those that wait are limited to ``max_waiting``.

    The thread is a daemon: a question that takes long keeps no program from ending.
    """

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._waiting = 0
        self._stopping = False
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """``function(*args)`` in the thread.

        Raises BusyError if too many are waiting, and whatever the function raises.
        """
        if self._waiting >= self._max_waiting:
            raise BusyError(notice("access.busy"))
        future: Future[T] = Future()
        self._waiting += 1
        try:
            self._tasks.put((future, lambda: function(*args)))
            return await asyncio.wrap_future(future)
        finally:
            self._waiting -= 1

    def start(self, function: Callable[[], object]) -> None:
        """Runs it as well, without anybody waiting for it; what it raises is lost."""
        self._tasks.put((Future(), function))

    def stop(self, seconds: float) -> bool:
        """Drops what waits; whether what is running has ended within so many seconds."""
        self._stopping = True
        self._tasks.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function = task
            if self._stopping:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            del task, future, function
