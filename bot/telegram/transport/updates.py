"""Incoming updates, by polling or by webhook: each is checked and on disk before it is passed on.

python-telegram-bot parses a batch as a whole, so one update that it cannot parse would stop polling for good, and it
confirms a batch before the handlers are through with it, so a crash would lose questions. Both are prevented here.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from telegram import CallbackQuery, Chat, Message, Update, User

from bot.telegram.transport.inbox import Received, Rejected
from bot.telegram.transport.inboxes import Inbox

log = logging.getLogger(__name__)

#: Telegram's update numbers are positive 32-bit integers. Accepting a higher one would skip all that follow.
MAX_UPDATE_ID = 2**31 - 1
#: The kinds of updates that Telegram is asked for.
ALLOWED_UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.INLINE_QUERY]
#: Marks a placeholder that only advances the offset: its update was malformed or is in the inbox already.
SKIP = "fundstelle_skip"
_MAX_REJECTED_CHARS = 10_000
# How each update begins.
_BEGIN = re.compile(r'\{\s*"update_id"\s*:\s*(\d+)')


def find_problem(entry: object) -> str | None:
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
        checks += [("callback_query.from", query.from_user, User)]
    inline = update.inline_query
    if inline:
        checks += [("inline_query.id", inline.id, str), ("inline_query.query", inline.query, str)]
        checks += [("inline_query.from", inline.from_user, User)]
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
    """Whether the update is a placeholder that only advances the offset."""
    return SKIP in update.api_kwargs


def _number(entry: object) -> int | None:
    value = entry.get("update_id") if isinstance(entry, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_UPDATE_ID:
        return value
    return None


def parse(payload: bytes) -> Any:
    """Parses JSON as leniently as possible. Raises ValueError."""
    try:
        return json.loads(payload.decode("utf-8", "replace"), parse_int=_integer, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _integer(digits: str) -> int | str:
    """A JSON integer; one of absurd length stays text, because ``int`` refuses it and with it the whole batch."""
    return int(digits) if len(digits) < 100 else digits


def salvage(payload: bytes) -> list[Any]:
    """The updates in an answer that is not valid JSON as a whole.

    An unreadable one becomes a malformed update of the same number. Users' text is never mistaken for an update: within
    JSON strings quotes are escaped.
    """
    text = payload.decode("utf-8", "replace")
    decoder = json.JSONDecoder(parse_int=_integer, strict=False)
    entries: list[Any] = []
    begins = [*_BEGIN.finditer(text)]
    for begin, end in zip(begins, [*(later.start() for later in begins[1:]), len(text)], strict=False):
        try:
            entries.append(decoder.raw_decode(text, begin.start())[0])
        except (ValueError, RecursionError):
            entries.append({"update_id": _integer(begin[1]), "message": text[begin.start() : end]})
    return entries


def accept(inbox: Inbox, entries: list[Any]) -> list[dict[str, Any]]:
    """Puts ``entries`` into the inbox and returns those to pass on, by rising number: valid, new, and now on disk.

    Other entries with a number are replaced by placeholders that only advance the offset (``is_skip``). Malformed ones
    are kept among the inbox's rejected ones. From a shared inbox they are claimed, so none is passed on.

    Raises sqlite3.Error or StoreError, with nothing written.
    """
    numbered: dict[int, dict[str, Any]] = {}  # By number: the last one in the list sets the offset.
    valid: list[Received] = []
    rejected: list[Rejected] = []
    for entry in entries:
        number, reason = _number(entry), find_problem(entry)
        if number is not None:
            numbered.setdefault(number, {"update_id": number, SKIP: True})
        if number is None or reason:
            reason = reason or "update_id missing or out of range"
            rejected.append(Rejected(json.dumps(entry)[:_MAX_REJECTED_CHARS], reason))
            log.warning("Update %s is malformed and was put aside: %s", number, reason[:200])
        else:
            valid.append(Received(number, json.dumps(entry)))
            numbered[number] = entry
    new = inbox.take(valid, rejected)
    for update in valid:
        if inbox.is_shared or update.update_id not in new:
            numbered[update.update_id] = {"update_id": update.update_id, SKIP: True}
    return [numbered[number] for number in sorted(numbered)]
