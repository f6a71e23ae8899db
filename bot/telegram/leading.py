"""What only one of a bot's processes does: it polls, where no webhook is set, and delivers standing answers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from telegram import Bot
from telegram.error import TelegramError as BotApiError

from bot.telegram.service import Service
from bot.telegram.transport.polling import Polling
from bot.telegram.watch_delivery import WatchDelivery

if TYPE_CHECKING:
    from bot.telegram.monitoring.health import Health
    from bot.telegram.postgres.lead import Lead

log = logging.getLogger(__name__)

#: How often, in seconds, it is looked whether this process leads, or the one that did has gone.
LEAD_SECONDS: Final = 5.0


class Leading:
    """Takes the lead when it is free, from ``start`` to ``stop``; ``polling`` is None where a webhook receives."""

    def __init__(self, lead: Lead, polling: Polling | None, service: Service, bot: Bot, health: Health) -> None:
        self._lead = lead
        self._polling = polling
        self._service = service
        self._bot = bot
        self._health = health
        self._delivery: WatchDelivery | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins. Call it in the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends what leading is, then leaves the lead to another process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._end()
        await asyncio.to_thread(self._lead.let_go)

    async def _run(self) -> None:
        while True:
            holds = await asyncio.to_thread(self._lead.holds)
            try:
                if holds and self._delivery is None:
                    log.info("This process leads")
                    if self._polling:
                        await self._polling.start()
                    self._delivery = WatchDelivery(self._service, self._bot)
                    self._delivery.start()
                elif not holds and self._delivery is not None:
                    log.warning("This process does not lead any more")
                    await self._end()
            except BotApiError as error:
                log.warning("Leading could not begin or end, which is tried again: %s", error)
            if not holds:  # Whoever leads hears from Telegram.
                self._health.note_answer()
            await asyncio.sleep(LEAD_SECONDS)

    async def _end(self) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            await delivery.stop()
        if self._polling:
            await self._polling.stop()
