"""bot/telegram/transport/rate_limiter.py"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.telegram.transport import rate_limiter
from bot.telegram.transport.rate_limiter import PatientRateLimiter


def outcomes(*results: Any) -> tuple[Callable[..., Any], list[int]]:
    """A request that ends with each of ``results`` in turn, and the list that it counts its calls in."""
    calls: list[int] = []

    async def request(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        result = results[len(calls) - 1]
        if isinstance(result, Exception):
            raise result
        return result

    return request, calls


def sent(endpoint: str, *results: Any) -> tuple[Any, int]:
    """What comes of a call through the rate limiter, and how often it was tried."""
    request, calls = outcomes(*results)

    async def main() -> Any:
        try:
            return await PatientRateLimiter().process_request(request, (), {}, endpoint, {"chat_id": 7}, None)
        except Exception as error:
            return type(error)

    return asyncio.run(main()), len(calls)


def test_messages_are_sent_again_other_calls_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "RESEND_AFTER", (0.0, 0.0))
    broken = NetworkError("broken")
    assert sent("sendMessage", broken, TimedOut(), True) == (True, 3)
    assert sent("sendMessage", broken, broken, broken, True) == (NetworkError, 3)
    assert sent("sendMessage", BadRequest("no"), True) == (BadRequest, 1)
    assert sent("sendMessage", Forbidden("no"), True) == (Forbidden, 1)
    assert sent("getMe", broken, True) == (NetworkError, 1)
    assert sent("sendChatAction", broken, True) == (NetworkError, 1)


def test_the_typing_indicator_is_not_counted() -> None:
    async def main() -> None:
        limiter, count = PatientRateLimiter(), []

        async def request() -> bool:
            count.append(1)
            return True

        for _ in range(60):  # In a group, messages would stop at 20 a minute.
            await limiter.process_request(request, (), {}, "sendChatAction", {"chat_id": -7}, None)
        assert len(count) == 60

    asyncio.run(asyncio.wait_for(main(), 60))


def test_who_is_told_to_wait_waits_alone() -> None:
    async def main() -> None:
        limiter, done = PatientRateLimiter(), []

        async def send(chat: int, *results: Any) -> None:
            request, _ = outcomes(*results)
            await limiter.process_request(request, (), {}, "sendMessage", {"chat_id": chat}, None)
            done.append(chat)

        told = asyncio.create_task(send(7, RetryAfter(1), True))
        await asyncio.sleep(0.05)
        before = time.monotonic()
        await send(8, True)
        await asyncio.gather(told, send(7, True))
        assert (done[0], time.monotonic() - before > 0.9) == (8, True)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_too_many_requests_too_often_is_an_error() -> None:
    too_fast = [RetryAfter(0)] * rate_limiter.RETRIES_WHEN_TOO_FAST
    assert sent("sendMessage", *too_fast, True) == (True, len(too_fast) + 1)
    assert sent("sendMessage", *too_fast, RetryAfter(0), True) == (RetryAfter, len(too_fast) + 1)
    assert sent("answerCallbackQuery", RetryAfter(0), True) == (True, 2)


def test_thirty_messages_a_second_over_all_chats() -> None:
    async def main() -> float:
        limiter = PatientRateLimiter()
        request, _ = outcomes(*[True] * 35)
        before = time.monotonic()
        chats = range(1, 36)
        await asyncio.gather(
            *(limiter.process_request(request, (), {}, "sendMessage", {"chat_id": chat}, None) for chat in chats)
        )
        return time.monotonic() - before

    assert asyncio.run(asyncio.wait_for(main(), 60)) >= 0.95


def test_a_group_s_twenty_messages_a_minute_hold_up_no_other_chat() -> None:
    async def main() -> None:
        limiter = PatientRateLimiter()
        request, calls = outcomes(*[True] * 40)

        async def send(chat: int) -> None:
            await limiter.process_request(request, (), {}, "sendMessage", {"chat_id": chat}, None)

        group = [asyncio.create_task(send(-7)) for _ in range(22)]
        await asyncio.wait(group, timeout=1.5)
        assert sum(task.done() for task in group) == 20
        await send(8)
        assert len(calls) == 21
        for task in group:
            task.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))
