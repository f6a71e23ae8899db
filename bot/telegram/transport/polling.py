"""Long polling: the request behind ``getUpdates``, whose answers go through the inbox before the library sees them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from telegram.error import Conflict
from telegram.error import TelegramError as BotApiError
from telegram.ext import Updater
from telegram.request import HTTPXRequest

from bot.telegram.transport.inboxes import Inbox
from bot.telegram.transport.updates import ALLOWED_UPDATES, accept, parse, salvage
from retrieval.errors import StoreError

log = logging.getLogger(__name__)

_POLL_TIMEOUT = timedelta(seconds=25)
# A short pause after each poll, so that a server that answers nonsense at once is not asked in a tight loop.
_POLL_INTERVAL = 0.1
# After this many answers in a row that are not JSON, the network is not to blame, and waiting does not help.
_UNREADABLE_ANSWERS = 3


class InboxRequest(HTTPXRequest):
    """The HTTP request for ``getUpdates`` alone: its answers go through ``inbox``.

    ``on_refused`` is called when the server refuses the token: the library then ends polling without a word.
    ``on_answer`` is called after each good answer.
    """

    def __init__(self, inbox: Inbox, on_refused: Callable[[], None], on_answer: Callable[[], None]) -> None:
        super().__init__(connection_pool_size=1, read_timeout=10.0)
        self._inbox = inbox
        self._on_refused = on_refused
        self._on_answer = on_answer
        self._unreadable = 0

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """As the base class; watches the status code."""
        code, payload = await super().do_request(*args, **kwargs)
        if code in (401, 404):
            self._on_refused()
        return code, payload

    def parse_json_payload(self, payload: bytes) -> dict[str, Any]:  # type: ignore[override]
        """The parsed answer, its ``result`` reduced to valid updates that are new and now on disk.

        Raises telegram.error.TelegramError for an answer that is not the Bot API's, and when the inbox cannot be
        written: the library then asks again, with growing pauses, from the same offset.
        """
        answer = self._parse(payload)
        if not isinstance(answer, dict):
            raise BotApiError("the server's answer is not a JSON object")
        if answer.get("ok") is not True:
            parameters = answer.get("parameters")
            return {**answer, "parameters": parameters if isinstance(parameters, dict) else {}, "result": []}
        entries = answer.get("result")
        if not isinstance(entries, list):
            raise BotApiError("the server's answer holds no list of updates")
        try:
            result = accept(self._inbox, entries)
        except (sqlite3.Error, StoreError) as error:
            raise BotApiError(f"the inbox cannot be written ({error})") from error
        if entries and not result:
            # Without a number they cannot be confirmed, so the server sends them again: not in a tight loop.
            raise BotApiError("the server sent nothing but updates without a number")
        self._on_answer()
        return {**answer, "result": result}

    def _parse(self, payload: bytes) -> Any:
        try:
            answer = parse(payload)
        except ValueError as error:
            self._unreadable += 1
            if self._unreadable >= _UNREADABLE_ANSWERS and (entries := salvage(payload)):
                log.warning("The server's answer is not JSON again; what can be read of it is used")
                return {"ok": True, "result": entries}
            raise BotApiError(f"the server's answer is not JSON ({type(error).__name__})") from error
        self._unreadable = 0
        return answer


class Polling:
    """Asks Telegram for updates, again and again, until stopped."""

    def __init__(self, updater: Updater) -> None:
        self._updater = updater

    async def start(self) -> None:
        """Removes a webhook that may be set, and starts polling."""
        await self._updater.start_polling(
            poll_interval=_POLL_INTERVAL,
            timeout=_POLL_TIMEOUT,
            bootstrap_retries=-1,
            allowed_updates=ALLOWED_UPDATES,
            error_callback=_log_error,
        )

    async def stop(self) -> None:
        """No update is accepted after this."""
        if self._updater.running:
            with suppress(BotApiError):  # The refused token once more.
                await self._updater.stop()


def _log_error(error: BotApiError) -> None:
    if isinstance(error, Conflict):
        log.error("Another program is polling with the same token; only one can. Stop the other one.")
    else:
        log.warning("Asking for updates failed and will be tried again: %s", error)
