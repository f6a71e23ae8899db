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
from retrieval.answer import Answer
from retrieval.answering.all_answers import AllAnswers
from retrieval.errors import QuestionError

T = TypeVar("T")
A = TypeVar("A", Answer, Answer | None, AllAnswers)

#: Users are warned if the expected wait exceeds this many seconds.
PATIENCE_SECONDS = 10.0
#: More waiting questions are refused: an answer minutes late helps nobody, and the queue must stay bounded.
MAX_WAITING = 200
# The first estimate of seconds per question, and the weight of each new measurement.
_FIRST_GUESS, _WEIGHT = 0.1, 0.1


class QueueFullError(Exception):
    """Too many questions are waiting; this one is refused."""


class Workers:
    """Two threads beside the event loop, each with one task at a time.

    ``reader`` answers questions and looks things up. ``writer`` changes the articles: adding a long file may take
    minutes, and questions must not wait for it.
    """

    def __init__(self) -> None:
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.stopping = threading.Event()

    def stop(self) -> None:
        """Starts no further task; running ones may finish."""
        self.stopping.set()
        for thread in (self.reader, self.writer):
            thread.shutdown(wait=False, cancel_futures=True)


class ReaderQueue:
    """Hands tasks to ``workers`` and estimates how long the next question will wait."""

    def __init__(self, workers: Workers, metrics: Metrics, health: Health, max_waiting: int = MAX_WAITING) -> None:
        self._workers = workers
        self._metrics = metrics
        self._health = health
        self._max_waiting = max_waiting
        self._waiting = 0
        self._seconds_each = _FIRST_GUESS

    def __len__(self) -> int:
        """How many questions are waiting or being answered."""
        return self._waiting

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Runs a look-up in the reader thread and returns its result."""
        return await self._in(self._workers.reader, function, *args)

    async def change(self, function: Callable[..., T], *args: object) -> T:
        """Runs a change to the articles in the writer thread and returns its result."""
        return await self._in(self._workers.writer, function, *args)

    def raise_if_stopping(self, *_: object) -> None:
        """Raises CancelledError once the bot is stopping; the update then stays in the inbox.

        Long tasks call it now and then.
        """
        if self._workers.stopping.is_set():
            raise asyncio.CancelledError

    async def _in(self, thread: Executor, function: Callable[..., T], *args: object) -> T:
        try:
            future = asyncio.get_running_loop().run_in_executor(thread, function, *args)
        except RuntimeError:  # The bot is stopping; the update stays in the inbox.
            raise asyncio.CancelledError from None
        return await future

    async def ask(
        self, ask: Callable[[str], A], question: str, please_wait: Callable[[], Awaitable[None]] | None = None
    ) -> A:
        """Runs ``ask`` in the reader thread; ``please_wait`` is awaited meanwhile if the wait will be long.

        ``ask`` may return None if the question has become obsolete by its turn; it is not counted then.
        The answer comes ``without_texts``: many may wait to be sent.
        Raises QueueFullError if too many are waiting, and whatever ``ask`` raises.
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
            outcome = None  # The bot is stopping; the question is asked again at the next start.
            raise
        finally:
            self._waiting -= 1
            self._health.note_reading(self._waiting)
            if outcome:
                self._metrics.count_question(outcome, time.monotonic() - arrived)

    def _ask_timed(self, ask: Callable[[str], A], question: str) -> A:
        began = time.monotonic()
        try:
            answer = ask(question)
            return answer and answer.without_texts()
        finally:
            self._seconds_each += _WEIGHT * (time.monotonic() - began - self._seconds_each)


def _outcome(answer: Answer | AllAnswers | None) -> QuestionOutcome | None:
    if answer is None:
        return None
    return QuestionOutcome.UNANSWERED if answer.text is None else QuestionOutcome.ANSWERED
