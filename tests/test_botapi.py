"""tests/botapi.py: the test server refuses what Telegram refuses, else the bot's tests would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.botapi import BOT, TOKEN, BotApi
from tests.botapi_checks import HtmlError, parsed_text

BUTTON = {"inline_keyboard": [[{"text": "x", "callback_data": "d"}]]}


@pytest.fixture(scope="module")
def api() -> Iterator[BotApi]:
    with BotApi() as api:
        api.text("Hallo")
        yield api


def call(api: BotApi, method: str, token: str = TOKEN, **params: Any) -> tuple[int, Any]:
    response = httpx.post(f"{api.url}/bot{token}/{method}", json=params, timeout=10)
    body = response.json()
    return response.status_code, body["result"] if body["ok"] else body["description"]


def test_tokens(api: BotApi) -> None:
    assert call(api, "getMe")[1]["username"] == BOT["username"]
    assert call(api, "getMe", token="12:other") == (401, "Unauthorized")
    assert call(api, "getMe", token="nonsense") == (404, "Not Found")
    assert call(api, "getMee") == (404, "Not Found")


def test_updates_come_until_a_higher_offset_is_asked_for() -> None:
    with BotApi() as api:
        first, second = api.push({}), api.push_raw(lambda number: "no update")
        assert call(api, "getUpdates") == (200, [{"update_id": first}, "no update"])
        assert call(api, "getUpdates", limit=1) == (200, [{"update_id": first}])
        assert call(api, "getUpdates", offset=second) == (200, ["no update"])
        assert call(api, "getUpdates") == (200, ["no update"])
        assert call(api, "getUpdates", offset=second + 1, timeout=0) == (200, [])


@pytest.mark.parametrize(
    ("params", "code", "description"),
    [
        ({"text": "a<b>c"}, 200, None),
        ({"text": "x" * 4096}, 200, None),
        ({"text": "<b>" + "x" * 4096 + "</b> ", "parse_mode": "HTML"}, 400, "Bad Request: message is too long"),
        ({"text": "x" * 4094 + "🙂x"}, 400, "Bad Request: message is too long"),
        ({"text": "<b>&amp;</b>" * 4096, "parse_mode": "HTML"}, 200, None),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, 400, "Bad Request: message text is empty"),
        ({"text": "x", "chat_id": 99}, 400, "Bad Request: chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 999}}, 400, "Bad Request: message to be replied not found"),
        ({"text": "x", "reply_markup": BUTTON}, 200, None),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "ä" * 33}]]}},
            *(400, "Bad Request: BUTTON_DATA_INVALID"),
        ),
    ],
)
def test_messages(api: BotApi, params: dict[str, Any], code: int, description: str | None) -> None:
    answer = call(api, "sendMessage", **{"chat_id": 7, **params})
    assert (answer[0], answer[1] if code != 200 else None) == (code, description)


@pytest.mark.parametrize(
    "source",
    ["<b>", "</b>", "<b><i></b></i>", "<br>", "<p>x</p>", "1 < 2", "<span>x</span>", "<b", "<b>x</b></b>", "<x>y</x>"],
)
def test_html_that_telegram_refuses(source: str) -> None:
    with pytest.raises(HtmlError):
        parsed_text(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<b>a<i>b</i></b> &lt;c&gt; &amp; &quot;d&quot; &#65;", 'ab <c> & "d" A'),
        ('<a href="https://x.de/?a=1&amp;b=2">Titel</a>', "Titel"),
        ('<span class="tg-spoiler">x</span> > y & z &nbsp;', "x > y & z &nbsp;"),
    ],
)
def test_html_that_telegram_takes(source: str, text: str) -> None:
    assert parsed_text(source) == text


def test_edits_and_queries(api: BotApi) -> None:
    message = call(api, "sendMessage", chat_id=7, text="x", reply_markup=BUTTON)[1]
    place = {"chat_id": 7, "message_id": message["message_id"]}
    assert call(api, "editMessageReplyMarkup", **place)[0] == 200
    assert call(api, "editMessageReplyMarkup", **place) == (400, "Bad Request: message is not modified")
    assert call(api, "editMessageText", text="y", **place)[1]["text"] == "y"
    assert call(api, "editMessageText", chat_id=7, message_id=999, text="y")[0] == 400
    query = api.press(message, BUTTON["inline_keyboard"][0][0]["text"])
    assert call(api, "answerCallbackQuery", callback_query_id=query) == (200, True)
    assert call(api, "answerCallbackQuery", callback_query_id=query)[0] == 400
