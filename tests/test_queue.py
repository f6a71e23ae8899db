"""bot/telegram/reader_queue.py: many questions at once, through the real bot."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.messages import text
from bot.telegram import reader_queue
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import Metrics
from bot.telegram.reader_queue import QueueFullError, ReaderQueue, Workers
from bot.telegram.transport.inbox import Inbox
from retrieval.answer import Answer
from tests.botapi import TOKEN, BotApi
from tests.telegram_bot import RunningBot, ScriptedAnswerer

PLEASE_WAIT, TOO_MANY = text("telegram.please_wait", "de"), text("telegram.too_many", "de")


@contextmanager
def running() -> Iterator[Workers]:
    workers = Workers()
    try:
        yield workers
    finally:
        workers.stop()


def test_who_waits_long_is_told_so_once_and_answered(
    api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_queue, "PATIENCE_SECONDS", 0.55)
    with RunningBot(tmp_path, api.url, ScriptedAnswerer(0.1)):
        for user in range(20, 30):
            api.text(f"Frage {user}", user=user)
        api.wait(lambda: sum(message["text"] != PLEASE_WAIT for message in api.sent()) == 10, 20)
    notices = Counter(message["chat"]["id"] for message in api.sent() if message["text"] == PLEASE_WAIT)
    # At a tenth of a second each, some sixth question is the first to wait for more than half a second.
    assert 1 <= len(notices) <= 5 and set(notices.values()) == {1}
    assert min(notices) > 23
    for chat in notices:
        assert [message["text"] == PLEASE_WAIT for message in api.sent(chat)] == [True, False]


def test_beyond_the_limit_questions_are_refused_and_done(api: BotApi, tmp_path: Path) -> None:
    answerer = ScriptedAnswerer(0.2)
    with RunningBot(tmp_path, api.url, answerer, max_waiting=4):
        for user in range(20, 30):
            api.text(f"Frage {user}", user=user)
        api.wait(lambda: len(api.sent()) == 10, 20)
        refused = {message["chat"]["id"] for message in api.sent() if message["text"] == TOO_MANY}
        assert refused == {24, 25, 26, 27, 28, 29}
        api.text("Frage 24", user=24)
        api.wait(lambda: len(api.sent(24)) == 2)
        assert api.sent(24)[1]["text"] != TOO_MANY
    assert len(answerer.asked) == 5
    inbox = Inbox(tmp_path / "telegram.db", bot=int(TOKEN.split(":")[0]))
    assert inbox.waiting() == []
    inbox.close()


def test_a_chat_that_sends_hundreds_is_in_nobody_s_way(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, ScriptedAnswerer(0.02)):
        for number in range(300):
            api.text(f"Frage {number}", user=20)
        api.text("Wer?", user=30)
        api.wait(lambda: api.sent(30), 20)
        assert len(api.sent(20)) < 100


def test_the_service_time_is_measured() -> None:
    async def main() -> None:
        with running() as workers:
            reader, told = ReaderQueue(workers, Metrics(), Health(), max_waiting=9), []

            async def please_wait() -> None:
                told.append(len(reader))

            def slow(question: str) -> Answer:
                time.sleep(0.05)
                return Answer(question, None, 0.0)

            async def several() -> None:
                await asyncio.gather(*(reader.ask(slow, "Wer?", please_wait) for _ in range(9)))

            await several()
            assert told == []  # Half a second at most.
            reader._seconds_each = 3.0
            await several()
            assert told == [5, 6, 7, 8, 9]
            for _ in range(3):
                await several()
            told.clear()
            await several()
            assert told == []
            assert len(reader) == 0

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_full_queue_says_so() -> None:
    async def main() -> None:
        with running() as workers, pytest.raises(QueueFullError):
            await ReaderQueue(workers, Metrics(), Health(), max_waiting=0).ask(
                lambda _: Answer("", None, 0.0), "", _never
            )

    asyncio.run(main())


def test_a_question_that_was_given_up_is_not_counted() -> None:
    metrics = Metrics()

    async def main() -> None:
        with running() as workers:
            assert await ReaderQueue(workers, metrics, Health()).ask(lambda _: None, "Wer?") is None

    before = [line for line in metrics.to_text().splitlines() if b"_questions_total" in line]
    asyncio.run(main())
    assert [line for line in metrics.to_text().splitlines() if b"_questions_total" in line] == before


async def _never() -> None:
    raise AssertionError("nobody waits")
