"""The bot as a process: killed, stopped, and what it writes to its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.botapi import TOKEN, BotApi

ROOT = Path(__file__).parent.parent
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as api:
        yield api


@pytest.fixture
def start(api: BotApi, tmp_path: Path) -> Iterator[Start]:
    """Starts a bot; its output goes to ``log`` in tmp_path. Those still running at the end are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float, token: str = TOKEN) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-m", "tests.telegram_bot", str(tmp_path / "home"), api.url, token, str(seconds)]
        with (tmp_path / "log").open("a") as log:
            environment = {**os.environ, "PYTHONASYNCIODEBUG": "0"}
            process = subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log, text=True, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def answered(api: BotApi) -> Counter[int]:
    """How often each question was answered, by message_id."""
    return Counter(message["reply_to_message"]["message_id"] for message in api.sent())


def test_no_question_is_lost_when_the_bot_is_killed(api: BotApi, start: Start) -> None:
    asked = {api.text(f"Frage {number}", user=7 + number % 5) for number in range(60)}
    for kill in range(1, 4):
        bot = start(0.03)
        api.wait(lambda enough=12 * kill: len(api.sent()) >= enough, 20)
        bot.send_signal(signal.SIGKILL)
        bot.wait(10)
        asked |= {api.text(f"Spät {kill} {number}", user=20 + number) for number in range(5)}
    start(0.0)
    api.wait(lambda: set(answered(api)) == asked, 20)
    # Only what was on its way when the bot was killed may have been answered twice.
    assert sum(answered(api).values()) - len(asked) <= 3 * 5


def test_sigterm_ends_soon_and_loses_nothing(api: BotApi, start: Start) -> None:
    asked = {api.text(f"Frage {number}") for number in range(20)}
    bot = start(0.3)
    api.wait(lambda: len(api.sent()) >= 2, 20)
    before = time.monotonic()
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(10) == 0
    assert time.monotonic() - before < 5
    assert len(api.sent()) < 20
    start(0.0)
    api.wait(lambda: set(answered(api)) == asked, 20)
    assert max(answered(api).values()) == 1


def test_the_token_is_in_no_log_line_at_debug(api: BotApi, start: Start, tmp_path: Path) -> None:
    bot = start(0.0)
    api.text("Absturz")
    api.fail("getUpdates", code=502)
    api.fail("sendMessage", drop="after")
    api.text("Wer?")
    api.wait(lambda: len(api.sent()) >= 3, 20)
    bot.send_signal(signal.SIGINT)
    assert bot.wait(10) == 0
    refused = start(0.0, token="123456789:refused_0123456789_0123456789")
    assert refused.wait(10) == 1
    log = (tmp_path / "log").read_text()
    assert "DEBUG httpcore" in log and "DEBUG telegram" in log and "RuntimeError: kaputt" in log
    assert "TelegramError: Telegram lehnt das Token ab." in log
    for secret in (TOKEN, TOKEN.split(":")[1], "refused_0123456789"):
        assert secret not in log
