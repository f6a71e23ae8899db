"""What Telegram checks before it takes a call: text, buttons, inline results, commands, addresses."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tests.botapi.html import HtmlError, parsed_text
from tests.botapi.journal import Json

MAX_TEXT, MAX_INLINE_RESULTS, MAX_FILE_BYTES = 4096, 50, 20 * 1024 * 1024
_WEBHOOK_PORTS = {None, 443, 80, 88, 8443}


class Refused(Exception):
    """The server refuses a call."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.parameters = code, parameters
        self.description = f"Bad Request: {description}" if code == 400 else description


async def request_params(request: web.Request) -> Json:
    """Query, form and JSON parameters; values that are JSON objects or lists, as Telegram takes them, unpacked."""
    if request.content_type == "application/json":
        return {**request.query, **await request.json()}
    params: Json = {**request.query, **await request.post()}
    for key, value in params.items():
        if isinstance(value, str) and value[:1] in ("{", "[") and key != "text":
            params[key] = json.loads(value)
    return params


def checked_text(params: Json, key: str = "text", empty: str = "message text is empty") -> str:
    """The text without its markup, which is what Telegram counts: in UTF-16 units."""
    text = str(params.get(key) or "")
    mode = params.get("parse_mode")
    if mode not in (None, "", "HTML"):
        raise Refused(400, "unsupported parse_mode")
    if mode == "HTML":
        try:
            text = parsed_text(text)
        except HtmlError as error:
            raise Refused(400, f"can't parse entities: {error}") from error
    if not text.strip():
        raise Refused(400, empty)
    if len(text.encode("utf-16-le")) // 2 > MAX_TEXT:
        raise Refused(400, "message is too long")
    return text.strip()


def checked_markup(params: Json) -> Json | None:
    markup: Json | None = params.get("reply_markup")
    for row in markup.get("inline_keyboard", []) if markup else []:
        for button in row:
            data = button.get("callback_data")
            if not button.get("text"):
                raise Refused(400, "inline keyboard button text must be non-empty")
            if data is not None and not 1 <= len(data.encode()) <= 64:
                raise Refused(400, "BUTTON_DATA_INVALID")
    return markup


def checked_results(params: Json) -> list[Json]:
    """The results of an inline query."""
    results = params.get("results")
    if not isinstance(results, list):
        raise Refused(400, "can't parse inline query results JSON object")
    if len(results) > MAX_INLINE_RESULTS:
        raise Refused(400, "RESULTS_TOO_MUCH")
    names = [result.get("id") for result in results]
    if any(not isinstance(name, str) or not 1 <= len(name.encode()) <= 64 for name in names):
        raise Refused(400, "RESULT_ID_INVALID")
    if len(set(names)) < len(names):
        raise Refused(400, "RESULT_ID_DUPLICATE")
    for result in results:
        if result.get("type") == "article":
            if not result.get("title"):
                raise Refused(400, "ARTICLE_TITLE_EMPTY")
            content = result.get("input_message_content")
            if not isinstance(content, dict):
                raise Refused(400, 'can\'t parse inline query result: Field "input_message_content" must be specified')
            checked_text(content, "message_text", "MESSAGE_EMPTY")
        checked_markup(result)
    return results


def checked_commands(params: Json) -> None:
    for command in params["commands"]:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
            raise Refused(400, "BOT_COMMAND_INVALID")


def checked_webhook(params: Json) -> None:
    url, secret = urlsplit(str(params["url"])), params.get("secret_token")
    if url.scheme != "https":
        raise Refused(400, "bad webhook: An HTTPS URL must be provided for webhook")
    if url.port not in _WEBHOOK_PORTS:
        raise Refused(400, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise Refused(400, "secret token contains unallowed characters")
