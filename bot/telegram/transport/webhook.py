"""The webhook: Telegram posts each update to a public address, a reverse proxy passes it on to here.

An update is answered with 200 only after it lies in the inbox; until then Telegram keeps it and posts it again.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import sqlite3
import time
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest
from telegram.error import TelegramError as BotApiError

from bot.errors import TelegramError
from bot.messages import text
from bot.settings import Settings
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.http_server import Site
from bot.telegram.transport.inboxes import Inbox
from bot.telegram.transport.updates import ALLOWED_UPDATES, accept, is_skip, parse
from retrieval.errors import StoreError
from retrieval.files import create_file, make_private_folder

log = logging.getLogger(__name__)

SECRET_FILE = "telegram-webhook-secret"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
#: Telegram's updates are a few kilobytes.
MAX_BODY_BYTES = 1_000_000
_BODY_SECONDS = 10.0
#: Seconds between checks whether the webhook is still ours and works.
CHECK_SECONDS = 20.0
#: Pause, in seconds, after the webhook could not be registered.
REGISTER_AGAIN_AFTER = 5.0
#: Requests that are not from Telegram are logged so often, in seconds: whoever sends them could fill the disk.
STRANGERS_EVERY = 60.0


def webhook_secret(settings: Settings) -> str:
    """The secret that Telegram sends with each update: the setting, or one made once and kept in the data directory.

    Raises TelegramError if it can be neither read nor stored.
    """
    if settings.telegram_webhook_secret:
        return settings.telegram_webhook_secret.get_secret_value()
    path = settings.home / SECRET_FILE
    try:
        if not path.exists():
            make_private_folder(settings.home)
            with suppress(FileExistsError):  # another process has made it at this moment
                create_file(path, secrets.token_urlsafe(32).encode("ascii"), mode=0o600)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TelegramError(text("telegram.no_secret", settings.language, path=path, error=error)) from error
    if not secret:  # The file has been emptied.
        path.unlink(missing_ok=True)
        return webhook_secret(settings)
    return secret


class Webhook:
    """Receives updates at ``settings.telegram_webhook_listen`` and puts them into ``queue``, as polling does."""

    def __init__(
        self, settings: Settings, secret: str, bot: Bot, inbox: Inbox, queue: asyncio.Queue[object], health: Health
    ) -> None:
        assert settings.telegram_webhook_url is not None
        self._url = settings.telegram_webhook_url
        self._language = settings.language
        self._secret = secret
        self._bot = bot
        self._inbox = inbox
        self._queue = queue
        self._health = health
        self._strangers, self._strangers_again = 0, 0.0
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_post(urlsplit(self._url).path or "/", self._receive)
        self._site = Site(application, "telegram_webhook_listen", settings)
        self._checks: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts to listen and registers the webhook. Raises TelegramError if either is refused."""
        await self._site.start()
        while True:
            try:
                await self._register()
                break
            except BadRequest as error:
                raise TelegramError(text("telegram.bad_webhook", self._language, error=error)) from error
            except BotApiError as error:
                log.warning("The webhook could not be set (%s); next try in %.0f s", error, REGISTER_AGAIN_AFTER)
                await asyncio.sleep(REGISTER_AGAIN_AFTER)
        self._health.note_answer()
        self._checks = asyncio.create_task(self._keep_checking())

    async def stop(self) -> None:
        """No update is accepted after this. The webhook stays set, so Telegram keeps updates until the next start."""
        if self._checks:
            self._checks.cancel()
        await self._site.stop()

    async def _register(self) -> None:
        await self._bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=ALLOWED_UPDATES)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.check()
            except BotApiError as error:
                log.warning("Telegram could not be asked about the webhook: %s", error)

    async def check(self) -> None:
        """Asks Telegram for the state of the webhook, and sets it again if another program has changed it."""
        info = await self._bot.get_webhook_info()
        if info.url != self._url:
            log.error("Another program has changed the webhook; it is set again. Stop the other one.")
            await self._register()
        elif info.last_error_date and info.pending_update_count:
            log.warning("Telegram does not reach the webhook: %s", info.last_error_message)
        else:
            self._health.note_answer()

    def _note_stranger(self, address: str | None) -> None:
        """Logs a request with a wrong secret; of many, one a minute and how many there were."""
        self._strangers += 1
        now = time.monotonic()
        if now >= self._strangers_again:
            log.warning("%d requests with a wrong secret came to the webhook, last from %s", self._strangers, address)
            self._strangers, self._strangers_again = 0, now + STRANGERS_EVERY

    async def _receive(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            self._note_stranger(request.remote)
            return web.Response(status=401)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
            entry = parse(body)
        except TimeoutError:
            return web.Response(status=408)
        except ValueError:
            log.warning("A request came to the webhook that is not JSON")
            return web.Response(status=400)
        try:
            entries = accept(self._inbox, [entry])
        except (sqlite3.Error, StoreError) as error:
            log.error("The inbox cannot be written (%s); Telegram will send the update again", error)
            return web.Response(status=503)
        for update in (Update.de_json(entry, self._bot) for entry in entries):
            if not is_skip(update):
                self._queue.put_nowait(update)
        self._health.note_answer()
        return web.Response()
