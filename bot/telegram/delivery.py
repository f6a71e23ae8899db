"""How updates reach the handlers and how replies leave: one at a time per chat, in Telegram's pace, none forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Update
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import AIORateLimiter, BaseUpdateProcessor

from bot.telegram.inbox import Inbox
from bot.telegram.polling import is_skip

log = logging.getLogger(__name__)

#: Updates in the works at once. Reading is one at a time anyway; the others wait for it, for their chat, or to be sent.
CONCURRENT_UPDATES = 256
#: Pauses, in seconds, before a message whose connection failed is sent again.
RESEND_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
#: How long, in seconds, a question rests whose reply could not be sent in all these tries.
TRY_AGAIN_AFTER = 300.0
_RETRIES_WHEN_TOO_FAST = 5


def is_passing(error: BaseException | None) -> bool:
    """Whether the same request may well succeed later: the network or the server failed, not the request."""
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)


class PatientRateLimiter(AIORateLimiter):
    """Keeps Telegram's limits, waits when told "too many requests", and sends a message again if the network fails.

    A message that arrived although its connection broke is sent twice then: better than not at all. The typing
    indicator is exempt: Telegram does not count it, and it must not eat a group's 20 messages a minute.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=_RETRIES_WHEN_TOO_FAST)

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """As the base class."""
        if endpoint == "sendChatAction":
            return await callback(*args, **kwargs)
        pauses = iter(RESEND_AFTER if endpoint == "sendMessage" else ())
        while True:
            try:
                return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
            except NetworkError as error:
                pause = None if isinstance(error, BadRequest) else next(pauses, None)
                if pause is None:
                    raise
                log.warning("A message could not be sent (%s); next try in %.1f s", error, pause)
                await asyncio.sleep(pause)


class InboxProcessor(BaseUpdateProcessor):
    """Runs the handlers of an update: many chats at once, one update after the other within a chat.

    Ticks the update off in the inbox when its handler is through. After ``stop`` no further update is begun; what
    is left stays in the inbox for the next start. ``queue`` gets the updates again that ``keep`` was called with.
    """

    def __init__(self, inbox: Inbox, queue: asyncio.Queue[object], try_again_after: float = TRY_AGAIN_AFTER) -> None:
        super().__init__(CONCURRENT_UPDATES)
        self._inbox = inbox
        self._queue = queue
        self._try_again_after = try_again_after
        self._stopping = False
        self._kept: set[int] = set()
        self._chats: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def stop(self) -> None:
        """Begin no further update."""
        self._stopping = True

    def keep(self, update: object) -> None:
        """Do not tick this update off although its handler is through: its reply could not be sent. Try later."""
        if isinstance(update, Update):
            self._kept.add(update.update_id)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Awaits ``coroutine``, the handlers at work on ``update``, in the chat's turn."""
        try:
            if not isinstance(update, Update) or is_skip(update):
                return
            async with self._turn(update):
                if self._stopping:
                    return
                if not self._inbox.begin(update.update_id):
                    log.error("Update %d was skipped: it is done, or was begun too often", update.update_id)
                    return
                await coroutine
                if update.update_id in self._kept:
                    self._kept.discard(update.update_id)
                    self._inbox.keep(update.update_id)
                    asyncio.get_running_loop().call_later(self._try_again_after, self._queue.put_nowait, update)
                else:
                    self._inbox.done(update.update_id)
        finally:
            cast(Coroutine[Any, Any, Any], coroutine).close()

    def _turn(self, update: Update) -> asyncio.Lock:
        if update.inline_query:  # comes with every key; a newer one must be seen while an older one waits
            return asyncio.Lock()
        chat = update.effective_chat.id if update.effective_chat else 0
        lock = self._chats.get(chat)
        if lock is None:
            lock = self._chats[chat] = asyncio.Lock()
        return lock

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""
