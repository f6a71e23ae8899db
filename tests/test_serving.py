"""bot/telegram/monitoring/http_server.py, metrics.py and health.py, through the real bot."""

from __future__ import annotations

import re
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot.errors import TelegramError
from bot.telegram.application import run
from bot.telegram.monitoring import health
from bot.telegram.monitoring.health import Health
from tests.botapi import BotApi, free_port
from tests.telegram_bot import RunningBot, ScriptedAnswerer, collection, settings


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(port: int) -> dict[str, float]:
    """Name with labels -> value."""
    code, body = get(port, "/metrics")
    assert code == 200
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+) (\S+)$", body, re.MULTILINE)}


def test_metrics_count_what_becomes_of_questions(api: BotApi, tmp_path: Path) -> None:
    port = free_port()
    with RunningBot(tmp_path, api.url, metrics_listen=f"127.0.0.1:{port}"):
        for question in ("Welches Ziel wurde genannt?", "Frage 1", "Frage 2", "Absturz", "x" * 1001, "/help"):
            api.text(question)
        api.wait(lambda: len(api.sent()) == 6)
        found = figures(port)
    outcomes = {
        outcome: found[f'fundstelle_questions_total{{outcome="{outcome}"}}']
        for outcome in ("answered", "unanswered", "invalid", "refused", "failed")
    }
    assert outcomes == {"answered": 1, "unanswered": 2, "invalid": 1, "refused": 0, "failed": 1}
    assert found["fundstelle_question_seconds_count"] == 5
    assert found['fundstelle_question_seconds_bucket{le="+Inf"}'] == 5
    assert (found["fundstelle_articles"], found["fundstelle_sentences"]) == (1, 4)
    assert found["fundstelle_reader_queue"] == 0
    assert found["process_resident_memory_bytes"] > 10_000_000


def test_metrics_show_what_waits(api: BotApi, tmp_path: Path) -> None:
    port = free_port()
    with RunningBot(tmp_path, api.url, ScriptedAnswerer(1.0), metrics_listen=f"127.0.0.1:{port}"):
        for user in (7, 8, 9):
            api.text("Wer?", user=user)
        api.wait(lambda: len(api.calls("sendChatAction")) == 3)
        found = figures(port)
        assert (found["fundstelle_reader_queue"], found["fundstelle_inbox"]) == (3, 3)


def test_health_is_ok_only_while_telegram_answers(api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with RunningBot(tmp_path, api.url, metrics_listen=f"127.0.0.1:{port}"):
        api.text("Wer?")
        api.wait(lambda: api.sent())
        assert get(port, "/healthz") == (200, "ok\n")
        monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.2)
        api.fail("getUpdates", code=502, times=1000)
        api.text("Wo?")
        time.sleep(0.5)
        code, body = get(port, "/healthz")
        assert (code, body.startswith("no answer from Telegram for ")) == (503, True)
        api.heal()
        monkeypatch.setattr(health, "PATIENCE_SECONDS", 60.0)
        api.wait(lambda: len(api.sent()) == 2, 20)
        assert get(port, "/healthz")[0] == 200


def test_health_names_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    state = Health()
    assert state.problems() == ["no answer from Telegram yet"]
    state.note_answer()
    state.note_reading(2)
    assert state.problems() == []
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.0)
    time.sleep(0.01)
    assert [line.rsplit(" ", 2)[0] for line in state.problems()] == [
        *("no answer from Telegram for", "the reader has been stuck for")
    ]
    state.note_reading(0)
    assert len(state.problems()) == 1


def test_an_address_that_is_taken(api: BotApi, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TelegramError, match=rf"{address} .*FUNDSTELLE_METRICS_LISTEN"):
            run(settings(tmp_path, api.url, metrics_listen=address), collection(tmp_path))
