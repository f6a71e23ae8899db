"""A server at FUNDSTELLE_TELEGRAM_BASE_URL that is not quite Telegram's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import TelegramError
from bot.telegram.application import run
from tests.botapi import BotApi
from tests.telegram_bot import collection, settings


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok": true, "result": {"id": 1, "first_name": "x"}}',
        b'{"ok": true, "result": {"id": 1, "is_bot": true}}',
        b'{"ok": true, "result": []}',
        b'{"ok": true}',
        b"[]",
    ],
)
def test_a_server_that_does_not_answer_as_the_bot_api_is_one_clear_line(
    api: BotApi, tmp_path: Path, body: bytes
) -> None:
    api.fail("getMe", code=200, body=body, times=100)
    with pytest.raises(TelegramError, match=r"antwortet nicht wie Telegrams Bot API .*TELEGRAM_BASE_URL") as error:
        run(settings(tmp_path, api.url), collection(tmp_path))
    assert api.token not in str(error.value)
