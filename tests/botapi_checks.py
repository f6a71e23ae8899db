"""What Telegram checks before it takes a message: its HTML, its length, its buttons."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from aiohttp import web

_TAGS = {
    *("b", "strong", "i", "em", "u", "ins", "s", "strike", "del"),
    *("span", "tg-spoiler", "a", "code", "pre", "blockquote", "tg-emoji"),
}
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\s+[\w-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?)*)\s*>")
# The only named entities that Telegram knows; others stay as they are written.
_ENTITY = re.compile(r"&(lt|gt|amp|quot|#\d+|#[xX][0-9a-fA-F]+);")


class Refused(Exception):
    """The server refuses a call."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


class HtmlError(ValueError):
    """Telegram would refuse this HTML."""


def parsed_text(source: str) -> str:
    """The text without tags and with entities replaced. Raises HtmlError for unknown, open or crossed tags."""
    text, opened, position = "", [], 0
    while position < len(source):
        if source[position] != "<":
            end = source.find("<", position)
            end = len(source) if end == -1 else end
            text += _ENTITY.sub(lambda found: html.unescape(found[0]), source[position:end])
            position = end
            continue
        tag = _TAG.match(source, position)
        if tag is None:
            raise HtmlError(f"unclosed or unreadable tag at offset {position}")
        closing, name, attributes = tag[1], tag[2].lower(), tag[3]
        if name not in _TAGS:
            raise HtmlError(f'unsupported start tag "{name}" at offset {position}')
        if name == "span" and not closing and "tg-spoiler" not in attributes:
            raise HtmlError('tag "span" must have class "tg-spoiler"')
        if not closing:
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise HtmlError(f'unexpected end tag "{name}" at offset {position}')
        position = tag.end()
    if opened:
        raise HtmlError(f'can\'t find end tag corresponding to start tag "{opened[-1]}"')
    return text


async def request_params(request: web.Request) -> dict[str, Any]:
    """Query, form and JSON parameters; values that are JSON objects or lists, as Telegram takes them, unpacked."""
    if request.content_type == "application/json":
        return {**request.query, **await request.json()}
    params: dict[str, Any] = {**request.query, **await request.post()}
    for key, value in params.items():
        if isinstance(value, str) and value[:1] in ("{", "[") and key != "text":
            params[key] = json.loads(value)
    return params


def checked_text(params: dict[str, Any]) -> str:
    text = params.get("text") or ""
    if params.get("parse_mode") == "HTML":
        try:
            text = parsed_text(text)
        except HtmlError as error:
            raise Refused(400, f"can't parse entities: {error}") from error
    if not text.strip():
        raise Refused(400, "message text is empty")
    if len(text.encode("utf-16-le")) // 2 > 4096:
        raise Refused(400, "message is too long")
    return text.strip()


def checked_inline(params: dict[str, Any]) -> None:
    results = params["results"]
    if len(results) > 50:
        raise Refused(400, "RESULTS_TOO_MUCH")
    if len({result["id"] for result in results}) < len(results):
        raise Refused(400, "RESULT_ID_DUPLICATE")
    for result in results:
        if result["type"] != "article" or not result["title"] or not 1 <= len(result["id"].encode()) <= 64:
            raise Refused(400, "RESULT_INVALID")
        content = result["input_message_content"]
        checked_text({"text": content["message_text"], "parse_mode": content.get("parse_mode")})
    button = params.get("button")
    if button and (not button["text"] or not re.fullmatch(r"[\w-]{1,64}", button["start_parameter"], re.ASCII)):
        raise Refused(400, "BUTTON_INVALID")


def checked_markup(markup: dict[str, Any]) -> dict[str, Any]:
    for row in markup.get("inline_keyboard", []):
        for button in row:
            data = button.get("callback_data")
            if not button.get("text") or (data is not None and not 1 <= len(data.encode()) <= 64):
                raise Refused(400, "BUTTON_DATA_INVALID")
    return markup
