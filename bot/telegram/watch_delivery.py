"""Answers to standing questions, sent to whom they are for: asked of new articles, queued on disk, sent, marked.

An attempt is counted before a message is sent, and its answer is marked as delivered as soon as Telegram has taken it.
So after a kill nothing is missing, and only a message that was on its way at that moment may come again.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import Forbidden
from telegram.error import TelegramError as BotApiError

from bot.messages import text
from bot.render.standing import digest_html, standing_html
from bot.standing import may_ask_by_name
from bot.telegram.handlers.excerpts import buttons
from bot.telegram.handlers.watching import unwatch_button
from bot.telegram.service import Service
from bot.telegram.transport.processor import is_temporary
from bot.telegram.watchers import Watcher
from retrieval.answer import Answer
from retrieval.errors import FundstelleError
from retrieval.store.standing_questions import StandingAnswer

log = logging.getLogger(__name__)

#: How often it is looked whether another process has indexed something, or it has become time for a digest.
EVERY_SECONDS: Final = 5.0
#: How long it waits after an error.
PAUSE_SECONDS: Final = 30.0
#: An answer whose sending was begun this often and never ended is given up.
MAX_ATTEMPTS: Final = 20

Found = list[tuple[StandingAnswer, Answer]]


class WatchDelivery:
    """Runs beside the handlers from ``start`` to ``stop``; a message on its way is waited for."""

    def __init__(self, service: Service, bot: Bot, every_seconds: float = EVERY_SECONDS) -> None:
        self._service = service
        self._bot = bot
        self._every = every_seconds
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins. Call it in the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends after the message that is being sent."""
        self._stopping = True
        self._service.news.set()
        if self._task is not None:
            try:
                await asyncio.wait([self._task])
            finally:
                self._task.cancel()

    async def _run(self) -> None:
        while not self._stopping:
            self._service.news.clear()
            pause = self._every
            try:
                await self._ask()
                for watcher in self._service.people.watchers.all():
                    await self._deliver(watcher, datetime.now())
            except (FundstelleError, BotApiError, sqlite3.Error) as error:
                log.warning("Answers to standing questions wait: %s", error)
                pause = max(pause, PAUSE_SECONDS)
            except Exception:
                log.exception("Answers to standing questions wait")
                pause = max(pause, PAUSE_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._service.news.wait(), pause)

    async def _ask(self) -> None:
        """Asks standing questions of what is new, so that the questions of people come in between."""
        steps = self._service.collection.watch.steps()
        while not self._stopping and await self._service.queue.run(next, steps, None) is not None:
            pass

    async def _deliver(self, watcher: Watcher, now: datetime) -> None:
        """Sends somebody what waits for them, if it is time."""
        queue, owner = self._service.collection.watch.questions, self._service.pseudonym_of(watcher.user)
        waiting = await self._service.queue.run(queue.undelivered, owner)
        if waiting and not self._is_let_in(watcher.user):
            await asyncio.to_thread(queue.mark_delivered, waiting)
            return
        if self._stopping or not watcher.is_due(now):
            return
        found = await self._shown(waiting)
        try:
            if watcher.daily is None:
                await self._send_each(watcher, found)
            else:
                await self._send_digest(watcher, found)
        except Forbidden as error:
            log.info("Standing questions have nobody to answer to: %s", error)
            await asyncio.to_thread(queue.mark_delivered, waiting)
        if watcher.daily is not None and not self._stopping:
            kept = self._service.people.watchers
            kept.put(replace(kept.get(watcher.user, watcher.language), digest_on=now.date().isoformat()))

    async def _shown(self, waiting: Sequence[StandingAnswer]) -> Found:
        """What there is to show; what no article says any more, or cannot be sent, is dropped."""
        watch, found, dropped = self._service.collection.watch, [], []
        for kept in waiting:
            answer = await self._service.queue.run(watch.answer, kept) if kept.attempts < MAX_ATTEMPTS else None
            if answer is None:
                log.warning("Answer %d to a standing question is dropped after %d attempts", kept.id, kept.attempts)
                dropped.append(kept)
            else:
                found.append((kept, answer))
        if dropped:
            await asyncio.to_thread(watch.questions.mark_delivered, dropped)
        return found

    async def _send_each(self, watcher: Watcher, found: Found) -> None:
        chat, language = watcher.user, watcher.language
        for kept, answer in found:
            if self._stopping:
                return
            # What somebody thinks of an answer belongs to a question that they have just asked.
            looks = buttons(answer, language, self._service.seal(chat))
            rows = [*(looks.inline_keyboard[1:] if looks else ())]
            label = text("telegram.unwatch_this", language)
            rows.append((unwatch_button(self._service, chat, kept.question, label),))
            await self._send(chat, standing_html(kept, answer, language), [kept], InlineKeyboardMarkup(rows))

    async def _send_digest(self, watcher: Watcher, found: Found) -> None:
        first = 0
        for html, count in digest_html(found, watcher.language):
            if self._stopping:
                return
            await self._send(watcher.user, html, [kept for kept, _ in found[first : first + count]])
            first += count

    async def _send(
        self, chat: int, html: str, answers: Sequence[StandingAnswer], markup: InlineKeyboardMarkup | None = None
    ) -> None:
        queue = self._service.collection.watch.questions
        # Not in the reader thread, which is gone before a message that is on its way has arrived.
        await asyncio.to_thread(queue.begin_delivery, answers)
        try:
            await self._bot.send_message(chat, html, parse_mode="HTML", reply_markup=markup)
        except Forbidden:
            raise
        except BotApiError as error:
            if is_temporary(error):
                raise
            log.error("Answers %s to standing questions cannot be sent: %s", [kept.id for kept in answers], error)
        await asyncio.to_thread(queue.mark_delivered, answers)

    def _is_let_in(self, user: int) -> bool:
        return may_ask_by_name(self._service.settings, user) or self._service.people.is_member(user)
