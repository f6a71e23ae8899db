"""How updates reach the handlers: one at a time per chat, many chats at once, none forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Update
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import BaseUpdateProcessor

from bot.telegram.transport.inboxes import Inbox
from bot.telegram.transport.updates import is_skip

log = logging.getLogger(__name__)

#: How many updates are handled at once: in effect no limit. Questions are read one at a time anyway, and a user who
#: sends hundreds of messages waits in their own chat and blocks nobody else.
CONCURRENT_UPDATES = 100_000
#: An update whose reply could not be sent is tried again after this many seconds.
TRY_AGAIN_AFTER = 300.0


def is_temporary(error: BaseException | None) -> bool:
    """Whether the same request may well succeed later: the network or the server failed, not the request."""
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)


class InboxProcessor(BaseUpdateProcessor):
    """Runs the handlers of an update: many chats at once, one update after the other within a chat.

    Marks the update as done in the inbox when its handlers have finished. After ``stop`` no further update is begun;
    the rest stays in the inbox for the next start. Updates passed to ``keep`` are put into ``queue`` again later, or
    handed out again by an inbox that is shared. ``on_end`` gets the number of each update that is not worked on any
    more.
    """

    def __init__(self, inbox: Inbox, queue: asyncio.Queue[object], try_again_after: float = TRY_AGAIN_AFTER) -> None:
        super().__init__(CONCURRENT_UPDATES)
        self._inbox = inbox
        self._queue = queue
        self._try_again_after = try_again_after
        self._stopping = False
        self.on_end: Callable[[int], None] = lambda update_id: None
        self._kept: set[int] = set()
        self._chats: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def stop(self) -> None:
        """Begins no further update."""
        self._stopping = True

    def keep(self, update: object) -> None:
        """Keeps an update from being marked as done: its reply could not be sent, and is tried later."""
        if isinstance(update, Update):
            self._kept.add(update.update_id)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Awaits ``coroutine``, which runs the handlers on ``update``, when it is its turn in the chat."""
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
                    self._inbox.keep(update.update_id, self._try_again_after)
                    if not self._inbox.is_shared:
                        asyncio.get_running_loop().call_later(self._try_again_after, self._queue.put_nowait, update)
                else:
                    self._inbox.mark_done(update.update_id)
        finally:
            cast(Coroutine[Any, Any, Any], coroutine).close()
            if isinstance(update, Update):
                self.on_end(update.update_id)

    def _turn(self, update: Update) -> asyncio.Lock:
        if update.inline_query:  # one per key press; a newer one must be seen while an older one waits
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
