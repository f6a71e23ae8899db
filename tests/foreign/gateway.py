"""What stands between the bot and a foreign Bot API server: a referee with Telegram's rules, and a mender.

Each call of the bot is first judged by the rules of the tests' own server (``tests.botapi``), which refuses what
Telegram would, then passed on, and answered with what the foreign server says. Each update that people cause goes
through the foreign server, too; here it gets what Telegram has and that server leaves out. A server knows which update
is meant by the sender's user name, a field that both pass on: it holds a tag.

What reaches the bot is kept until the bot has taken it, as at Telegram: neither server does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import httpx
from aiohttp import web

from tests.botapi import TOKEN, Call, Json, free_port
from tests.botapi.checks import Refused, request_params
from tests.botapi.methods import Chats
from tests.botapi.thread import ServerThread
from tests.botapi.updates import encoded

#: The people's messages have numbers of their own, away from those that the servers give to the bot's.
FIRST_NUMBER = 1_000_000
_START_SECONDS = 600.0
Whole = Callable[[Json], Json]


class Gateway(ServerThread):
    """The Bot API for a bot, and the people's side of it, as ``tests.botapi.BotApi`` has it.

    ``foreign`` is where the foreign server listens (``serve``), which many gateways may use, one after the other;
    ``hook`` is the bot's own address behind its webhook, such as ``http://127.0.0.1:8443``.
    """

    #: Methods that the foreign server has not; the referee answers them.
    LACKS: frozenset[str] = frozenset()

    def __init__(self, foreign: str, hook: str = "") -> None:
        super().__init__(proxy=hook, first_message=FIRST_NUMBER)
        self.foreign = foreign
        self._referee = Chats(None, self._count)
        self._wholes: dict[str, Whole] = {}
        self._client = httpx.Client(base_url=self.foreign, timeout=30.0)

    # What a foreign server is like

    @classmethod
    @abstractmethod
    def command(cls, port: int) -> list[str]:
        """How its process is started. Raises MissingError."""

    @abstractmethod
    def _cause(self, kind: str, body: Json) -> None:
        """Makes it send the bot a "message", "callback_query" or "inline_query"."""

    @abstractmethod
    def _kept(self) -> list[Json]:
        """The parameters of all messages that bots have sent, as the server keeps them."""

    def _mended(self, method: str, result: Any, judged: Any) -> Any:
        """The server's result as Telegram would give it; ``judged`` is the referee's."""
        return result

    async def _watch(self) -> None:
        """Fetches updates, where the server does not bring them."""

    @classmethod
    @contextmanager
    def serve(cls, folder: Path) -> Iterator[str]:
        """Runs the foreign server, which writes what it has to say into ``folder``; its address."""
        port, said = free_port(), folder / "foreign.txt"
        url = f"http://127.0.0.1:{port}"
        with said.open("w") as output:
            process = subprocess.Popen(cls.command(port), stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        until = time.monotonic() + _START_SECONDS
        try:
            while True:
                try:
                    httpx.post(f"{url}/bot{TOKEN}/getMe")
                    break
                except httpx.TransportError as error:
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"the foreign server does not run: {said.read_text()[-2000:]}") from error
                    time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.wait(10)

    # The people's side

    def received(self) -> list[Json]:
        """The parameters of all messages that the bot has sent, as the foreign server keeps them."""
        return self._kept()[self._earlier :]

    @property
    def name(self) -> str:
        """The bot's user name."""
        return str(self._client.post(f"/bot{TOKEN}/getMe").json()["result"]["username"])

    def text(self, text: str, *, user: int = 7, chat: int | None = None, code: str | None = "de", **more: Any) -> int:
        """A message from ``user``, in a private chat unless ``chat`` is a group (negative); returns its number."""
        return self._say(text, user, user if chat is None else chat, code, more)

    def document(self, name: str, content: bytes, *, user: int = 7, **more: Any) -> int:
        """A file from ``user``; ``more`` may hold its caption."""
        document = {"file_id": self._upload(name, content), "file_unique_id": f"u{name}", "file_name": name}
        more |= {"text": None, "document": {**document, "file_size": len(content)}}
        return self._say("-", user, user, "de", more)

    def _say(self, text: str, user: int, chat: int, code: str | None, more: Json) -> int:
        number = self._count("message")

        def whole(body: Json) -> Json:
            message = {**body, "message_id": number, "chat": _place(chat), "from": _person(body, code), **more}
            message = {key: value for key, value in message.items() if value is not None}
            self._referee.known.add(chat)
            self._referee.messages[chat, number] = message
            return {"message": message}

        self._send("message", {"text": text, "user": user, "chat": chat}, whole)
        return number

    def edit(self, number: int, text: str, *, user: int = 7) -> None:
        """The user changes the text of a message in their private chat."""

        def whole(body: Json) -> Json:
            message = self._referee.messages[user, number]
            message.update(text=body["text"], edit_date=int(time.time()))
            return {"edited_message": dict(message)}

        self._send("message", {"text": text, "user": user, "chat": user}, whole)

    def press(self, message: Json, button: str, *, user: int = 7, code: str | None = "de") -> None:
        """Presses the button with this text under a message of the bot."""
        shown = [button for row in message["reply_markup"]["inline_keyboard"] for button in row]
        data = next(one["callback_data"] for one in shown if one["text"] == button)
        place = message["chat"]["id"], message["message_id"]

        def whole(body: Json) -> Json:
            self._referee.queries.add(body["id"])
            query = {"id": body["id"], "data": body["data"], "chat_instance": "1", "from": _person(body, code)}
            return {"callback_query": {**query, "message": self._referee.messages[place]}}

        self._send("callback_query", {"data": data, "user": user, "message": message}, whole)

    def inline(self, text: str, *, user: int = 7, code: str | None = "de") -> None:
        """Types ``@bot text`` in some chat."""

        def whole(body: Json) -> Json:
            number = body["id"] if "query" in body else f"q{self._count('query')}"
            self._referee.queries.add(number)
            query = {"id": number, "query": body.get("query", body.get("text")), "offset": ""}
            return {"inline_query": {**query, "from": _person(body, code)}}

        self._send("inline_query", {"text": text, "user": user, "chat": user}, whole)

    def refused(self) -> list[Call]:
        """The calls that Telegram would refuse, but for polls: that of a killed bot ends when its successor polls."""
        return [call for call in self._log.calls if 400 <= call.code < 500 and call.method != "getUpdates"]

    def _send(self, kind: str, body: Json, whole: Whole) -> None:
        tag = f"tag{self._count('query')}"
        self._wholes[tag] = whole
        person = {"id": body["user"], "is_bot": False, "first_name": f"Person {body['user']}", "username": tag}
        self._cause(kind, {**body, "from": person})

    def _upload(self, name: str, content: bytes) -> str:
        """Makes a file known, which the bot can fetch under the id that is returned."""
        file_id = f"f{self._count('file')}"
        self._referee.files[file_id] = (len(content), content)
        return file_id

    def _post(self, path: str, body: Json, **more: Any) -> Any:
        answer = self._client.post(path, json=body, **more)
        answer.raise_for_status()
        return answer.json()

    # The bot's side

    def __enter__(self) -> Self:
        self._earlier = len(self._kept())
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._client.close()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as self._session:
            watching = asyncio.create_task(self._watch())
            yield
            watching.cancel()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=32 * 1024 * 1024)
        application.router.add_route("*", "/bot{token}/{method}", self._handle)
        application.router.add_get("/file/bot{token}/{path:.*}", self._download)
        application.router.add_post("/hook", self._hook)
        return application

    async def _hook(self, request: web.Request) -> web.Response:
        self._arrived(await request.json())
        return web.Response()

    def _arrived(self, update: Json) -> None:
        """Passes an update of the foreign server on, made whole."""
        (body,) = (value for key, value in update.items() if key != "update_id")
        number = self._count("update")
        self._updates.put(number, encoded({"update_id": number, **self._wholes.pop(body["from"]["username"])(body)}))

    async def _handle(self, request: web.Request) -> web.Response:
        # Read before it is parsed, which forms with files do not survive; those are made anew.
        raw = None if request.content_type.startswith("multipart/") else await request.read()
        call = Call(request.match_info["method"], await request_params(request))
        try:
            body, call.code = await self._answer(call, raw, request.content_type), 200
        except Refused as refused:
            call.code, call.description = refused.code, refused.description
            body = encoded({"ok": False, "error_code": refused.code, "description": refused.description})
        self._log.write(call)
        return web.Response(body=body, status=call.code, content_type="application/json")

    async def _answer(self, call: Call, raw: bytes | None, kind: str) -> bytes:
        method, params = call.method, call.params
        if method == "getUpdates":
            call.answer = await self._updates.get(params)
            return b'{"ok":true,"result":[' + b",".join(call.answer) + b"]}"
        if method == "getWebhookInfo":
            return encoded({"ok": True, "result": await self._updates.webhook_info(params)})
        if method in ("setWebhook", "deleteWebhook"):
            await (self._updates.set_webhook if method == "setWebhook" else self._updates.delete_webhook)(params)
            await self._ask(method, {"url": f"{self.url}/hook"})
            return encoded({"ok": True, "result": True})
        judge = self._referee.method(method)
        if judge is None:
            raise Refused(404, "Not Found")
        judged = await judge(params)
        if method in self.LACKS:
            call.answer = judged
        else:
            result = await self._ask(method, _form(params) if raw is None else raw, kind if raw else None)
            call.answer = self._as_people_see_it(method, result, judged)
            judged = self._mended(method, result, judged)
        return encoded({"ok": True, "result": judged})

    def _as_people_see_it(self, method: str, result: Any, judged: Any) -> Any:
        """What the referee has made of a message, under the number that the foreign server gave it."""
        if method.startswith("send") and isinstance(judged, dict):
            chat = judged["chat"]["id"]
            message = self._referee.messages.pop((chat, judged["message_id"]))
            judged["message_id"] = message["message_id"] = result["message_id"]
            self._referee.messages[chat, result["message_id"]] = message
        return judged

    async def _ask(self, method: str, data: Any, kind: str | None = None) -> Any:
        """What the foreign server says; its errors go to the bot as they are."""
        headers = {"Content-Type": kind} if kind else {}
        async with self._session.post(f"{self.foreign}/bot{TOKEN}/{method}", data=data, headers=headers) as response:
            said = json.loads(await response.read())
            if response.status != 200 or not said.get("ok"):
                raise Refused(said.get("error_code") or response.status, f"foreign server: {said}")
            return said.get("result")

    async def _download(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        if "getFile" in self.LACKS:
            _, content = self._referee.files[path.removeprefix("documents/")]
            return web.Response(body=content)
        async with self._session.get(f"{self.foreign}/file/bot{TOKEN}/{path}") as response:
            return web.Response(body=await response.read(), status=response.status)


def _place(chat: int) -> Json:
    if chat < 0:
        return {"id": chat, "type": "supergroup", "title": "Gruppe"}
    return {"id": chat, "type": "private", "first_name": f"Person {chat}"}


def _person(body: Json, code: str | None) -> Json:
    person = {key: value for key, value in body["from"].items() if key != "username"}
    return person if code is None else {**person, "language_code": code}


def _form(params: Json) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in params.items():
        if isinstance(value, bytes):
            form.add_field(name, value, filename=f"{name}.bin", content_type="application/octet-stream")
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    return form
