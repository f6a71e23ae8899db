"""The Bot API, and the test's side of it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.botapi.checks import Refused, request_params
from tests.botapi.journal import Call, Fault, Json
from tests.botapi.methods import Chats
from tests.botapi.pace import Pace
from tests.botapi.thread import ServerThread
from tests.botapi.updates import encoded

TOKEN = "123456789:TEST-secret_0123456789_abcdefghijk"


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class BotApi(ServerThread):
    """The server; all its methods may be called from any thread.

    ``pace`` makes it refuse what comes too fast (without, tests need not wait for it); ``proxy`` is the address, such
    as ``http://127.0.0.1:8443``, to which what is meant for the webhook's host goes.
    """

    def __init__(self, *, token: str = TOKEN, port: int = 0, pace: Pace | None = None, proxy: str = "") -> None:
        super().__init__(port=port, proxy=proxy)
        self.token = token
        self._chats = Chats(pace, self._count)
        self._faults: list[Fault] = []
        self.blocked, self.admins = self._chats.blocked, self._chats.admins

    # The test's side

    @property
    def journal(self) -> list[Call]:
        """All calls in the order they came."""
        return self._log.calls

    def push(self, update: Json) -> int:
        """Queues an update under the next number, which is returned."""
        return self.push_raw(lambda number: {"update_id": number, **update})

    def push_raw(self, make: Callable[[int], Any]) -> int:
        """Queues whatever ``make`` makes of the next number: also what is no update, and bytes just as they are."""

        async def queue() -> int:
            number = self._count("update")
            update = make(number)
            self._updates.put(number, update if isinstance(update, bytes) else encoded(update))
            return number

        return asyncio.run_coroutine_threadsafe(queue(), self._loop).result(10)

    def text(
        self,
        text: str | None,
        *,
        user: int = 7,
        chat: int | None = None,
        code: str | None = "de",
        thread: int | None = None,
        **more: Any,
    ) -> int:
        """A message from ``user``, in a private chat unless ``chat`` is a group (negative), there in a topic if
        ``thread`` is given. Returns its message_id.
        """
        chat = user if chat is None else chat
        place: Json = {"id": chat, "type": "private", "first_name": f"Person {user}"}
        if chat < 0:
            place = {"id": chat, "type": "supergroup", "title": "Gruppe"}
        message: Json = {"message_id": self._count("message"), "date": int(time.time()), "chat": place}
        message["from"] = _person(user, code)
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
            self._chats.threads.add((chat, thread))
        if text is not None:
            message["text"] = text
            if command := re.match(r"/\w+(@\w+)?", text):
                message["entities"] = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        message.update(more)
        self._chats.known.add(chat)
        self._chats.messages[(chat, message["message_id"])] = message
        self.push({"message": message})
        return int(message["message_id"])

    def edit(self, message_id: int, text: str, *, user: int = 7, chat: int | None = None) -> None:
        """The user changes the text of a message."""
        message = self._chats.messages[(user if chat is None else chat, message_id)]
        message.update(text=text, edit_date=int(time.time()))
        self.push({"edited_message": dict(message)})

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
        shown = [button for row in message["reply_markup"]["inline_keyboard"] for button in row] if not data else []
        pressed = data or next(b["callback_data"] for b in shown if button in (b["text"], b["callback_data"]))
        query = {"chat_instance": "1", "message": {**message, **changes}, "data": pressed}
        return self._ask("callback_query", query, user, code)

    def inline(self, text: str, *, user: int = 7, code: str | None = "de") -> str:
        """Types ``@bot text`` in some chat; returns the query's id."""
        return self._ask("inline_query", {"query": text, "offset": ""}, user, code)

    def _ask(self, kind: str, query: Json, user: int, code: str | None) -> str:
        number = f"q{self._count('query')}"
        self._chats.queries.add(number)
        self.push({kind: {"id": number, "from": _person(user, code), **query}})
        return number

    def forget(self, query: str) -> None:
        """The query becomes too old to be answered."""
        self._chats.queries.discard(query)

    def delete(self, chat: int, message_id: int) -> None:
        """The message is deleted."""
        del self._chats.messages[(chat, message_id)]

    def file(self, content: bytes, name: str | None = "artikel.txt", *, size: int | None = None) -> Json:
        """A document that can be sent along and downloaded, as large as ``size`` if given."""
        file_id = f"f{self._count('file')}"
        size = len(content) if size is None else size
        self._chats.files[file_id] = (size, content)
        document = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size}
        return document if name is None else {**document, "file_name": name}

    def document(self, name: str | None, content: bytes, *, user: int = 7, **more: Any) -> int:
        """A file from ``user``; ``more`` is what Telegram says of it, ``file_size`` for example."""
        return self.text(None, user=user, document={**self.file(content, name), **more})

    def fail(self, method: str, **fault: Any) -> None:
        """See Fault."""
        self._faults.append(Fault(method, **fault))

    def heal(self) -> None:
        """No call fails any more."""
        self._faults.clear()

    # The server's side

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/bot{token}/{method}", self._handle)
        application.router.add_get("/file/bot{token}/documents/{file}", self._download)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], await request_params(request))
        fault = next((fault for fault in self._faults if fault.hits(call.method)), None)
        if fault:
            await asyncio.sleep(fault.delay)
        if fault and fault.drop == "before":
            return self._drop(request, call)
        try:
            body = await self._answer(call, request.match_info["token"], fault)
        except Refused as refused:
            call.code, call.description = refused.code, refused.description
            answer: Json = {"ok": False, "error_code": refused.code, "description": refused.description}
            body = json.dumps(answer | ({"parameters": refused.parameters} if refused.parameters else {})).encode()
        if fault and fault.drop:
            return self._drop(request, call)
        self._log.write(call)
        return web.Response(body=body, status=call.code, content_type="application/json")

    async def _answer(self, call: Call, token: str, fault: Fault | None) -> bytes:
        self._check_token(token)
        methods = {
            "getUpdates": self._updates.get,
            "setWebhook": self._updates.set_webhook,
            "deleteWebhook": self._updates.delete_webhook,
            "getWebhookInfo": self._updates.webhook_info,
        }
        method = methods.get(call.method) or self._chats.method(call.method)
        if method is None:
            raise Refused(404, "Not Found")
        if fault and not fault.drop and fault.body is not None:
            call.code = fault.code
            return fault.body
        if fault and not fault.drop and fault.code != 200:
            raise Refused(fault.code, "Fault", **({"retry_after": fault.retry_after} if fault.retry_after else {}))
        call.answer, call.code = await method(call.params), 200
        if call.method == "getUpdates":
            return b'{"ok":true,"result":[' + b",".join(call.answer) + b"]}"
        return json.dumps({"ok": True, "result": call.answer}).encode()

    def _drop(self, request: web.Request, call: Call) -> web.Response:
        self._log.write(call)
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _download(self, request: web.Request) -> web.Response:
        self._check_token(request.match_info["token"])
        _, content = self._chats.files[request.match_info["file"]]
        self._log.write(Call("download", dict(request.match_info), 200))
        return web.Response(body=content)

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise Refused(404, "Not Found")
        if token != self.token:
            raise Refused(401, "Unauthorized")


def _person(user: int, code: str | None) -> Json:
    person: Json = {"id": user, "is_bot": False, "first_name": f"Person {user}"}
    return person if code is None else {**person, "language_code": code}
