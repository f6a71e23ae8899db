"""tests/botapi: the test server refuses what Telegram refuses, else the bot's tests would prove nothing."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.botapi import BOT, TOKEN, BotApi, Pace
from tests.botapi.html import HtmlError, parsed_text

BUTTON = {"inline_keyboard": [[{"text": "x", "callback_data": "d"}]]}
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture(scope="module")
def api() -> Iterator[BotApi]:
    with BotApi() as api:
        api.text("Hallo")
        yield api


def call(api: BotApi, method: str, token: str = TOKEN, **params: Any) -> tuple[int, Any]:
    """Status code, and the result or the description of the error. (httpx would log the token.)"""
    body, headers = json.dumps(params).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{api.url}/bot{token}/{method}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)["result"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["description"]


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
        ({"text": "x", "parse_mode": "Markdown9"}, 400, "Bad Request: unsupported parse_mode"),
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
    ("source", "refusal"),
    [
        ("<b>", 'Can\'t find end tag corresponding to start tag "b"'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("ä<b><i></b></i>", 'Unmatched end tag at byte offset 8, expected "</i>", found "</b>"'),
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b>x</b></b>", "Unexpected end tag at byte offset 8"),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=http://x>x</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>x</a>', "Unclosed start tag at byte offset 0"),
        ("&#xD800;", "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "),
    ],
)
def test_html_that_telegram_refuses(api: BotApi, source: str, refusal: str) -> None:
    with pytest.raises(HtmlError, match=f"^{re.escape(refusal)}"):
        parsed_text(source)
    code, description = call(api, "sendMessage", chat_id=7, text=source, parse_mode="HTML")
    assert (code, description.startswith(f"Bad Request: can't parse entities: {refusal}")) == (400, True)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<b>a<i>b</i></b> &lt;c&gt; &amp; &quot;d&quot; &#65;", 'ab <c> & "d" A'),
        ('<a href="https://x.de/?a=1&amp;b=2">Titel</a>', "Titel"),
        ('<span class="tg-spoiler">x</span> > y & z &nbsp;', "x > y & z &nbsp;"),
        ("<blockquote expandable>a</blockquote> &lt &#x41 &#0;", "a < A &#0;"),
        ("<CODE class='language-py'>x</>", "x"),
    ],
)
def test_html_that_telegram_takes(source: str, text: str) -> None:
    assert parsed_text(source) == text


def test_edits_and_queries(api: BotApi) -> None:
    message = call(api, "sendMessage", chat_id=7, text="x", reply_markup=BUTTON)[1]
    place = {"chat_id": 7, "message_id": message["message_id"]}
    assert call(api, "editMessageReplyMarkup", **place)[0] == 200
    code, description = call(api, "editMessageReplyMarkup", **place)
    assert (code, description.startswith("Bad Request: message is not modified: specified new")) == (400, True)
    assert call(api, "editMessageText", text="y", **place)[1]["text"] == "y"
    assert call(api, "editMessageText", chat_id=7, message_id=999, text="y")[0] == 400
    query = api.press(message, BUTTON["inline_keyboard"][0][0]["text"])
    assert call(api, "answerCallbackQuery", callback_query_id=query) == (200, True)
    assert call(api, "answerCallbackQuery", callback_query_id=query) == (400, TOO_OLD)


def test_inline_results(api: BotApi) -> None:
    def article(number: int, text: str = "x", **more: Any) -> dict[str, Any]:
        content = {"message_text": text, "parse_mode": "HTML"}
        return {"type": "article", "id": str(number), "title": "x", "input_message_content": content, **more}

    def answer(*results: dict[str, Any], query: str | None = None) -> tuple[int, Any]:
        return call(api, "answerInlineQuery", inline_query_id=query or api.inline("Wer?"), results=results)

    assert answer(*(article(number) for number in range(50))) == (200, True)
    assert answer(*(article(number) for number in range(51))) == (400, "Bad Request: RESULTS_TOO_MUCH")
    assert answer(article(1), article(1)) == (400, "Bad Request: RESULT_ID_DUPLICATE")
    assert answer(article(1, title="")) == (400, "Bad Request: ARTICLE_TITLE_EMPTY")
    assert answer(article(1, "")) == (400, "Bad Request: MESSAGE_EMPTY")
    assert "can't parse entities" in answer(article(1, "<b>"))[1]
    assert answer(article(1, reply_markup=BUTTON)) == (200, True)
    forgotten = api.inline("Wer?")
    api.forget(forgotten)
    assert answer(article(1), query=forgotten) == (400, TOO_OLD)


def test_topics(api: BotApi) -> None:
    api.text("Hallo", chat=-5, thread=3)
    code, message = call(api, "sendMessage", chat_id=-5, text="x", message_thread_id=3)
    assert (code, message["message_thread_id"], message["is_topic_message"]) == (200, 3, True)
    assert call(api, "sendMessage", chat_id=-5, text="x", message_thread_id=4) == (
        *(400, "Bad Request: message thread not found"),
    )


def test_a_deleted_message_cannot_be_replied_to(api: BotApi) -> None:
    asked = api.text("Wer?")
    api.delete(7, asked)
    reply = {"message_id": asked}
    assert call(api, "sendMessage", chat_id=7, text="x", reply_parameters=reply)[0] == 400
    reply["allow_sending_without_reply"] = True
    assert call(api, "sendMessage", chat_id=7, text="x", reply_parameters=reply)[0] == 200


def test_files(api: BotApi) -> None:
    small, big = api.file(b"Artikel"), api.file(b"", size=20 * 1024 * 1024 + 1)
    path = call(api, "getFile", file_id=small["file_id"])[1]["file_path"]
    with urllib.request.urlopen(f"{api.url}/file/bot{TOKEN}/{path}", timeout=10) as response:
        assert response.read() == b"Artikel"
    assert call(api, "getFile", file_id=big["file_id"]) == (400, "Bad Request: file is too big")
    assert call(api, "getFile", file_id="other")[0] == 400


def test_bytes_go_out_as_they_are() -> None:
    with BotApi() as api:
        api.push_raw(lambda number: b'{"update_id": %d, "odd": "\xff"}' % number)
        with urllib.request.urlopen(f"{api.url}/bot{TOKEN}/getUpdates", timeout=10) as response:
            assert response.read() == b'{"ok":true,"result":[{"update_id": 1001, "odd": "\xff"}]}'


def test_faults(api: BotApi) -> None:
    api.fail("getMe", code=502, times=2)
    assert [call(api, "getMe")[0] for _ in range(3)] == [502, 502, 200]
    for drop, sent in (("before", 0), ("after", 1)):
        before = len(api.sent(7))
        api.fail("sendMessage", drop=drop)
        with pytest.raises((OSError, http.client.HTTPException)):
            call(api, "sendMessage", chat_id=7, text="x")
        assert len(api.sent(7)) - before == sent
    api.fail("getMe", delay=0.2, code=200)
    before_call = time.monotonic()
    assert (call(api, "getMe")[0], time.monotonic() - before_call >= 0.2) == (200, True)
    api.fail("getMe", seconds=0.2, times=100)
    assert call(api, "getMe")[0] == 500
    time.sleep(0.2)
    assert call(api, "getMe")[0] == 200


def test_too_many_messages() -> None:
    with BotApi(pace=Pace(chat=(0.1, 3))) as api:
        api.text("Hallo", user=7)
        api.text("Hallo", user=8)
        codes = [call(api, "sendMessage", chat_id=7, text="x")[0] for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        assert re.fullmatch(r"Too Many Requests: retry after \d+", api.calls("sendMessage", code=429)[0].description)
        assert call(api, "sendMessage", chat_id=8, text="x")[0] == 200


def test_limits() -> None:
    pace = Pace()
    assert [pace.retry_after(7, 100.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert pace.retry_after(7, 101.0) == 0
    assert [pace.retry_after(-7, 200.0) for _ in range(21)] == [0] * 20 + [3]
    assert [pace.retry_after(-7, 202.5), pace.retry_after(-7, 203.5)] == [1, 0]
    assert [pace.retry_after(chat, 300.0) for chat in range(10, 41)] == [0] * 30 + [1]
