"""The queue in front of the reader: one worker thread, so a question waits for all that came before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TypeVar

from bot.telegram.health import Health
from bot.telegram.metrics import Metrics, Outcome
from retrieval.errors import QuestionError
from retrieval.types import Answer

T = TypeVar("T")
A = TypeVar("A", Answer, Answer | None)

#: Who would wait longer than this, in seconds, is told so.
PATIENCE_SECONDS = 10.0
#: Questions beyond these are refused: an answer minutes late helps nobody, and the queue must not grow without end.
MOST_WAITING = 200
# The first guess at what a question takes, in seconds, and how fast it follows what is measured.
_FIRST_GUESS, _WEIGHT = 0.1, 0.1


class QueueFullError(Exception):
    """So many questions wait that this one is refused."""


class ReaderQueue:
    """Hands work to ``worker``, a pool of one thread, and knows how long the next question will have to wait."""

    def __init__(self, worker: Executor, metrics: Metrics, health: Health, most_waiting: int = MOST_WAITING) -> None:
        self._worker = worker
        self._metrics = metrics
        self._health = health
        self._most_waiting = most_waiting
        self._waiting = 0
        self._seconds_each = _FIRST_GUESS

    def __len__(self) -> int:
        """The questions that wait or are being read."""
        return self._waiting

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The result of ``function`` in the worker thread, for work that is no question."""
        try:
            future = asyncio.get_running_loop().run_in_executor(self._worker, function, *args)
        except RuntimeError:  # The worker takes nothing more, the bot stops: the update stays in the inbox.
            raise asyncio.CancelledError from None
        return await future

    async def ask(
        self, ask: Callable[[str], A], question: str, please_wait: Callable[[], Awaitable[None]] | None = None
    ) -> A:
        """The result of ``ask``; ``please_wait`` is awaited, beside it, when that will take a while.

        ``ask`` may give None for a question that nobody wants answered any more when its turn comes; it is not counted.
        Raises QueueFullError when too many wait already, and whatever ``ask`` raises.
        """
        if self._waiting >= self._most_waiting:
            self._metrics.question(Outcome.REFUSED)
            raise QueueFullError
        long_wait = self._waiting * self._seconds_each > PATIENCE_SECONDS
        arrived = time.monotonic()
        if not self._waiting:
            self._health.reading(1)
        self._waiting += 1
        outcome: Outcome | None = Outcome.FAILED
        try:
            reading = asyncio.ensure_future(self.run(self._timed, ask, question))
            try:
                if long_wait and please_wait:
                    await please_wait()
                answer: A = await reading
            finally:
                reading.cancel()
            outcome = _outcome(answer)
            return answer
        except QuestionError:
            outcome = Outcome.INVALID
            raise
        except asyncio.CancelledError:
            outcome = None  # The bot stops; the question is asked again after the next start.
            raise
        finally:
            self._waiting -= 1
            self._health.reading(self._waiting)
            if outcome:
                self._metrics.question(outcome, time.monotonic() - arrived)

    def _timed(self, ask: Callable[[str], A], question: str) -> A:
        began = time.monotonic()
        try:
            return ask(question)
        finally:
            self._seconds_each += _WEIGHT * (time.monotonic() - began - self._seconds_each)


def _outcome(answer: Answer | None) -> Outcome | None:
    if answer is None:
        return None
    return Outcome.UNANSWERED if answer.text is None else Outcome.ANSWERED
