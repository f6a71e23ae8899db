"""The request behind ``getUpdates``: checks each update and writes it to the inbox before it is handed on.

python-telegram-bot parses a batch as a whole, so one update that it cannot parse stops polling for good, and it
confirms a batch before the handlers are through with it, so a crash loses questions. Both are settled here, the only
place that sees the answer of ``getUpdates`` before the library does.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from telegram import CallbackQuery, Chat, Message, Update
from telegram.error import TelegramError as BotApiError
from telegram.request import HTTPXRequest

from bot.telegram.inbox import Inbox, Received, Rejected

log = logging.getLogger(__name__)

#: Telegram's update numbers are positive 32-bit integers. A higher one, believed, would skip all that follow.
MAX_UPDATE_ID = 2**31 - 1
#: Marks an update that only moves the offset on: what it stood for was malformed or is in the inbox already.
SKIP = "fundstelle_skip"
_MAX_REJECTED_CHARS = 10_000


def problem(entry: object) -> str | None:
    """Why ``entry`` cannot be handled as an update; None when it can."""
    try:
        update = Update.de_json(entry, None)  # type: ignore[arg-type]
        wrong = _wrong_types(update)
        return f"wrong type: {wrong}" if wrong else None
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _wrong_types(update: Update) -> str:
    """The names of fields whose values have a type that the handlers cannot work with (the library lets them pass)."""
    checks: list[tuple[str, object, type | tuple[type, ...]]] = []
    user, chat, query = update.effective_user, update.effective_chat, update.callback_query
    if user:
        checks += [("user.id", user.id, int), ("user.language_code", user.language_code or "", str)]
    if chat:
        checks += [("chat.id", chat.id, int), ("chat.type", chat.type, str)]
    if isinstance(query, CallbackQuery):
        checks += [("callback_query.id", query.id, str), ("callback_query.data", query.data or "", str)]
    inline = update.inline_query
    if inline:
        checks += [("inline_query.id", inline.id, str), ("inline_query.query", inline.query, str)]
    message = update.effective_message
    for part in (message, message.reply_to_message) if isinstance(message, Message) else ():
        if part:
            checks += [("message_id", part.message_id, int), ("text", part.text or "", str), ("chat", part.chat, Chat)]
            checks += [("caption", part.caption or "", str)]
            if part.document:
                checks += [("file_name", part.document.file_name or "", str)]
                checks += [("file_size", part.document.file_size or 0, int)]
            checks += [("entity.type", entity.type, str) for entity in part.entities]
            checks += [("entity.offset", entity.offset, int) for entity in part.entities]
            checks += [("entity.length", entity.length, int) for entity in part.entities]
    return ", ".join(name for name, value, kind in checks if not isinstance(value, kind) or isinstance(value, bool))


def is_skip(update: Update) -> bool:
    """Whether the update only moves the offset on."""
    return SKIP in update.api_kwargs


def _number(entry: object) -> int | None:
    value = entry.get("update_id") if isinstance(entry, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_UPDATE_ID:
        return value
    return None


def _integer(digits: str) -> int | str:
    """A JSON integer; one of absurd length stays text, because ``int`` refuses it and with it the whole batch."""
    return int(digits) if len(digits) < 100 else digits


class InboxRequest(HTTPXRequest):
    """The HTTP request for ``getUpdates`` alone: its answers go through ``inbox``.

    ``on_refused`` is called when the server refuses the token: the library then ends polling without a word.
    """

    def __init__(self, inbox: Inbox, on_refused: Callable[[], None]) -> None:
        super().__init__(connection_pool_size=1, read_timeout=10.0)
        self._inbox = inbox
        self._on_refused = on_refused

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """As the base class; watches the status code."""
        code, payload = await super().do_request(*args, **kwargs)
        if code in (401, 404):
            self._on_refused()
        return code, payload

    def parse_json_payload(self, payload: bytes) -> dict[str, Any]:  # type: ignore[override]
        """The parsed answer, its ``result`` reduced to valid updates that are new and now on disk.

        Raises telegram.error.TelegramError for an answer that is not the Bot API's, and when the inbox cannot be
        written: the library asks again then, with growing pauses, and the offset stays.
        """
        try:
            answer = json.loads(payload.decode("utf-8", "replace"), parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise BotApiError(f"the server's answer is not JSON ({type(error).__name__})") from error
        if not isinstance(answer, dict):
            raise BotApiError("the server's answer is not a JSON object")
        if answer.get("ok") is not True:
            parameters = answer.get("parameters")
            return {**answer, "parameters": parameters if isinstance(parameters, dict) else {}, "result": []}
        if not isinstance(answer.get("result"), list):
            raise BotApiError("the server's answer holds no list of updates")
        try:
            answer["result"] = self._take(answer["result"])
        except sqlite3.Error as error:
            raise BotApiError(f"the inbox cannot be written ({error})") from error
        return answer

    def _take(self, entries: list[Any]) -> list[dict[str, Any]]:
        numbered: dict[int, dict[str, Any]] = {}  # By number, so that the last one in the list moves the offset on.
        valid: list[Received] = []
        rejected: list[Rejected] = []
        for entry in entries:
            number, reason = _number(entry), problem(entry)
            if number is not None:
                numbered.setdefault(number, {"update_id": number, SKIP: True})
            if number is None or reason:
                reason = reason or "update_id missing or out of range"
                rejected.append(Rejected(json.dumps(entry)[:_MAX_REJECTED_CHARS], reason))
                log.warning("Update %s is malformed and was put aside: %s", number, reason[:200])
            else:
                valid.append(Received(number, json.dumps(entry)))
                numbered[number] = entry
        new = self._inbox.take(valid, rejected)
        if entries and not numbered:
            # Nothing tells the server that we have seen these, so it will send them again: not in a tight loop.
            raise BotApiError("the server sent nothing but updates without a number")
        for update in valid:
            if update.update_id not in new:
                numbered[update.update_id] = {"update_id": update.update_id, SKIP: True}
        return [numbered[number] for number in sorted(numbered)]
