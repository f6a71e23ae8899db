"""How updates reach the handlers: one at a time per chat, many chats at once, none forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Update
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import BaseUpdateProcessor

from bot.telegram.transport.inbox import Inbox
from bot.telegram.transport.updates import is_skip

log = logging.getLogger(__name__)

#: Updates in the works at once: as good as no limit. Reading is one at a time anyway, and whoever sends hundreds of
#: messages waits for their own chat, not in the way of others.
CONCURRENT_UPDATES = 100_000
#: How long, in seconds, a question rests whose reply could not be sent in all these tries.
TRY_AGAIN_AFTER = 300.0


def is_temporary(error: BaseException | None) -> bool:
    """Whether the same request may well succeed later: the network or the server failed, not the request."""
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)


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
                    self._inbox.mark_done(update.update_id)
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
