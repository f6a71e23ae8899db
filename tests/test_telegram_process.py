"""The bot as a process: killed, stopped, and what it writes to its log."""

from __future__ import annotations

import json
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
def start(api: BotApi, tmp_path: Path) -> Iterator[Start]:
    """Starts a bot; its output goes to ``log`` in tmp_path. Those still running at the end are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float, *more: str, token: str = TOKEN, url: str | None = None) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-m", "tests.telegram_bot", str(tmp_path / "home"), url or api.url, token]
        arguments += [str(seconds), *more]
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


KILLS = [(3, 60), pytest.param((20, 1000), marks=[pytest.mark.soak, pytest.mark.timeout(900)])]


@pytest.mark.parametrize("kills", KILLS)
def test_no_question_is_lost_when_the_bot_is_killed(api: BotApi, start: Start, kills: tuple[int, int]) -> None:
    times, questions = kills
    asked = {api.text(f"Frage {number}", user=7 + number % 5) for number in range(questions)}
    for kill in range(1, times + 1):
        bot = start(0.03)
        api.wait(lambda enough=questions * kill // (times + 2): len(api.sent()) >= enough, 60)
        bot.send_signal(signal.SIGKILL)
        bot.wait(10)
        asked |= {api.text(f"Spät {kill} {number}", user=20 + number) for number in range(5)}
    start(0.0)
    api.wait(lambda: set(answered(api)) == asked, 60)
    # Only what was on its way when the bot was killed may have been answered twice: in each chat one.
    assert sum(answered(api).values()) - len(asked) <= times * 5


def test_sigterm_ends_soon_and_loses_nothing(api: BotApi, start: Start) -> None:
    asked = {api.text(f"Frage {number}") for number in range(20)}
    bot = start(0.3)
    api.wait(lambda: len(api.sent()) >= 2, 20)
    before = time.monotonic()
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(10) == 0
    assert time.monotonic() - before < 10
    assert len(api.sent()) < 20
    start(0.0)
    api.wait(lambda: set(answered(api)) == asked, 20)
    assert max(answered(api).values()) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_token_is_in_no_log_line_at_debug(api: BotApi, start: Start, tmp_path: Path, form: str) -> None:
    bot = start(0.0, f"log_format={form}")
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
    if form == "json":
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert {line["level"] for line in lines} >= {"DEBUG", "WARNING", "ERROR"}
        assert any("RuntimeError: kaputt" in line.get("traceback", "") for line in lines)
    else:
        assert "DEBUG httpcore" in log and "DEBUG telegram" in log and "RuntimeError: kaputt" in log
    assert "TelegramError: Telegram lehnt das Token ab." in log
    for secret in (TOKEN, TOKEN.split(":")[1], "refused_0123456789"):
        assert secret not in log
