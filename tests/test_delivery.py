"""bot/telegram/transport/processor.py"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from telegram import Update
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.telegram.transport.inbox import MAX_ATTEMPTS, Inbox, Received
from bot.telegram.transport.processor import InboxProcessor, is_temporary
from bot.telegram.transport.updates import SKIP


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path / "telegram.db", bot=5)
    yield inbox
    inbox.close()


def taken(inbox: Inbox, number: int, chat: int = 7) -> Update:
    entry = {"update_id": number, "message": {"message_id": 1, "date": 0, "chat": {"id": chat, "type": "private"}}}
    inbox.take([Received(number, json.dumps(entry))])
    return Update.de_json(entry, None)


def numbers(inbox: Inbox) -> list[int]:
    return [item.update_id for item in inbox.waiting()]


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (NetworkError("x"), True),
        (TimedOut(), True),
        (RetryAfter(3), True),
        (BadRequest("x"), False),
        (Forbidden("x"), False),
        (ValueError("x"), False),
        (None, False),
    ],
)
def test_is_passing(error: BaseException | None, passing: bool) -> None:
    assert is_temporary(error) is passing


def test_an_update_is_ticked_off_after_its_handler(inbox: Inbox) -> None:
    async def main() -> None:
        seen = []

        async def handle() -> None:
            seen.append(numbers(inbox))

        await InboxProcessor(inbox, asyncio.Queue()).process_update(taken(inbox, 1), handle())
        assert seen == [[1]]
        assert numbers(inbox) == []

    asyncio.run(main())


def test_an_update_whose_reply_failed_comes_again(inbox: Inbox) -> None:
    async def main() -> None:
        queue: asyncio.Queue[object] = asyncio.Queue()
        processor = InboxProcessor(inbox, queue, try_again_after=0.01)
        update = taken(inbox, 1)

        async def fails() -> None:
            processor.keep(update)

        async def works() -> None:
            pass

        await processor.process_update(update, fails())
        assert numbers(inbox) == [1]
        assert await asyncio.wait_for(queue.get(), 5) is update
        for _ in range(MAX_ATTEMPTS):
            await processor.process_update(update, fails())
        await processor.process_update(update, works())
        assert numbers(inbox) == []

    asyncio.run(main())


def test_a_cancelled_handler_leaves_its_update(inbox: Inbox) -> None:
    async def main() -> None:
        task = asyncio.create_task(
            InboxProcessor(inbox, asyncio.Queue()).process_update(taken(inbox, 1), asyncio.sleep(9))
        )
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert numbers(inbox) == [1]

    asyncio.run(main())


def test_a_chat_s_updates_run_one_by_one_chats_side_by_side(inbox: Inbox) -> None:
    async def main() -> None:
        processor, order = InboxProcessor(inbox, asyncio.Queue()), []

        async def handle(name: str, steps: int) -> None:
            order.append(f"{name} begins")
            for _ in range(steps):
                await asyncio.sleep(0)
            order.append(f"{name} ends")

        await asyncio.gather(
            processor.process_update(taken(inbox, 1, chat=7), handle("first", 9)),
            processor.process_update(taken(inbox, 2, chat=7), handle("second", 0)),
            processor.process_update(taken(inbox, 3, chat=8), handle("other", 3)),
        )
        assert order == ["first begins", "other begins", "other ends", "first ends", "second begins", "second ends"]

    asyncio.run(main())


def test_nothing_is_begun_after_stop(inbox: Inbox) -> None:
    async def main() -> None:
        processor, ran = InboxProcessor(inbox, asyncio.Queue()), []

        async def handle() -> None:
            ran.append(1)

        processor.stop()
        await processor.process_update(taken(inbox, 1), handle())
        assert (ran, numbers(inbox)) == ([], [1])

    asyncio.run(main())


def test_an_update_that_only_moves_the_offset_ticks_nothing_off(inbox: Inbox) -> None:
    async def main() -> None:
        ran = []

        async def handle() -> None:
            ran.append(1)

        taken(inbox, 1)
        marker = Update.de_json({"update_id": 1, SKIP: True}, None)
        await InboxProcessor(inbox, asyncio.Queue()).process_update(marker, handle())
        assert (ran, numbers(inbox)) == ([], [1])

    asyncio.run(main())
