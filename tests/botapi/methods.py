"""The Bot API's methods: what each checks, does and answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.botapi.checks import (
    MAX_FILE_BYTES,
    Refused,
    checked_commands,
    checked_markup,
    checked_results,
    checked_text,
)
from tests.botapi.journal import Json
from tests.botapi.pace import Pace

BOT = {"id": 123456789, "is_bot": True, "first_name": "Fundstelle", "username": "FundstelleTestBot"}
_ACTIONS = {"typing", "upload_photo", "record_voice", "upload_document", "choose_sticker", "find_location"}


class Chats:
    """Chats, messages, files and queries as Telegram knows them."""

    def __init__(self, pace: Pace | None, count: Callable[[str], int]) -> None:
        self.messages: dict[tuple[int, int], Json] = {}
        self.blocked: set[int] = set()
        self.admins: set[int] = set()
        self.known: set[int] = set()
        self.threads: set[tuple[int, int]] = set()
        self.queries: set[str] = set()
        self.files: dict[str, tuple[int, bytes]] = {}
        self._pace = pace
        self._count = count

    def method(self, name: str) -> Callable[[Json], Awaitable[Any]] | None:
        """The method of this name, if there is one."""
        return getattr(self, f"do_{name}", None)

    async def do_getMe(self, params: Json) -> Json:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": True}

    async def do_setMyCommands(self, params: Json) -> bool:
        checked_commands(params)
        scope = params.get("scope") or {}
        if scope.get("type") == "chat":
            self._chat(scope)
        return True

    async def do_sendChatAction(self, params: Json) -> bool:
        self._chat(params)
        if params.get("action") not in _ACTIONS:
            raise Refused(400, "wrong parameter action in request")
        return True

    async def do_sendMessage(self, params: Json) -> Json:
        text, markup, chat = checked_text(params), checked_markup(params), self._chat(params)
        message: Json = {"message_id": 0, "date": int(time.time()), "from": BOT, "text": text}
        message["chat"] = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
        if thread := params.get("message_thread_id"):
            message |= {"message_thread_id": int(thread), "is_topic_message": True}
        if reply := params.get("reply_parameters"):
            original = self.messages.get((chat, reply["message_id"]))
            if original:
                message["reply_to_message"] = {k: v for k, v in original.items() if k != "reply_to_message"}
            elif not reply.get("allow_sending_without_reply"):
                raise Refused(400, "message to be replied not found")
        if markup and "inline_keyboard" in markup:  # A message shows no other kind.
            message["reply_markup"] = markup
        self._keep_pace(chat)
        message["message_id"] = self._count("message")
        self.messages[(chat, message["message_id"])] = message
        return message

    async def do_sendDocument(self, params: Json) -> Json:
        caption, sent = str(params.get("caption") or ""), params["document"]
        if len(caption) > 1024:
            raise Refused(400, "message caption is too long")
        message = await self.do_sendMessage({**params, "text": caption or sent.filename, "parse_mode": None})
        document = {"file_id": sent.filename, "file_unique_id": "u", "file_name": sent.filename}
        params["document"] = sent.file.read()
        return {**{k: v for k, v in message.items() if k != "text"}, "caption": caption, "document": document}

    async def do_sendPhoto(self, params: Json) -> Json:
        caption, sent = str(params.get("caption") or ""), params["photo"]
        params["photo"] = sent.file.read()
        # Width and height stand in a PNG's header.
        width, height = (int.from_bytes(params["photo"][at : at + 4], "big") for at in (16, 20))
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise Refused(400, "PHOTO_INVALID_DIMENSIONS")
        message = await self.do_sendMessage({**params, "text": caption or sent.filename})
        shown = message.pop("text")
        photo = [{"file_id": "p", "file_unique_id": "p", "width": width, "height": height}]
        return {**message, "caption": shown, "photo": photo}

    async def do_editMessageText(self, params: Json) -> Json:
        message = self._own_message(params)
        return self._edited(message, {**message, "text": checked_text(params), "reply_markup": checked_markup(params)})

    async def do_editMessageReplyMarkup(self, params: Json) -> Json:
        message = self._own_message(params)
        return self._edited(message, {**message, "reply_markup": checked_markup(params)})

    async def do_answerCallbackQuery(self, params: Json) -> bool:
        self._query(params.get("callback_query_id"))
        if len(params.get("text") or "") > 200:
            raise Refused(400, "MESSAGE_TOO_LONG")
        self.queries.discard(params["callback_query_id"])
        return True

    async def do_answerInlineQuery(self, params: Json) -> bool:
        checked_results(params)
        self._query(params.get("inline_query_id"))
        self.queries.discard(params["inline_query_id"])
        return True

    async def do_getChat(self, params: Json) -> Json:
        chat = self._chat(params)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        )
        return {
            "id": chat,
            "type": "private" if chat > 0 else "supergroup",
            **({"first_name": f"Person {chat}"} if chat > 0 else {"title": "Gruppe"}),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": gifts,
        }

    async def do_getChatMember(self, params: Json) -> Json:
        user = int(params.get("user_id") or 0)
        found = {"user": {"id": user, "is_bot": False, "first_name": f"Person {user}"}, "status": "member"}
        return {**found, "status": "creator", "is_anonymous": False} if user in self.admins else found

    async def do_getFile(self, params: Json) -> Json:
        file_id = str(params.get("file_id"))
        if file_id not in self.files:
            raise Refused(400, "wrong file_id or the file is temporarily unavailable")
        size, _ = self.files[file_id]
        if size > MAX_FILE_BYTES:
            raise Refused(400, "file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": size,
            "file_path": f"documents/{file_id}",
        }

    def _query(self, query: object) -> None:
        if query not in self.queries:
            raise Refused(400, "query is too old and response timeout expired or query ID is invalid")

    def _chat(self, params: Json) -> int:
        chat, thread = int(params.get("chat_id") or 0), params.get("message_thread_id")
        if chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat not in self.known:
            raise Refused(400, "chat not found")
        if thread and (chat, int(thread)) not in self.threads:
            raise Refused(400, "message thread not found")
        return chat

    def _keep_pace(self, chat: int) -> None:
        if self._pace and (seconds := self._pace.retry_after(chat, time.monotonic())):
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    def _own_message(self, params: Json) -> Json:
        message = self.messages.get((int(params.get("chat_id") or 0), int(params.get("message_id") or 0)))
        if message is None:
            raise Refused(400, "message to edit not found")
        if message["from"]["id"] != BOT["id"]:
            raise Refused(400, "message can't be edited")
        return message

    def _edited(self, old: Json, new: Json) -> Json:
        new = {key: value for key, value in new.items() if value is not None}
        if new == old:
            raise Refused(
                400,
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message",
            )
        self._keep_pace(new["chat"]["id"])
        self.messages[(new["chat"]["id"], new["message_id"])] = new
        return new
