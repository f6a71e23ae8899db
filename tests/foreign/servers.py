"""The two foreign servers, and what each of them has not or does otherwise than Telegram.

**telegram-test-api** 4.2.1 (Node.js), by polling. Its ``getUpdates`` hands an update out once, never again, and at
once, without waiting. It has no edited messages, inline queries, files, groups (its answers say "private"), menus,
"typing …", photos and documents. Its dates are in milliseconds, its bot is not said to be one, button presses have no
``chat_instance``, and edits are answered with null. Into every message it writes the bot's token.

**telemelya** 0.2.2 (Python), by webhook. It does not send the webhook's secret, posts once and never again, and gives
two updates within a millisecond the same number. People have no language; there are no groups, no edited messages, no
files but photos, no documents from the bot, no menus; the message under a pressed button is empty, and a message that
asks for a reply comes back with a keyboard that no message has.

The gateway adds all that, but for one thing on purpose: where telegram-test-api has no menus and no "typing …", the bot
gets its error and has to cope.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.botapi import BOT, TOKEN, Json, free_port
from tests.foreign import packages
from tests.foreign.gateway import Gateway

_START = """
const Server = require("telegram-test-api");
new Server({host: "127.0.0.1", port: Number(process.argv[2]), storeTimeout: 3600}).start();
"""

_CONTROL, _KEY = "/api/v1/test", {"Authorization": "Bearer any"}


class TelegramTestApi(Gateway):
    """npm's telegram-test-api."""

    LACKS = frozenset({"answerInlineQuery", "getChat", "getChatMember", "getFile", "sendDocument", "sendPhoto"})

    @classmethod
    def command(cls, port: int) -> list[str]:
        node = packages.node()
        folder = packages.telegram_test_api(node)
        start = folder / "start.js"
        start.write_text(_START)
        return [node, str(start), str(port)]

    def _cause(self, kind: str, body: Json) -> None:
        about = {"botToken": TOKEN, "from": body["from"], "date": int(time.time())}
        if kind == "callback_query":
            self._post("/sendCallback", {**about, "data": body["data"], "message": body["message"]})
            return
        text, chat = body["text"], {"id": body["chat"], "type": "private"}
        message = {**about, "chat": chat, "text": text}
        if text.startswith("/"):
            entity = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
            self._post("/sendCommand", {**message, "entities": [entity]})
        else:
            self._post("/sendMessage", message)

    async def _watch(self) -> None:
        while True:
            for update in await self._ask("getUpdates", {}):
                update.get("message", {}).pop("botToken", None)
                self._arrived(update)
            await asyncio.sleep(0.02)

    def _mended(self, method: str, result: Any, judged: Any) -> Any:
        if method == "getMe":
            return {**result, "is_bot": True, "id": BOT["id"], "supports_inline_queries": True}
        return judged

    def _kept(self) -> list[Json]:
        history = self._post("/getUpdatesHistory", {"token": TOKEN})["result"]
        return [entry["message"] for entry in history if "chat_id" in entry.get("message", {})]


class Telemelya(Gateway):
    """PyPI's telemelya."""

    LACKS = frozenset({"getChat", "getChatMember", "sendDocument", "setMyCommands"})

    @classmethod
    def command(cls, port: int) -> list[str]:
        script = Path(__file__).with_name("telemelya_process.py")
        ports = [str(port), str(free_port()), str(free_port())]
        return [str(packages.telemelya()), str(script), *ports]

    def _cause(self, kind: str, body: Json) -> None:
        path, more = "send_update", {"chat_id": body.get("chat", body["user"]), "text": body.get("text")}
        if kind == "callback_query":
            message = body["message"]
            more = {
                "chat_id": message["chat"]["id"],
                "callback_data": body["data"],
                "callback_message_id": message["message_id"],
            }
        elif kind == "inline_query":
            path, more = "send_inline_query", {"query": body["text"]}
        params = {"bot_token": TOKEN}
        answer = self._post(f"{_CONTROL}/{path}", {**more, "from_user": body["from"]}, params=params, headers=_KEY)
        assert answer["delivery"]["status_code"] == 200, answer

    def _mended(self, method: str, result: Any, judged: Any) -> Any:
        if isinstance(result, dict) and "inline_keyboard" not in (result.get("reply_markup") or {}):
            result.pop("reply_markup", None)
        return result

    def _upload(self, name: str, content: bytes) -> str:
        answer = self._client.post(f"{_CONTROL}/upload_media", files={"file": ("file", content)}, headers=_KEY)
        file_id = str(answer.raise_for_status().json()["file_id"])
        self._referee.files[file_id] = (len(content), content)
        return file_id

    def _kept(self) -> list[Json]:
        answer = self._client.get(f"{_CONTROL}/responses", headers=_KEY).raise_for_status().json()
        return [entry["raw"] for entry in answer["responses"] if entry["method"] == "sendMessage"]
