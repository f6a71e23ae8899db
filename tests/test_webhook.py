"""bot/telegram/transport/webhook.py: the bot behind a webhook, in real HTTP."""

from __future__ import annotations

import json
import logging
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import TelegramError
from bot.standing import PEOPLE_FILE
from bot.telegram.application import run
from bot.telegram.transport.inbox import Inbox
from bot.telegram.transport.webhook import MAX_BODY_BYTES, SECRET_FILE, SECRET_HEADER, webhook_secret
from tests.botapi import TOKEN, BotApi, free_port
from tests.telegram_bot import RunningBot, ScriptedAnswerer, collection, settings, waiting

URL = "https://bot.example.org/telegram"
SECRET = "s3cret_s3cret_s3cret"
UPDATE = {
    "update_id": 5,
    "message": {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": "Wer?"},
}


class Hook:
    """A Bot API server that posts to the bot's own port, as a reverse proxy would, and the bot's settings."""

    def __init__(self) -> None:
        self.port = free_port()
        self.api = BotApi(proxy=f"http://127.0.0.1:{self.port}")
        self.more: dict[str, Any] = {
            "telegram_webhook_url": URL,
            "telegram_webhook_listen": f"127.0.0.1:{self.port}",
            "telegram_webhook_secret": SECRET,
        }

    def post(self, body: bytes, *, secret: str = SECRET, path: str = "/telegram", method: str = "POST") -> int:
        """What the bot answers to such a request."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body or None, {SECRET_HEADER: secret}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    with hook.api:
        yield hook


def listening(hook: Hook) -> bool:
    return bool(hook.api.calls("setWebhook"))


def test_questions_come_by_webhook_and_are_answered_in_order(hook: Hook, tmp_path: Path) -> None:
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        asked = [hook.api.text(f"Frage {number}") for number in range(5)]
        hook.api.wait(lambda: len(hook.api.sent()) == 5)
    assert [message["reply_to_message"]["message_id"] for message in hook.api.sent()] == asked
    (registered,) = hook.api.calls("setWebhook")
    assert (registered.params["url"], registered.params["secret_token"]) == (URL, SECRET)
    assert registered.params["allowed_updates"] == ["message", "edited_message", "callback_query", "inline_query"]
    assert hook.api.calls("getUpdates", code=None) == []
    assert waiting(tmp_path) == []


def test_polling_takes_the_webhook_back(hook: Hook, tmp_path: Path) -> None:
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: listening(hook))
    with RunningBot(tmp_path, hook.api.url):
        hook.api.text("Wer?")
        hook.api.wait(lambda: hook.api.sent())
    assert hook.api.calls("deleteWebhook")


def test_what_is_refused(hook: Hook, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: listening(hook))
        body = json.dumps(UPDATE).encode()
        assert hook.post(body, secret="wrong") == 401
        assert hook.post(body, secret="ä") == 401
        assert hook.post(body, secret="") == 401
        assert hook.post(b"{", secret=SECRET) == 400
        assert hook.post(b"[" * 100_000) == 400
        assert hook.post(b"x" * (MAX_BODY_BYTES + 1)) == 413
        assert hook.post(body, path="/other") == 404
        assert hook.post(b"", method="GET") == 405
        assert hook.api.sent() == []
        hook.api.text("Wer?")
        hook.api.wait(lambda: hook.api.sent())
    refused = [record for record in caplog.records if "wrong secret" in record.message]
    assert len(refused) == 1  # one a minute, however many come
    assert SECRET not in caplog.text


def test_what_is_no_update_is_put_aside_and_taken_off_telegram_s_hands(hook: Hook, tmp_path: Path) -> None:
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: listening(hook))
        for body in (b"null", b'"Wer?"', b'{"update_id": 3, "message": 5}', b'{"message": {}}'):
            assert hook.post(body) == 200
    inbox = Inbox(tmp_path / PEOPLE_FILE, bot=int(TOKEN.split(":")[0]))
    assert len(inbox.rejected()) == 4
    inbox.close()


def test_an_update_that_comes_twice_is_answered_once(hook: Hook, tmp_path: Path) -> None:
    answerer = ScriptedAnswerer()
    with RunningBot(tmp_path, hook.api.url, answerer, **hook.more):
        asked = hook.api.text("Wer?")
        hook.api.wait(lambda: hook.api.sent())
        number = hook.api.calls("webhook")[0].params["number"]
        update = {**UPDATE, "update_id": number, "message": {**UPDATE["message"], "message_id": asked}}  # type: ignore[dict-item]
        assert hook.post(json.dumps(update).encode()) == 200
        hook.api.text("Wo?")
        hook.api.wait(lambda: len(hook.api.sent()) == 2)
    assert answerer.asked == ["Wer?", "Wo?"]


def test_an_accepted_update_outlives_the_bot(hook: Hook, tmp_path: Path) -> None:
    with RunningBot(tmp_path, hook.api.url, ScriptedAnswerer(0.5), **hook.more) as bot:
        asked = {hook.api.text("Wer?", user=user) for user in range(20, 30)}
        hook.api.wait(lambda: len(hook.api.calls("webhook")) == 10)
        before = time.monotonic()
        bot.stop()
        assert time.monotonic() - before < 10
    left = len(waiting(tmp_path))
    assert left + len(hook.api.sent()) == 10 and left > 0
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: len(hook.api.sent()) == 10)
    assert {message["reply_to_message"]["message_id"] for message in hook.api.sent()} == asked


def test_a_webhook_that_another_program_took_is_set_again(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.telegram.transport.webhook.CHECK_SECONDS", 0.1)
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: hook.api.calls("getWebhookInfo"))
        urllib.request.urlopen(f"{hook.api.url}/bot{TOKEN}/deleteWebhook", timeout=10).close()
        hook.api.wait(lambda: len(hook.api.calls("setWebhook")) == 2)
        hook.api.text("Wer?")
        hook.api.wait(lambda: hook.api.sent())
    assert "Another program has changed the webhook" in caplog.text


def test_a_webhook_that_telegram_does_not_take(hook: Hook, tmp_path: Path) -> None:
    more = {**hook.more, "telegram_webhook_url": "https://bot.example.org:9443/telegram"}
    with pytest.raises(TelegramError, match=r"Telegram nimmt den Webhook nicht an \(Bad webhook: .* 8443\)"):
        run(settings(tmp_path, hook.api.url, **more), collection(tmp_path))


def test_an_address_that_is_taken(hook: Hook, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", hook.port)),
        pytest.raises(TelegramError, match=rf":{hook.port} .*FUNDSTELLE_TELEGRAM_WEBHOOK_LISTEN"),
    ):
        run(settings(tmp_path, hook.api.url, **hook.more), collection(tmp_path))


def test_network_errors_while_registering_are_waited_out(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.transport.webhook.REGISTER_AGAIN_AFTER", 0.05)
    hook.api.fail("setWebhook", code=502, times=2)
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.text("Wer?")
        hook.api.wait(lambda: hook.api.sent())


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    plain = settings(tmp_path / "home", "http://x", telegram_webhook_url=URL)
    secret = webhook_secret(plain)
    assert len(secret) == 43
    assert webhook_secret(plain) == secret
    assert stat.S_IMODE((tmp_path / "home" / SECRET_FILE).stat().st_mode) == 0o600
    (tmp_path / "home" / SECRET_FILE).write_text("")
    assert len(webhook_secret(plain)) == 43
    given = settings(tmp_path, "http://x", telegram_webhook_url=URL, telegram_webhook_secret="mine_mine_mine_mine")
    assert webhook_secret(given) == "mine_mine_mine_mine"


def test_a_secret_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TelegramError, match="telegram-webhook-secret"):
        webhook_secret(settings(tmp_path / "file", "http://x", telegram_webhook_url=URL))


def test_the_secret_is_in_no_log_line(hook: Hook, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RunningBot(tmp_path, hook.api.url, **hook.more):
        hook.api.wait(lambda: listening(hook))
    assert "setWebhook" in caplog.text
    assert SECRET not in caplog.text
