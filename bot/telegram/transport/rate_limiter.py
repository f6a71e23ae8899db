"""Keeps Telegram's rate limits, waits after "too many requests", and resends messages if the network fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import BaseRateLimiter

log = logging.getLogger(__name__)

#: Pauses, in seconds, before a message whose connection failed is sent again.
RESEND_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
#: How often a request is repeated after "too many requests".
RETRIES_WHEN_TOO_FAST = 5
# All chats together: 30 messages a second. Few at once, so that a burst and what follows it stay below that as well.
_BURST, _BURST_SECONDS = 5, 5 / 30
# A group: 20 messages a minute.
_GROUP_MESSAGES, _GROUP_SECONDS = 20, 60.0
_GROUPS = 512


class PatientRateLimiter(BaseRateLimiter[int]):
    """Keeps Telegram's limits, waits when told "too many requests", and sends a message again if the network fails.

    Only the chat that has to wait waits; others go on. A message that arrived although its connection broke is sent
    twice, which is better than not at all. The typing indicator is exempt: Telegram does not count it, and it must not
    use up a group's 20 messages a minute.
    """

    def __init__(self) -> None:
        self._overall = AsyncLimiter(_BURST, _BURST_SECONDS)
        self._groups: dict[int, AsyncLimiter] = {}
        self._quiet_until: dict[int, float] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """As the base class; ``rate_limit_args`` has no meaning."""
        if endpoint == "sendChatAction":
            return await callback(*args, **kwargs)
        chat = data.get("chat_id")
        pauses = iter(RESEND_AFTER if endpoint == "sendMessage" else ())
        too_fast = 0
        while True:
            if isinstance(chat, int):
                await self._turn(chat)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                too_fast += 1
                if too_fast > RETRIES_WHEN_TOO_FAST:
                    raise
                pause = _seconds(error.retry_after)
                log.info("Telegram asks for patience; next try in %.0f s", pause)
                if isinstance(chat, int):
                    self._quiet_until[chat] = asyncio.get_running_loop().time() + pause
                else:
                    await asyncio.sleep(pause)
            except NetworkError as error:
                resend_after = None if isinstance(error, BadRequest) else next(pauses, None)
                if resend_after is None:
                    raise
                log.warning("A message could not be sent (%s); next try in %.1f s", error, resend_after)
                await asyncio.sleep(resend_after)

    async def _turn(self, chat: int) -> None:
        """Waits until a message to ``chat`` is within all limits."""
        now = asyncio.get_running_loop().time
        while (until := self._quiet_until.get(chat, 0.0)) > now():
            await asyncio.sleep(until - now())
        self._quiet_until.pop(chat, None)
        if chat < 0:
            await self._group(chat).acquire()
        await self._overall.acquire()

    def _group(self, chat: int) -> AsyncLimiter:
        if chat not in self._groups and len(self._groups) >= _GROUPS:
            # An idle limiter holds nothing that a new one would lack.
            self._groups = {
                key: value for key, value in self._groups.items() if not value.has_capacity(_GROUP_MESSAGES)
            }
        return self._groups.setdefault(chat, AsyncLimiter(_GROUP_MESSAGES, _GROUP_SECONDS))


def _seconds(pause: int | timedelta) -> float:
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
