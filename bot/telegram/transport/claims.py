"""From a shared inbox to the handlers: a process claims as many updates as it works on, and renews its claims."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Final

from telegram import Bot, Update

from bot.telegram.transport.inboxes import Inbox
from bot.telegram.transport.updates import find_problem
from retrieval.errors import StoreError

log = logging.getLogger(__name__)

#: Updates that a process works on at once. Questions are read one at a time; the others may be long files.
MOST_CLAIMED: Final = 8
RENEW_SECONDS: Final = 4.0
_PAUSE_SECONDS: Final = 0.1
_PAUSE_AFTER_ERROR: Final = 2.0


class Claims:
    """Runs beside the handlers from ``start`` to ``stop``. Call ``ended`` when an update's handlers are through."""

    def __init__(self, inbox: Inbox, queue: asyncio.Queue[object], bot: Bot) -> None:
        self._inbox = inbox
        self._queue = queue
        self._bot = bot
        self._claimed: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        #: Called whenever the inbox could be looked into.
        self.on_look: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins. Call it in the event loop."""
        self._task = asyncio.create_task(self._run())

    def ended(self, update_id: int) -> None:
        """This one is not worked on any more; if it is not done, it can be claimed anew once its time runs out."""
        self._claimed.discard(update_id)

    async def stop(self) -> None:
        """Claims nothing more. What is claimed stays so until ``release``."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def release(self) -> None:
        """Gives back what is not done: another process begins it at once."""
        try:
            await asyncio.to_thread(self._inbox.release)
        except StoreError as error:
            log.warning("Claims could not be given back, they run out by themselves: %s", error)

    async def _run(self) -> None:
        renewed = time.monotonic()
        while True:
            pause = _PAUSE_SECONDS
            try:
                if time.monotonic() - renewed > RENEW_SECONDS:
                    await asyncio.to_thread(self._inbox.renew, list(self._claimed))
                    renewed = time.monotonic()
                if len(self._claimed) < MOST_CLAIMED and await self._claim():
                    pause = 0.0
                self.on_look()
            except StoreError as error:
                log.warning("The inbox cannot be read and will be tried again: %s", error)
                pause = _PAUSE_AFTER_ERROR
            await asyncio.sleep(pause)

    async def _claim(self) -> bool:
        claimed = await asyncio.to_thread(self._inbox.claim)
        if claimed is None:
            return False
        entry = json.loads(claimed.body)
        # Another version of python-telegram-bot may not accept what the receiving one did.
        if reason := find_problem(entry):
            await asyncio.to_thread(self._inbox.put_aside, claimed.update_id, reason)
        else:
            self._claimed.add(claimed.update_id)
            self._queue.put_nowait(Update.de_json(entry, self._bot))
        return True
