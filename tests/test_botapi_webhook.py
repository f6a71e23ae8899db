"""tests/botapi/updates.py: the webhook of the test server."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.botapi import BotApi
from tests.test_botapi import call


def posted(secret: str | None, *codes: int) -> list[tuple[int, int, str | None]]:
    """What a webhook that answers with these codes gets of two updates: number, code, secret."""
    got: list[tuple[int, int, str | None]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = codes[len(got)]
            got.append((body["update_id"], code, self.headers["X-Telegram-Bot-Api-Secret-Token"]))
            self.send_response(code)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, daemon=True)
        thread.start()
        with BotApi(proxy=f"http://127.0.0.1:{receiver.server_port}") as api:
            api.push({})
            more = {"secret_token": secret} if secret else {}
            assert call(api, "setWebhook", url="https://bot.example.org/x", **more) == (200, True)
            assert call(api, "getUpdates")[0] == 409
            api.push({})
            api.wait(lambda: len(api.calls("webhook", code=None)) == len(codes))
            assert call(api, "getWebhookInfo")[1]["pending_update_count"] == 0
            assert call(api, "deleteWebhook") == (200, True)
            assert call(api, "getUpdates") == (200, [])
        receiver.shutdown()
        thread.join()
    return got


def test_webhook_posts_in_order_until_taken() -> None:
    assert posted("s3cret", 500, 200, 503, 200) == [
        *((1001, 500, "s3cret"), (1001, 200, "s3cret"), (1002, 503, "s3cret"), (1002, 200, "s3cret"))
    ]
    assert posted(None, 200, 200) == [(1001, 200, None), (1002, 200, None)]


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"url": "http://bot.example.org/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://b.example.org:9/"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://b.example.org/", "secret_token": "ä"}, "secret token contains unallowed characters"),
    ],
)
def test_webhooks_that_telegram_refuses(params: dict[str, Any], description: str) -> None:
    with BotApi() as api:
        assert call(api, "setWebhook", **params) == (400, f"Bad Request: {description}")
