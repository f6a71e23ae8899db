"""The threads that read and change the articles, and the queue in front of the reader: one question at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import Metrics, QuestionOutcome
from retrieval.errors import QuestionError
from retrieval.types import Answer

T = TypeVar("T")
A = TypeVar("A", Answer, Answer | None)

#: Who would wait longer than this, in seconds, is told so.
PATIENCE_SECONDS = 10.0
#: Questions beyond these are refused: an answer minutes late helps nobody, and the queue must not grow without end.
MAX_WAITING = 200
# The first guess at what a question takes, in seconds, and how fast it follows what is measured.
_FIRST_GUESS, _WEIGHT = 0.1, 0.1


class QueueFullError(Exception):
    """So many questions wait that this one is refused."""


class Workers:
    """The two threads beside the event loop; each does one thing after the other.

    ``reader`` is for those who ask or look something up. ``keeper`` changes the articles: taking up a long file may
    take minutes, which nobody who asks shall wait.
    """

    def __init__(self) -> None:
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.stopping = threading.Event()

    def stop(self) -> None:
        """Begins nothing any more; what runs may go on."""
        self.stopping.set()
        for thread in (self.reader, self.writer):
            thread.shutdown(wait=False, cancel_futures=True)


class ReaderQueue:
    """Hands work to ``workers``, and knows how long the next question will have to wait."""

    def __init__(self, workers: Workers, metrics: Metrics, health: Health, max_waiting: int = MAX_WAITING) -> None:
        self._workers = workers
        self._metrics = metrics
        self._health = health
        self._max_waiting = max_waiting
        self._waiting = 0
        self._seconds_each = _FIRST_GUESS

    def __len__(self) -> int:
        """The questions that wait or are being read."""
        return self._waiting

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The result of ``function`` in the reader's thread, for what is looked up."""
        return await self._in(self._workers.reader, function, *args)

    async def change(self, function: Callable[..., T], *args: object) -> T:
        """The result of ``function`` in the keeper's thread, for what changes the articles."""
        return await self._in(self._workers.writer, function, *args)

    def raise_if_stopping(self, *_: object) -> None:
        """To be called now and then by what takes long: ends it when the bot stops, and the update stays in the inbox.

        Raises CancelledError then.
        """
        if self._workers.stopping.is_set():
            raise asyncio.CancelledError

    async def _in(self, thread: Executor, function: Callable[..., T], *args: object) -> T:
        try:
            future = asyncio.get_running_loop().run_in_executor(thread, function, *args)
        except RuntimeError:  # It takes nothing more, the bot stops: the update stays in the inbox.
            raise asyncio.CancelledError from None
        return await future

    async def ask(
        self, ask: Callable[[str], A], question: str, please_wait: Callable[[], Awaitable[None]] | None = None
    ) -> A:
        """The result of ``ask``; ``please_wait`` is awaited, beside it, when that will take a while.

        ``ask`` may give None for a question that nobody wants answered any more when its turn comes; it is not counted.
        Raises QueueFullError when too many wait already, and whatever ``ask`` raises.
        """
        if self._waiting >= self._max_waiting:
            self._metrics.count_question(QuestionOutcome.REFUSED)
            raise QueueFullError
        long_wait = self._waiting * self._seconds_each > PATIENCE_SECONDS
        arrived = time.monotonic()
        if not self._waiting:
            self._health.note_reading(1)
        self._waiting += 1
        outcome: QuestionOutcome | None = QuestionOutcome.FAILED
        try:
            reading = asyncio.ensure_future(self.run(self._ask_timed, ask, question))
            try:
                if long_wait and please_wait:
                    await please_wait()
                answer: A = await reading
            finally:
                reading.cancel()
            outcome = _outcome(answer)
            return answer
        except QuestionError:
            outcome = QuestionOutcome.INVALID
            raise
        except asyncio.CancelledError:
            outcome = None  # The bot stops; the question is asked again after the next start.
            raise
        finally:
            self._waiting -= 1
            self._health.note_reading(self._waiting)
            if outcome:
                self._metrics.count_question(outcome, time.monotonic() - arrived)

    def _ask_timed(self, ask: Callable[[str], A], question: str) -> A:
        began = time.monotonic()
        try:
            return ask(question)
        finally:
            self._seconds_each += _WEIGHT * (time.monotonic() - began - self._seconds_each)


def _outcome(answer: Answer | None) -> QuestionOutcome | None:
    if answer is None:
        return None
    return QuestionOutcome.UNANSWERED if answer.text is None else QuestionOutcome.ANSWERED
