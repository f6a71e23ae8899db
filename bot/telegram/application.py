"""Builds the bot, runs it until SIGTERM or SIGINT, and stops it without losing a question."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import sqlite3
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from telegram import LinkPreviewOptions, Update
from telegram.error import InvalidToken, NetworkError
from telegram.error import TelegramError as BotApiError
from telegram.ext import Application, Defaults

from bot.errors import TelegramError
from bot.logs import logging_to_stderr
from bot.messages import text
from bot.settings import Settings
from bot.telegram.aging import drop_old
from bot.telegram.handlers.register import Handlers
from bot.telegram.leading import Leading
from bot.telegram.menus import announce
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.http_server import Site, operations_app
from bot.telegram.monitoring.metrics import Metrics
from bot.telegram.reader_queue import MAX_WAITING, ReaderQueue, Workers
from bot.telegram.service import TYPING_SECONDS, AnyApplication, Service
from bot.telegram.start_lines import start_lines
from bot.telegram.state import State, open_state
from bot.telegram.token_redaction import redact_logs
from bot.telegram.transport.claims import Claims
from bot.telegram.transport.polling import InboxRequest, Polling
from bot.telegram.transport.processor import InboxProcessor
from bot.telegram.transport.rate_limiter import PatientRateLimiter
from bot.telegram.transport.updates import find_problem
from bot.telegram.transport.webhook import Webhook
from bot.telegram.watch_delivery import WatchDelivery
from retrieval.collection import Collection
from retrieval.errors import StoreError
from retrieval.loading.confinement import hide_memory

log = logging.getLogger(__name__)

#: How long stopping waits, in seconds, for the current question and for replies being sent.
STOP_SECONDS = 8.0
_LONGEST_PAUSE = 30.0
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


def run(settings: Settings, collection: Collection, *, receives: bool = True) -> None:
    """Loads the models and runs the bot until the process gets SIGTERM or SIGINT.

    Without ``receives`` it only answers what other processes receive into the same database.

    Raises:
        TelegramError: the token is missing, Telegram refuses the token or the webhook, an address to listen at is
            taken, or polling ends for another reason.
        StoreError: the inbox in ``settings.home`` cannot be used.
        ModelError: a model cannot be used.
    """
    token = check_token(settings)
    hide_memory()  # the token is in it
    with (
        open_state(settings, int(token.partition(":")[0])) as state,
        redact_logs(token, state.secret) as redactor,
        logging_to_stderr(settings),
    ):
        # At INFO, httpx logs every request with its address, at least twice a minute.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        workers = Workers()
        try:
            asyncio.run(TelegramBot(settings, token, collection, state, workers, receives=receives).run())
        except BotApiError as error:
            raise TelegramError(
                text("telegram.stopped", settings.language, error=redactor.clean(str(error)))
            ) from None  # The library's error holds the token, and its traceback the address.
        finally:
            workers.stop()


def check_token(settings: Settings) -> str:
    """The token. Raises TelegramError if it is missing or cannot be one, with what to do."""
    token = settings.telegram_token.get_secret_value().strip() if settings.telegram_token else ""
    if not token:
        raise TelegramError(text("telegram.no_token", settings.language))
    if not _TOKEN.fullmatch(token):
        raise TelegramError(text("telegram.odd_token", settings.language))
    return token


class TelegramBot:
    """One bot, from start to stop. Create and run it in the thread that opened ``state``."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        collection: Collection,
        state: State,
        workers: Workers,
        *,
        typing_seconds: float = TYPING_SECONDS,
        max_waiting: int = MAX_WAITING,
        receives: bool = True,
    ) -> None:
        self._settings = settings
        self._collection = collection
        self._people = state.people
        inbox = self._inbox = state.inbox
        self._workers = workers
        self._stop = asyncio.Event()
        self._refused = False
        health, metrics = Health(), Metrics()
        reader = ReaderQueue(workers, metrics, health, max_waiting)
        metrics.watch(reader.__len__, inbox.waiting_count)
        self._aging: asyncio.Task[None] | None = None
        self._operations = (
            Site(operations_app(metrics, health, collection), "metrics_listen", settings)
            if settings.metrics_listen
            else None
        )
        queue: asyncio.Queue[object] = asyncio.Queue()
        self._processor = InboxProcessor(inbox, queue)
        self._application: AnyApplication = (
            Application.builder()
            .token(token)
            .base_url(settings.telegram_base_url.rstrip("/") + "/bot")
            .base_file_url(settings.telegram_base_url.rstrip("/") + "/file/bot")
            .read_timeout(15.0)
            .get_updates_request(InboxRequest(inbox, self._on_refused, health.note_answer))
            .rate_limiter(PatientRateLimiter())
            .concurrent_updates(self._processor)
            .update_queue(queue)
            .defaults(
                Defaults(allow_sending_without_reply=True, link_preview_options=LinkPreviewOptions(is_disabled=True))
            )
            .build()
        )
        service = Service(settings, collection, self._people, reader, typing_seconds, inbox.forget)
        Handlers(service, self._processor.keep).register(self._application)
        self._watch_delivery = WatchDelivery(service, self._application.bot)
        self._claims = Claims(inbox, queue, self._application.bot) if inbox.is_shared else None
        if self._claims:
            self._processor.on_end = self._claims.ended
            if not receives:
                self._claims.on_look = health.note_answer
        self._receives = receives
        self._receiver: Webhook | Polling
        if settings.telegram_webhook_url and receives:
            self._receiver = Webhook(settings, state.secret, self._application.bot, inbox, queue, health)
        else:
            assert self._application.updater is not None  # The builder made one; this is for the type checker.
            self._receiver = Polling(self._application.updater)
        self._leading: Leading | None = None
        if state.lead and receives:
            polling = self._receiver if isinstance(self._receiver, Polling) else None
            self._leading = Leading(state.lead, polling, service, self._application.bot, health)

    def stop(self) -> None:
        """Makes ``run`` return soon. Call it in the event loop."""
        self._stop.set()

    async def run(self) -> None:
        """Loads the models, connects, and answers waiting and new updates until stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread.
                loop.add_signal_handler(number, self.stop)
        try:
            await self._unless_stopped(self._start())
            await self._stop.wait()
        finally:
            await self._shut_down()
        if self._refused:
            raise TelegramError(text("telegram.wrong_token", self._settings.language))

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        working, stopping = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            await working
        else:
            working.cancel()
            await asyncio.wait([working])

    async def _start(self) -> None:
        if self._operations:
            await self._operations.start()
        # Whoever asks meanwhile sees that it is being worked on: their question waits behind this in the reader.
        loading = asyncio.get_running_loop().run_in_executor(self._workers.reader, self._load)
        receiving = asyncio.create_task(self._receive())
        try:
            done, _ = await asyncio.wait([loading, receiving], return_when=asyncio.FIRST_EXCEPTION)
            for work in done:
                work.result()
        finally:
            receiving.cancel()
            await asyncio.wait([receiving])
        if self._receives and not self._leading:
            self._watch_delivery.start()
        aging = drop_old(self._people, self._collection, self._workers.reader, self._settings.history_days)
        self._aging = asyncio.create_task(aging)
        articles = await asyncio.get_running_loop().run_in_executor(
            self._workers.reader, self._collection.article_count
        )
        name, members = self._application.bot.username, len(self._people.members())
        print("\n".join(start_lines(self._settings, name, articles, members)), file=sys.stderr, flush=True)
        await announce(self._application.bot, self._settings)

    def _load(self) -> None:
        """Loads the models, in the reader thread. If that fails, what waits for them stays in the inbox."""
        try:
            self._collection.load()
        except BaseException:
            self._workers.stop()
            raise

    async def _receive(self) -> None:
        await self._connect()
        if self._claims:
            await self._application.start()
            self._claims.start()
        else:
            self._replay()
            await self._application.start()
        if self._leading:
            self._leading.start()
        if self._receives and (not self._leading or isinstance(self._receiver, Webhook)):
            await self._receiver.start()

    async def _connect(self) -> None:
        """Logs in to Telegram, retrying while the network is down."""
        pause = 1.0
        while True:
            try:
                await self._application.initialize()
                return
            except InvalidToken:
                raise TelegramError(text("telegram.wrong_token", self._settings.language)) from None
            except (AttributeError, KeyError, TypeError, ValueError) as error:  # the library's, of a foreign answer
                url = self._settings.telegram_base_url
                line = text("telegram.not_telegram", self._settings.language, url=url, error=error)
                raise TelegramError(line) from None
            except NetworkError as error:
                log.warning(
                    "%s cannot be reached (%s); next try in %.0f s", self._settings.telegram_base_url, error, pause
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _replay(self) -> None:
        """Queues the updates that an earlier run did not finish, before any new ones."""
        waiting = self._inbox.waiting()
        for received in waiting:
            entry = json.loads(received.body)
            # Another version of python-telegram-bot may not accept what the earlier one did.
            if reason := find_problem(entry):
                self._inbox.put_aside(received.update_id, reason)
            else:
                self._application.update_queue.put_nowait(Update.de_json(entry, self._application.bot))
        if waiting:
            log.info("%d updates of an earlier run are queued again", len(waiting))

    async def _shut_down(self) -> None:
        """Accepts no more updates, finishes the current question, and leaves the rest in the inbox."""
        self._processor.stop()
        if self._aging:
            self._aging.cancel()
        self._workers.stop()
        application = self._application
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if self._claims:
                    await self._claims.stop()
                if self._leading:
                    await self._leading.stop()
                await self._watch_delivery.stop()
                await self._receiver.stop()
                if application.running:
                    await application.stop()
        except TimeoutError:
            log.warning("Some replies could not be sent in time; they stay in the inbox")
        with suppress(RuntimeError):  # Starting was interrupted; the process ends anyway.
            await application.shutdown()
        # Closes the connections if starting ended before the application did.
        await application.bot.shutdown()
        if self._operations:
            await self._operations.stop()
        if self._claims:
            await self._claims.release()
        with suppress(sqlite3.Error, StoreError):
            log.info("Stopped; %d updates wait for the next start", self._inbox.waiting_count())

    def _on_refused(self) -> None:
        self._refused = True
        self._stop.set()
