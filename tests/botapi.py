"""A small Bot API server for the tests: real HTTP on 127.0.0.1, long polling, and Telegram's own refusals.

::

    with BotApi() as api:
        api.text("Wer?", user=7)                 # a message to the bot
        api.wait(lambda: api.sent(7))            # until the bot has answered it

It runs in a thread of its own; all its methods may be called from any thread.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.botapi_checks import Refused, checked_inline, checked_markup, checked_text, request_params

Json = dict[str, Any]
TOKEN = "123456789:TEST-secret_0123456789_abcdefghijk"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Fundstelle", "username": "FundstelleTestBot"}
_ACTIONS = {"typing", "upload_photo", "record_voice", "upload_document", "choose_sticker", "find_location"}


@dataclass
class Call:
    """One line of the journal."""

    method: str
    params: Json
    code: int = 0
    answer: Any = None
    at: float = field(default_factory=time.monotonic)


@dataclass
class Fault:
    """The next ``times`` calls of ``method`` fail: with ``code``, or with a dropped connection after being done."""

    method: str
    code: int = 500
    times: int = 1
    retry_after: int | None = None
    drop: bool = False


class BotApi:
    """The server. ``journal`` lists all calls in the order they came, ``messages`` what the bot has sent by chat."""

    def __init__(self, *, token: str = TOKEN, port: int = 0) -> None:
        self.token, self.port = token, port
        self.journal: list[Call] = []
        self.blocked: set[int] = set()
        self._messages: dict[tuple[int, int], Json] = {}
        self._queue: list[tuple[int, Any]] = []
        self._faults: list[Fault] = []
        self._queries: set[str] = set()
        self._files: dict[str, bytes] = {}
        self._chats: set[int] = set()
        self._next = {"update": 1000, "message": 1, "query": 1}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._poll: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    # The test's side

    def __enter__(self) -> BotApi:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        self.port = ready.result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """What belongs into FUNDSTELLE_TELEGRAM_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    def push(self, update: Json) -> int:
        """Queues an update under the next number, which is returned."""
        return self.push_raw(lambda number: {"update_id": number, **update})

    def push_raw(self, make: Callable[[int], Any]) -> int:
        """Queues whatever ``make`` makes of the next number: also things that are no update."""

        async def queue() -> int:
            number = self._count("update")
            self._queue.append((number, make(number)))
            self._news.set()
            return number

        return asyncio.run_coroutine_threadsafe(queue(), self._loop).result(10)

    def text(
        self, text: str | None, *, user: int = 7, chat: int | None = None, code: str | None = "de", **more: Any
    ) -> int:
        """A message from ``user``, in a private chat unless ``chat`` is a group (negative). Returns its message_id."""
        chat = user if chat is None else chat
        sender: Json = {"id": user, "is_bot": False, "first_name": f"Person {user}"}
        if code is not None:
            sender["language_code"] = code
        place: Json = {"id": chat, "type": "private", "first_name": f"Person {user}"}
        if chat < 0:
            place = {"id": chat, "type": "supergroup", "title": "Gruppe"}
        message: Json = {"message_id": self._count("message"), "date": int(time.time()), "chat": place, "from": sender}
        if text is not None:
            message["text"] = text
            if command := re.match(r"/\w+(@\w+)?", text):
                message["entities"] = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        message.update(more)
        self._chats.add(chat)
        with self._changed:
            self._messages[(chat, message["message_id"])] = message
        self.push({"message": message})
        return int(message["message_id"])

    def edit(self, message_id: int, text: str, *, user: int = 7, chat: int | None = None) -> None:
        """The user changes the text of a message."""
        message = self._messages[(user if chat is None else chat, message_id)]
        message.update(text=text, edit_date=int(time.time()))
        self.push({"edited_message": dict(message)})

    def inline(self, query: str, *, user: int = 7, code: str | None = "de") -> str:
        """What ``user`` has typed so far behind the bot's name, in any chat; returns the query's id."""
        number = f"i{self._count('query')}"
        self._queries.add(number)
        sender = {"id": user, "is_bot": False, "first_name": f"Person {user}", "language_code": code}
        self.push({"inline_query": {"id": number, "from": sender, "query": query, "offset": ""}})
        return number

    def document(self, name: str | None, content: bytes, *, user: int = 7, **more: Any) -> int:
        """A file from ``user``; ``more`` is what Telegram says of it, ``file_size`` for example."""
        number = f"f{len(self._files)}"
        self._files[number] = content
        document = {"file_id": number, "file_unique_id": number, "file_size": len(content), **more}
        if name is not None:
            document["file_name"] = name
        return self.text(None, user=user, document=document)

    def press(
        self,
        message: Json,
        button: str = "more",
        *,
        user: int = 7,
        code: str | None = "de",
        data: str | None = None,
        **changes: Any,
    ) -> str:
        """Presses the button with this text or data under a message of the bot; returns the query's id."""
        query = f"q{self._count('query')}"
        self._queries.add(query)
        sender = {"id": user, "is_bot": False, "first_name": f"Person {user}", "language_code": code}
        shown = [button for row in message["reply_markup"]["inline_keyboard"] for button in row] if not data else []
        pressed = data or next(b["callback_data"] for b in shown if button in (b["text"], b["callback_data"]))
        self.push(
            {
                "callback_query": {
                    "id": query,
                    "from": sender,
                    "chat_instance": "1",
                    "message": {**message, **changes},
                    "data": pressed,
                }
            }
        )
        return query

    def forget(self, query: str) -> None:
        """The query becomes too old to be answered."""
        self._queries.discard(query)

    def fail(self, method: str, **fault: Any) -> None:
        """See Fault."""
        self._faults.append(Fault(method, **fault))

    def heal(self) -> None:
        """No call fails any more."""
        self._faults.clear()

    def calls(self, method: str, *, code: int | None = 200) -> list[Call]:
        """The calls of one method so far, the successful ones or those with ``code`` (None: all)."""
        with self._changed:
            return [call for call in self.journal if call.method == method and code in (None, call.code)]

    def sent(self, chat: int | None = None) -> list[Json]:
        """The messages that the bot has sent, in order."""
        return [call.answer for call in self.calls("sendMessage") if chat in (None, call.answer["chat"]["id"])]

    def wait(self, condition: Callable[[], Any], timeout: float = 10.0) -> Any:
        """Waits until ``condition`` gives something true after a call, and returns it; AssertionError after timeout."""
        with self._changed:
            result = self._changed.wait_for(condition, timeout)
        assert result, f"waited {timeout} s in vain; last calls: {self.journal[-8:]}"
        return result

    # The server's side

    def _count(self, kind: str) -> int:
        with self._changed:
            self._next[kind] += 1
            return self._next[kind]

    def _serve(self, ready: Future[int]) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> web.AppRunner:
            application = web.Application()
            application.router.add_route("*", "/bot{token}/{method}", self._handle)
            application.router.add_get("/file/bot{token}/{path}", self._download)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
            await site.start()
            ready.set_result(runner.addresses[0][1])
            return runner

        runner = self._loop.run_until_complete(start())
        self._loop.run_forever()
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], await request_params(request))
        fault = self._fault(call.method)
        try:
            if not re.fullmatch(r"\d+:[\w-]+", request.match_info["token"]):
                raise Refused(404, "Not Found")
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            method = getattr(self, f"_do_{call.method}", None)
            if method is None:
                raise Refused(404, "Not Found")
            if fault and not fault.drop:
                raise Refused(fault.code, "Fault", **({"retry_after": fault.retry_after} if fault.retry_after else {}))
            call.answer = await method(call.params)
            call.code, body = 200, {"ok": True, "result": call.answer}
        except Refused as refused:
            call.code, body = refused.code, {"ok": False, "error_code": refused.code}
            body["description"] = f"{'Bad Request: ' if refused.code == 400 else ''}{refused.description}"
            if refused.parameters:
                body["parameters"] = refused.parameters
        with self._changed:
            self.journal.append(call)
            self._changed.notify_all()
        if fault and fault.drop and request.transport:
            request.transport.abort()
        return web.json_response(body, status=call.code)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        content = self._files.get(request.match_info["path"].removesuffix(".bin"))
        if request.match_info["token"] != self.token or content is None:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        with self._changed:
            self.journal.append(Call("download", dict(request.match_info), 200))
        return web.Response(body=content)

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _do_getUpdates(self, params: Json) -> list[Any]:
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        mine = self._poll = self._loop.create_future()
        offset, limit = int(params.get("offset") or 0), min(int(params.get("limit") or 100), 100)
        self._queue = [(number, update) for number, update in self._queue if number >= offset]
        until = self._loop.time() + float(params.get("timeout") or 0)
        while not self._queue and self._loop.time() < until:
            self._news.clear()
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait([news, mine], timeout=until - self._loop.time(), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if mine.done():
                raise Refused(409, "Conflict: terminated by other getUpdates request")
        mine.cancel()
        return [update for _, update in self._queue[:limit]]

    async def _do_getMe(self, params: Json) -> Json:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _do_getFile(self, params: Json) -> Json:
        content = self._files.get(params.get("file_id") or "")
        if content is None:
            raise Refused(400, "wrong file_id or the file is temporarily unavailable")
        if len(content) > 20 * 1024 * 1024:
            raise Refused(400, "file is too big")
        number = params["file_id"]
        return {"file_id": number, "file_unique_id": number, "file_size": len(content), "file_path": f"{number}.bin"}

    async def _do_answerInlineQuery(self, params: Json) -> bool:
        if params.get("inline_query_id") not in self._queries:
            raise Refused(400, "query is too old and response timeout expired or query ID is invalid")
        checked_inline(params)
        self._queries.discard(params["inline_query_id"])
        return True

    async def _do_deleteWebhook(self, params: Json) -> bool:
        return True

    async def _do_setMyCommands(self, params: Json) -> bool:
        for command in params["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise Refused(400, "BOT_COMMAND_INVALID")
        return True

    async def _do_sendChatAction(self, params: Json) -> bool:
        self._check_chat(params)
        if params.get("action") not in _ACTIONS:
            raise Refused(400, "wrong parameter action in request")
        return True

    async def _do_sendMessage(self, params: Json) -> Json:
        chat = self._check_chat(params)
        text = checked_text(params)
        message: Json = {"message_id": self._count("message"), "date": int(time.time()), "from": BOT, "text": text}
        message["chat"] = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
        if params.get("message_thread_id"):
            message |= {"message_thread_id": int(params["message_thread_id"]), "is_topic_message": True}
        reply = params.get("reply_parameters")
        if reply:
            original = self._messages.get((chat, reply["message_id"]))
            if original:
                message["reply_to_message"] = {k: v for k, v in original.items() if k != "reply_to_message"}
            elif not reply.get("allow_sending_without_reply"):
                raise Refused(400, "message to be replied not found")
        if params.get("reply_markup"):
            markup = checked_markup(params["reply_markup"])
            if "inline_keyboard" in markup:  # a message shows no other kind
                message["reply_markup"] = markup
        self._messages[(chat, message["message_id"])] = message
        return message

    async def _do_editMessageText(self, params: Json) -> Json:
        message, text = self._own_message(params), checked_text(params)
        markup = checked_markup(params["reply_markup"]) if params.get("reply_markup") else None
        return self._edited(message, {**message, "text": text, "reply_markup": markup})

    async def _do_editMessageReplyMarkup(self, params: Json) -> Json:
        message = self._own_message(params)
        markup = checked_markup(params["reply_markup"]) if params.get("reply_markup") else None
        return self._edited(message, {**message, "reply_markup": markup})

    async def _do_answerCallbackQuery(self, params: Json) -> bool:
        if params.get("callback_query_id") not in self._queries:
            raise Refused(400, "query is too old and response timeout expired or query ID is invalid")
        if len(params.get("text") or "") > 200:
            raise Refused(400, "MESSAGE_TOO_LONG")
        self._queries.discard(params["callback_query_id"])
        return True

    def _check_chat(self, params: Json) -> int:
        chat = int(params.get("chat_id") or 0)
        if chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat not in self._chats:
            raise Refused(400, "chat not found")
        return chat

    def _own_message(self, params: Json) -> Json:
        message = self._messages.get((int(params.get("chat_id") or 0), int(params.get("message_id") or 0)))
        if message is None:
            raise Refused(400, "message to edit not found")
        if message["from"]["id"] != BOT["id"]:
            raise Refused(400, "message can't be edited")
        return message

    def _edited(self, old: Json, new: Json) -> Json:
        new = {key: value for key, value in new.items() if value is not None}
        if new == old:
            raise Refused(400, "message is not modified")
        self._messages[(new["chat"]["id"], new["message_id"])] = new
        return new
